"""Yahoo's chain as yfinance writes it, calls, puts or both: contractSymbol, openInterest, ...

Without a bid its implied volatility is 1e-5, a placeholder; the day is that of the last trade.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ...errors import InputError
from ..quotes import ChainFile, Quote
from ..vendor import read_vendor_table, vendor_date, with_numbers
from .occ import contract

WORDS = {
    "contract": ("contractsymbol",),
    "traded": ("lasttradedate",),
    "open_interest": ("openinterest",),
    "vol": ("impliedvolatility",),
    "bid": ("bid",),
    "ask": ("ask",),
}
NUMBERS = ("open_interest", "vol", "bid", "ask")


def is_yahoo(head: str) -> bool:
    """Whether a file's first lines are yfinance's."""
    return "contractsymbol" in head.lower()


def read_yahoo(path: Path, symbol: str, as_of: date) -> ChainFile:
    """The chain; `as_of` where nothing in it was traded. Raises InputError."""
    table = read_vendor_table(path, WORDS, ("contract", "open_interest"))
    quotes, days, adjusted = [], [], 0
    for row in table.rows:
        option = contract(row.text("contract"))
        if option is None:
            raise row.error("contractSymbol", f"{row.text('contract')} is not an option's symbol")
        if (day := vendor_date(row.text("traded"))) is not None:
            days.append(day)
        adjusted += option.adjusted
        if option.adjusted:
            continue
        plain = with_numbers(row, NUMBERS)
        numbers = [plain.not_negative(field, "give a number") for field in NUMBERS]
        quotes.append(Quote(option.expiry, option.strike, option.kind, *numbers))
    if not quotes:
        raise InputError(f"{path}: no options under the header; download it again")
    notes = [f"{path}: {adjusted} adjusted options are left out"] if adjusted else []
    if not any(q.open_interest for q in quotes):
        notes.append(f"{path}: no open interest, as before the open; download it after the close")
    return ChainFile(symbol, f"{path.name} (Yahoo)", max(days, default=as_of), None,
                     tuple(quotes), tuple(notes))  # fmt: skip

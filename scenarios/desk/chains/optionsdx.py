"""OptionsDX's end-of-day chains: a line a strike and day, columns in brackets, no open interest."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ...errors import InputError
from ..quotes import ChainFile, Quote
from ..vendor import read_vendor_table, vendor_date, with_numbers

WORDS = {
    name: (name,)
    for name in (
        "quote_date", "underlying_last", "expire_date", "strike",
        "c_iv", "c_bid", "c_ask", "p_iv", "p_bid", "p_ask",
    )
}  # fmt: skip
NUMBERS = ("underlying_last", "strike", "c_iv", "c_bid", "c_ask", "p_iv", "p_bid", "p_ask")


def is_optionsdx(head: str) -> bool:
    """Whether a file's first lines are OptionsDX's."""
    return "[QUOTE_UNIXTIME]" in head or "[UNDERLYING_LAST]" in head


def read_optionsdx(path: Path, symbol: str, as_of: date) -> ChainFile:
    """The chain of the last day up to `as_of`; a file holds a month of them. Raises InputError."""
    table = read_vendor_table(path, WORDS, tuple(WORDS))
    days = {text: vendor_date(text) for text in {row.text("quote_date") for row in table.rows}}
    last = max((d for d in days.values() if d is not None and d <= as_of), default=None)
    if last is None:
        raise InputError(f"{path}: no quotes up to {as_of}; give the file of that month")
    quotes, spot = [], None
    for row in table.rows:
        if days[row.text("quote_date")] != last:
            continue
        plain = with_numbers(row, NUMBERS)
        expiry = vendor_date(row.text("expire_date"))
        if expiry is None:
            raise row.error("EXPIRE_DATE", f"{row.text('expire_date')} is not a date")
        spot = plain.positive("underlying_last", "give the price of the name")
        strike = plain.positive("strike", "give the strike")
        for side, kind in (("c", "call"), ("p", "put")):
            vol, bid, ask = (
                plain.number_or_none(f"{side}_{name}", "give a number")
                for name in ("iv", "bid", "ask")
            )
            quotes.append(Quote(expiry, strike, kind, None, vol, bid, ask))
    note = f"{path}: OptionsDX has no open interest; only the volatility at the money is taken"
    return ChainFile(symbol, f"{path.name} (OptionsDX)", last, spot, tuple(quotes), (note,))

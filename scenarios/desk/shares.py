"""A vendor's CSV of floats, shares outstanding and, where it has it, short interest.

The date is a column's, or stands in the name of the file: floats_2021-01-15.csv.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ..calendar import trading_days
from ..errors import InputError
from .figures import Figure
from .finra import LATE
from .vendor import canonical, file_date, read_vendor_table, vendor_date, with_numbers

WORDS = {
    "symbol": ("symbol", "ticker"),
    "float_shares": (
        "float_shares", "public_float", "float shares", "shares float", "floatshares", "float",
    ),
    "shares_outstanding": (
        "shares_outstanding", "shares outstanding", "sharesoutstanding", "outstanding shares",
    ),
    "short_interest": ("shares_sold_short", "short_interest", "short interest", "shares short"),
    "date": ("as_of", "date", "settlement_date", "settlement date"),
}  # fmt: skip
COUNTS = ("float_shares", "shares_outstanding", "short_interest")
FEWEST = 10_000
"""Shares; a smaller count is one in thousands or millions."""


def read_shares(path: str | Path, names: frozenset[str]) -> list[Figure]:
    """Counts of shares of some names. Raises InputError, where no date says of which day too."""
    table = read_vendor_table(path, WORDS, ("symbol",))
    if not table.fields & set(COUNTS):
        raise InputError(
            f"{path}: no column of floats or shares outstanding; name one float_shares"
        )
    stem, found = file_date(path), []
    for row in table.rows:
        symbol = canonical(row.text("symbol"))
        if symbol not in names:
            continue
        day = vendor_date(row.text("date")) or stem
        if day is None:
            raise InputError(
                f"{path}: no date in a column as_of or in its name; call it "
                f"{Path(path).stem}_2021-01-15.csv by the day of its figures"
            )
        plain = with_numbers(row, COUNTS)
        for field in COUNTS:
            value = plain.not_negative(field, "give shares")
            if not value:
                continue
            if value < FEWEST and field != "short_interest":
                raise row.error(field, f"{value:g} shares of {symbol}; give shares, not millions")
            out = _published(day) if field == "short_interest" else day
            found.append(Figure(symbol, field, value, Path(path).name, day, out))
    return found


def _published(settled: date) -> date:
    return trading_days(settled, LATE)[-1]

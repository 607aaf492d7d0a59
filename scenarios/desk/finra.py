"""FINRA's equity short interest: pipe-separated, twice a month, published seven sessions late."""

from __future__ import annotations

from pathlib import Path

from ..calendar import trading_days
from .figures import Figure
from .vendor import canonical, read_vendor_table, separator_of, vendor_date, with_numbers

WORDS = {
    "symbol": ("symbolcode", "symbol"),
    "short_interest": ("currentshortpositionquantity", "current short interest"),
    "settlement": ("settlementdate", "settlement date"),
}
LATE = 7
"""Sessions from settlement to publication (FINRA Rule 4560 and its calendar of due dates)."""


def read_finra(path: str | Path, names: frozenset[str]) -> list[Figure]:
    """Short interest of some names, each with its settlement date. Raises InputError."""
    table = read_vendor_table(path, WORDS, tuple(WORDS), separator_of(path))
    found = []
    published = {}
    for row in table.rows:
        symbol = canonical(row.text("symbol"))
        if symbol not in names:
            continue
        day = vendor_date(row.text("settlement"))
        if day is None:
            raise row.error("settlementDate", f"{row.text('settlement')} is not a date")
        if day not in published:
            published[day] = trading_days(day, LATE)[-1]
        plain = with_numbers(row, ("short_interest",))
        shares = plain.not_negative("short_interest", "give shares sold short")
        if shares is not None:
            found.append(Figure(symbol, "short_interest", shares, "FINRA", day, published[day]))
    return found

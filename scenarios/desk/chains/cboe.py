"""Cboe's quote table: a line a strike, calls on the left of it and puts on the right.

    S&P 500 INDEX,Last: 3093.08,Change: 7.9
    "Date: November 8, 2019 at 4:15 PM EST",Bid: 3092,...
    Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,...

The columns of calls and puts have the same names, so they are told by where they stand. Symbols say
strike, expiry and type again, and are what counts.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from ...errors import InputError
from ...table import Row, lines, split
from ...textfile import read_text
from ..quotes import ChainFile, Quote
from ..vendor import MAX_BYTES, MAX_LINE, plain_number, separator_of, vendor_date
from .occ import contract

FIELDS = {
    "bid": ("bid",),
    "ask": ("ask",),
    "vol": ("iv",),
    "open_interest": ("open interest", "open int"),
}
_LAST = re.compile(r"Last:\s*([\d.,]+)")
_DATE = re.compile(r"([A-Z][a-z]+ \d{1,2},? \d{4})")


def is_cboe(head: str) -> bool:
    """Whether a file's first lines are a quote table's."""
    return "Expiration Date" in head and "Calls" in head and "Puts" in head


def read_cboe(path: Path, symbol: str, as_of: date) -> ChainFile:
    """The chain of a quote table; `as_of` where it does not say its day. Raises InputError."""
    separator, header, above = separator_of(path), list[str](), ""
    day, spot, quotes, adjusted, broken = as_of, None, list[Quote](), 0, list[int]()
    for number, line in lines(read_text(path, MAX_BYTES)):
        if not header:
            if not is_cboe(line):
                above += line + "\n"
                continue
            header = [c.lower() for c in split(line, str(path), MAX_LINE, separator)]
            day, spot = _head(above, as_of)
            continue
        cells = split(line, f"{path}: row {number}", MAX_LINE, separator)
        if len(cells) != len(header):
            broken.append(number)
            continue
        middle = header.index("puts")
        for side, start in (("calls", 0), ("puts", middle)):
            option = contract(cells[header.index(side)])
            if option is None:
                problem = f"{cells[header.index(side)]} is not an option's symbol"
                raise InputError(f"{path}: row {number}: {side}: {problem}; download it again")
            adjusted += option.adjusted
            if not option.adjusted:
                row = Row(str(path), number, _cells(header, cells, start))
                quotes.append(_quote(row, option.expiry, option.strike, option.kind))
    if not quotes:
        raise InputError(f"{path}: no options under the header; download it again")
    notes = [f"{path}: {adjusted} adjusted options are left out"] if adjusted else []
    if broken:
        rows = f"{len(broken)} rows with other than {len(header)} cells are left out"
        notes.append(f"{path}: {rows}, the first is row {broken[0]}")
    return ChainFile(symbol, f"{path.name} (Cboe)", day, spot, tuple(quotes), tuple(notes))


def _head(above: str, as_of: date) -> tuple[date, float | None]:
    """Day and price of the lines above the header."""
    last, day = _LAST.search(above), _DATE.search(above)
    found = vendor_date(day[1]) if day else None
    return found or as_of, float(last[1].rstrip(".,").replace(",", "")) if last else None


def _cells(header: list[str], cells: list[str], start: int) -> dict[str, str]:
    """Numbers of one side of the table."""
    found = {}
    for field, names in FIELDS.items():
        place = next(k for k in range(start, len(header)) if header[k] in names)
        found[field] = plain_number(cells[place])
    return found


def _quote(row: Row, expiry: date, strike: float, kind: str) -> Quote:
    def number(field: str) -> float | None:
        return row.number_or_none(field, "give a number")

    return Quote(
        expiry, strike, kind, number("open_interest"), number("vol"), number("bid"), number("ask")
    )

"""Daily price files as they are downloaded: one reader for whoever needs prices.

    # calendar: XNYS
    date,open,high,low,close,adj close,volume

The shapes of Yahoo (and of yfinance), Alpha Vantage, Nasdaq and Stooq are known by their header. A
file may be newest first. Where a column says that a name was split, `Bar.split` has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from .errors import InputError, did_you_mean, shown
from .table import MAX_BYTES, Row, Table, parse_table
from .textfile import read_text

COLUMNS = ("date", "open", "high", "low", "close", "adj close", "volume")
SPLIT, DIVIDEND = "stock splits", "dividends"
COMMENTS = ("calendar", "splits", "sessions", "currency")

# What a column of a vendor is called here; those that are not used map to themselves.
ALIASES = {
    "timestamp": "date",
    "price": "date",  # yfinance, over the column of dates
    "adj_close": "adj close",
    "adjclose": "adj close",
    "adjusted_close": "adj close",
    "adjusted close": "adj close",
    "close/last": "close",
    "dividend_amount": DIVIDEND,
    "split_coefficient": SPLIT,
    **{f"<{name}>": name for name in ("date", "open", "high", "low", "close", "ticker")},
    "<vol>": "volume",
}
UNUSED = ("capital gains", "<per>", "<time>", "<openint>", "<ticker>", "ticker")
KNOWN = (*COLUMNS, SPLIT, DIVIDEND, *ALIASES, *UNUSED)
EMPTY = ("", "null")
_AMERICAN = re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_TIMED = re.compile(r"(\d{4}-\d\d-\d\d)[ T].*", re.ASCII)


@dataclass(frozen=True)
class Bar:
    """One day of one name. `split`: shares after per share before, where a column says that the
    name was split at the open of the day. Units: prices in the file's currency, volume in shares.
    """

    open: float | None
    close: float
    volume: float | None
    high: float | None
    adjusted: float | None = None
    split: float | None = None

    @property
    def money(self) -> float | None:
        """What was traded, None where the volume is not known."""
        return None if self.volume is None else self.volume * self.close


@dataclass(frozen=True)
class PriceFile:
    """Rows of a price file with their dates, oldest first, cells under the names of COLUMNS.

    `restated`: closes before a split of its column are in shares of after it already.
    """

    file: str
    shape: str
    comments: dict[str, str]
    rows: tuple[tuple[Row, date], ...]
    restated: bool

    @property
    def splits_checked(self) -> bool:
        """Whether a comment line says that every jump is real. Raises InputError."""
        return said(self.file, self.comments, "splits", "none")


def read_price_file(path: str | Path, column: str = "close") -> PriceFile:
    """The rows of a price file. Raises InputError: no dates, no such `column`, rows in no order.

    Nothing of a row but its date is read here: what lies outside a period may be wrong.
    """
    text = read_text(Path(path), MAX_BYTES)
    table = parse_table(str(path), text, KNOWN, ())
    _check_comments(table)
    names = {name: ALIASES.get(name, name) for name in table.columns}
    for wanted in ("date", column):
        if wanted not in names.values():
            raise InputError(
                f"{table.file}: row 1: column {wanted} is missing; add it to the header"
            )
    shape = _shape(table.columns)
    rows = [_renamed(row, names, shape) for row in table.rows]
    if table.columns[0] == "price":  # yfinance writes two more lines of its header
        rows = [row for row in rows if row.text("date").lower() not in ("ticker", "date")]
    dated = _in_order(replace(table, rows=tuple(rows)))
    return PriceFile(
        table.file, shape, dict(table.comments), tuple(dated), "stock splits" in table.columns
    )


def _check_comments(table: Table) -> None:
    for key in table.comments:
        if key not in COMMENTS and did_you_mean(key, COMMENTS):
            raise InputError(
                f"{table.file}: {shown(key)} is not known{did_you_mean(key, COMMENTS)}"
            )


def _shape(columns: Sequence[str]) -> str:
    """Whose file it is, as a source names it."""
    first = set(columns)
    if "timestamp" in first:
        return "Alpha Vantage"
    if "close/last" in first:
        return "Nasdaq"
    if "<close>" in first:
        return "Stooq"
    return "Yahoo" if first & {"adj close", SPLIT, "price"} else "prices"


def _renamed(row: Row, names: dict[str, str], shape: str) -> Row:
    """The row with our names of columns and without what vendors put around numbers and dates."""
    cells: dict[str, str] = {}
    for name, text in row.cells.items():
        cell = "" if text.lower() in EMPTY else text
        if shape == "Nasdaq" and names[name] != "date":
            cell = cell.replace("$", "").replace(",", "")
        cells.setdefault(names[name], cell)
    cells["date"] = _iso(cells["date"], shape)
    return replace(row, cells=cells)


def _iso(text: str, shape: str) -> str:
    """A date of a vendor as 2021-01-15; what is none stays for the error."""
    if match := _TIMED.fullmatch(text):
        return match[1]
    if match := _COMPACT.fullmatch(text):
        return "-".join(match.groups())
    if shape == "Nasdaq" and (match := _AMERICAN.fullmatch(text)):
        return f"{match[3]}-{match[1]}-{match[2]}"
    return text


def _in_order(table: Table) -> list[tuple[Row, date]]:
    """Rows with their dates, oldest first. Raises InputError where they are in no order."""
    days = [row.iso_date("date") for row in table.rows]
    newest_first = len(days) > 1 and all(a > b for a, b in pairwise(days))
    rows = table.rows[::-1] if newest_first else table.rows
    return list(dated(replace(table, rows=rows)))


def dated(table: Table) -> Iterator[tuple[Row, date]]:
    """Rows with their dates, which ascend. Raises InputError."""
    before: date | None = None
    for row in table.rows:
        day = row.iso_date("date")
        if before is not None and day == before:
            raise row.error("date", f"{day} is there twice; keep one row")
        if before is not None and day < before:
            raise row.error("date", f"{day} comes after {before}; sort the rows, oldest first")
        before = day
        yield row, day


def said(file: str, comments: dict[str, str], comment: str, word: str) -> bool:
    """Whether a comment line says the one word that it can. Raises InputError."""
    text = comments.get(comment, "")
    if text not in ("", word):
        raise InputError(
            f"{file}: {comment}: {shown(text)} is not known; write `# {comment}: {word}`"
        )
    return bool(text)


def read_bar(row: Row, day: date) -> Bar:
    """The bar of a row. Raises InputError: no price, no trading, a close outside high and low."""
    hint = f"give the price of {day}, in money and not in logs"
    opened = row.positive("open", hint) if row.text("open") else None
    volume = row.not_negative("volume", "give shares traded")
    if volume == 0:
        raise row.error(
            "volume",
            f"is 0 on {day}, so its close is no price of that day; choose a period in which the "
            "name trades, or leave the column out",
        )
    close = row.positive("close", hint)
    for column, wrong in (("high", close.__gt__), ("low", close.__lt__)):
        if row.text(column) and wrong(row.positive(column, hint)):
            side = "above the high" if column == "high" else "below the low"
            raise row.error(
                "close", f"{close:g} is {side} of {day}, {row.text(column)}; correct one of them"
            )
    high = row.positive("high", hint) if row.text("high") else None
    adjusted = row.positive("adj close", hint) if row.text("adj close") else None
    return Bar(opened, close, volume, high, adjusted, _split(row))


def _split(row: Row) -> float | None:
    """Shares after per share before; vendors write 0 or 1 on a day without a split."""
    ratio = row.not_negative(SPLIT, "give shares after per share before, 4 for 4-for-1")
    return ratio if ratio not in (None, 0.0, 1.0) else None

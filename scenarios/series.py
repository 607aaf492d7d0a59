"""Daily series that a person brings: prices of an episode, and what else was seen of it.

    # calendar: XNYS
    # splits: none
    # sessions: some
    date,open,high,low,close,adj close,volume

The comment lines may be left out. `calendar` is the exchange whose sessions the file should have
(a code of exchange_calendars), `splits: none` says that every jump is real, `sessions: some`
that only a few closes are known, the file's: splits cannot be told then. Only date and close must
be there. Prices are as they were traded: an adjusted close has later dividends and splits in it,
which nobody could trade on, so that column is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from .calendar import EXCHANGE, day_numbers, sessions
from .errors import InputError, shown
from .table import Row, Table, read_table

COLUMNS = ("date", "open", "high", "low", "close", "adj close", "volume")
FEWEST = 5
"""Closes that an episode has at least, the first one included."""
FEWEST_KNOWN = 2
"""The same of an episode that is not over: what a day's move says."""

# A split shows as a gap from close to open (to close, where no open is given) next to one of these
# ratios, out of nothing (in multiples of the usual daily move), on the usual money. Squeezes gap as
# far, but AMC opened 4.1 times higher on 27 January 2021 on many times the usual money, and
# GameStop twice as high on the 29th after a week of such moves.
SPLITS = (2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100)
SPLIT_TOLERANCE = 0.05
SPLIT_MONEY = 2.5
SPLIT_MOVES = 5
USUAL_DAYS = 6

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prices:
    """Closes of sessions in the currency of the file; `volume` in shares or None, `high` or None.

    Of consecutive sessions, unless `some` says that only these are known. Shape: close, volume,
    high (closes,).
    """

    dates: tuple[date, ...]
    close: Array
    volume: Array | None
    file: str
    calendar: str = EXCHANGE
    some: bool = False
    high: Array | None = None

    @property
    def days(self) -> tuple[int, ...]:
        """Day numbers of the closes from the second on: sessions since the first."""
        return day_numbers(self.dates, self.calendar)

    @property
    def log_closes(self) -> Array:
        """ln P/P(0) from the second close on, shape (closes - 1,)."""
        return np.asarray(np.log(self.close[1:] / self.close[0]))

    def until(self, last: date) -> Prices:
        """What was known at the close of `last`. Raises InputError if that is too little."""
        count = sum(day <= last for day in self.dates)
        if count < FEWEST_KNOWN:
            raise InputError(
                f"`as_of` {last}: {count} close{'s' * (count != 1)} from {self.dates[0]} on; a fit "
                f"takes {FEWEST_KNOWN} or more"
            )
        volume, high = (None if x is None else x[:count] for x in (self.volume, self.high))
        return replace(
            self, dates=self.dates[:count], close=self.close[:count], volume=volume, high=high
        )


@dataclass(frozen=True)
class Points:
    """What was seen of something on some days, in the unit of its column; dates ascend."""

    dates: tuple[date, ...]
    values: Array
    file: str

    def until(self, last: date) -> Points:
        """Those up to a date; there may be none left."""
        count = sum(day <= last for day in self.dates)
        return Points(self.dates[:count], self.values[:count], self.file)


def load_prices(path: str | Path, first: date | None = None, last: date | None = None) -> Prices:
    """The closes from `first` to `last` (default: all), both included and both in the file.

    Raises InputError, one line: a session missing or there twice, rows in the wrong order, a day
    without trading, what looks like a split, no price, one price.
    """
    table = read_table(Path(path), COLUMNS, ("date", "close"))
    rows = list(_dated(table))
    exchange = table.comments.get("calendar", EXCHANGE).upper()
    splits, some = _said(table, "splits", "none"), _said(table, "sessions", "some")
    chosen = _between(rows, first, last, table.file)
    bars = [_bar(row, day) for row, day in chosen]
    _complete(chosen, exchange, some, table.file)
    dates = tuple(day for _, day in chosen)
    if len(bars) < FEWEST:
        raise InputError(
            f"{table.file}: {len(bars)} close{'s' * (len(bars) != 1)} from {dates[0]} to "
            f"{dates[-1]}; an episode has at least {FEWEST}"
        )
    if not (splits or some):
        for k in range(1, len(bars)):
            _refuse_split(chosen[k][0], bars[max(k - USUAL_DAYS, 0) : k], bars[k])
    close = np.array([bar.close for bar in bars])
    if (close == close[0]).all():
        raise InputError(f"{table.file}: every close is {close[0]:g}; was the name trading?")
    volume = np.array([bar.volume or 0.0 for bar in bars]) if bars[0].volume else None
    highs = [bar.high for bar in bars if bar.high is not None]
    high = np.array(highs) if len(highs) == len(bars) else None
    return Prices(dates, close, volume, table.file, exchange, some, high)


def load_points(
    path: str | Path, column: str, unit: str, first: date = date.min, last: date = date.max
) -> Points:
    """A file with the columns `date` and `column`, on any days in ascending order.

    Of the rows from `first` to `last`, both included; there may be none. Volume may stand in a file
    of prices. Values are above 0; `unit` says in the error of which. Raises InputError.
    """
    columns = COLUMNS if column in COLUMNS else ("date", column)
    table = read_table(Path(path), columns, ("date", column))
    rows = list(_dated(table))
    if not rows:
        raise InputError(f"{table.file}: no rows under the header; add one per day")
    chosen = [(row, day) for row, day in rows if first <= day <= last]
    values = [row.positive(column, f"give {unit}") for row, _ in chosen]
    return Points(tuple(day for _, day in chosen), np.array(values), table.file)


def _said(table: Table, comment: str, word: str) -> bool:
    """Whether a comment line says the one word that it can. Raises InputError."""
    text = table.comments.get(comment, "")
    if text not in ("", word):
        raise InputError(
            f"{table.file}: {comment}: {shown(text)} is not known; write `# {comment}: {word}`"
        )
    return bool(text)


@dataclass(frozen=True)
class _Bar:
    open: float | None
    close: float
    volume: float | None
    high: float | None

    @property
    def money(self) -> float | None:
        return None if self.volume is None else self.volume * self.close


def _dated(table: Table) -> Iterator[tuple[Row, date]]:
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


def _between(
    rows: Sequence[tuple[Row, date]], first: date | None, last: date | None, file: str
) -> list[tuple[Row, date]]:
    if not rows:
        raise InputError(f"{file}: no rows under the header; add one per session")
    start, end = rows[0][1], rows[-1][1]
    for option, day in (("first", first), ("last", last)):
        if day is not None and not start <= day <= end:
            raise InputError(f"`{option}` {day}: {file} goes from {start} to {end}")
    if first is not None and last is not None and first > last:
        raise InputError(f"`first` {first} is after `last` {last}; exchange them")
    return [(r, d) for r, d in rows if (first or start) <= d <= (last or end)]


def _bar(row: Row, day: date) -> _Bar:
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
    return _Bar(opened, close, volume, high)


def _complete(chosen: Sequence[tuple[Row, date]], exchange: str, some: bool, file: str) -> None:
    """Every session of the exchange is there, unless `some` are enough, and nothing else."""
    if not chosen:
        raise InputError(f"{file}: no rows between `first` and `last`")
    wanted = sessions(chosen[0][1], chosen[-1][1], exchange)
    known = set(wanted)
    for row, day in chosen:
        if day not in known:
            raise row.error(
                "date",
                f"{day} is a {day:%A} without a session of {exchange}; remove the row, or name the "
                "exchange in a first line `# calendar: XETR`",
            )
    there = {day for _, day in chosen}
    missing = [day for day in wanted if day not in there]
    if missing and not some:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InputError(
            f"{file}: {missing[0]}{more}: a session of {exchange} without a row; add its close, "
            "choose `first` and `last` around it, or say `# sessions: some` in a first line"
        )
    volumes = [(row, bool(row.text("volume"))) for row, _ in chosen]
    empty = [row for row, given in volumes if not given]
    if empty and len(empty) < len(chosen):
        raise empty[0].error("volume", "is empty; give shares traded, or leave the column out")


def _refuse_split(row: Row, before: Sequence[_Bar], bar: _Bar) -> None:
    """Raises InputError if a bar looks like the first one after a split."""
    gap = (bar.open or bar.close) / before[-1].close
    ratio = max(gap, 1 / gap)
    near = min(SPLITS, key=lambda split: abs(np.log(ratio / split)))
    if abs(np.log(ratio / near)) > SPLIT_TOLERANCE:
        return
    closes = [each.close for each in before]
    moves = np.abs(np.diff(np.log(closes)))
    if len(moves) and np.log(ratio) < SPLIT_MOVES * moves.mean():
        return
    usual = [money for money in (each.money for each in before) if money is not None]
    if bar.money is not None and not 1 / SPLIT_MONEY < bar.money / median(usual) < SPLIT_MONEY:
        return
    split = f"1-for-{near} reverse split" if gap > 1 else f"{near}-for-1 split"
    way_out = "" if usual else "a volume column would tell; "
    raise row.error(
        "close",
        f"{bar.close:g} after {before[-1].close:g} looks like a {split}; {way_out}give prices in "
        "shares of one size, or say `# splits: none` in a first line",
    )

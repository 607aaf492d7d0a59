"""Daily series that a person brings: prices of an episode, and what else was seen of it.

    # calendar: XNYS
    # splits: none
    # sessions: some
    date,open,high,low,close,adj close,volume

The comment lines may be left out. `calendar` is the exchange whose sessions the file should have
(a code of exchange_calendars), `splits: none` says that every jump is real, `sessions: some`
that only a few closes are known, the file's: splits cannot be told then. Only date and close must
be there. Prices are as they were traded: an adjusted close has later dividends and splits in it,
which nobody could trade on, so that column only says where a split was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .calendar import EXCHANGE, day_numbers, sessions
from .errors import InputError
from .prices import COLUMNS, Bar, dated, read_bar, read_price_file, said
from .splits import USUAL_DAYS, find_split, is_wrong_close
from .table import Row, read_table

FEWEST = 5
"""Closes that an episode has at least, the first one included."""
FEWEST_KNOWN = 2
"""The same of an episode that is not over: what a day's move says."""

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
    table = read_price_file(path)
    exchange = table.comments.get("calendar", EXCHANGE).upper()
    some = said(table.file, table.comments, "sessions", "some")
    checked = table.splits_checked
    chosen = _between(table.rows, first, last, table.file)
    bars = [read_bar(row, day) for row, day in chosen]
    _complete(chosen, exchange, some, table.file)
    dates = tuple(day for _, day in chosen)
    if len(bars) < FEWEST:
        raise InputError(
            f"{table.file}: {len(bars)} close{'s' * (len(bars) != 1)} from {dates[0]} to "
            f"{dates[-1]}; an episode has at least {FEWEST}"
        )
    if not (checked or some):
        _refuse_jumps(chosen, bars)
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
    if column in COLUMNS:
        prices = read_price_file(path, column)
        file, rows = prices.file, prices.rows
    else:
        table = read_table(Path(path), ("date", column), ("date", column))
        file, rows = table.file, tuple(dated(table))
    if not rows:
        raise InputError(f"{file}: no rows under the header; add one per day")
    chosen = [(row, day) for row, day in rows if first <= day <= last]
    values = [row.positive(column, f"give {unit}") for row, _ in chosen]
    return Points(tuple(day for _, day in chosen), np.array(values), file)


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


def _refuse_jumps(chosen: Sequence[tuple[Row, date]], bars: Sequence[Bar]) -> None:
    """Raises InputError at the first bar after a split, or at a close that cannot be one."""
    for k in range(1, len(bars)):
        before, (row, day), close = bars[max(k - USUAL_DAYS, 0) : k], chosen[k], bars[k].close
        last = before[-1].close
        if k + 1 < len(bars) and is_wrong_close(before, bars[k], bars[k + 1]):
            raise row.error(
                "close",
                f"{close:g} on {day} is far from both its neighbours, {last:g} and "
                f"{bars[k + 1].close:g}; correct it, or say `# splits: none` in a first line if "
                "it is right",
            )
        if (split := find_split(before, bars[k])) is not None:
            way_out = "" if bars[k].volume else "a volume column would tell; "
            raise row.error(
                "close",
                f"{close:g} after {last:g} looks like a {split.words}; {way_out}give prices in "
                "shares of one size, or say `# splits: none` in a first line",
            )

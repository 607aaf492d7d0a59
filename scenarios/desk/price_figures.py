"""Price, volume, volatility and betas of a name, from its file of daily prices.

Volume is the median and volatility the standard deviation of log returns times sqrt(252), over the
last `window` sessions to a day; both in shares of the as-of day's size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..currencies import HUNDREDTHS
from ..derivatives import TRADING_DAYS
from ..errors import InputError
from ..prices import Bar, PriceFile, read_bar
from ..splits import USUAL_DAYS, find_split, is_wrong_close
from ..table import Row
from .betas import shrunk_betas
from .figures import BETA, Figure

FEWEST = 20  # returns
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """Closes of the days on which one name traded, and volumes of all days, 0 where it did not, in
    shares of the last day, oldest first."""

    symbol: str
    source: str
    currency: str
    days: tuple[date, ...]
    close: Array
    volume: Array
    volume_days: tuple[date, ...]
    notes: tuple[str, ...] = ()

    def returns(self, last: date) -> dict[date, float]:
        """Log returns up to a day, each by the day that it ends on."""
        logs = np.diff(np.log(self.close))
        return {d: float(r) for d, r in zip(self.days[1:], logs, strict=True) if d <= last}


@dataclass(frozen=True)
class Windows:
    """Over which days figures are worked out: sessions up to `last`."""

    last: date
    short: int = 60
    long: int = TRADING_DAYS
    indices: Mapping[str, History] = field(default_factory=dict)


def read_history(
    file: PriceFile, symbol: str, as_of: date, splits: Sequence[tuple[date, float]] = ()
) -> History:
    """A name's closes up to a day, restated for splits. Raises InputError.

    `splits` are those that a person knows of, with shares after per share before: in the file's
    period they are looked for, and after `as_of` they are taken out of prices that a vendor has
    restated since. Rows without a price or without trading are left out, with a note.
    """
    rows = [(row, day) for row, day in file.rows if day <= as_of]
    traded = [(r, d) for r, d in rows if r.text("close") and r.text("volume") not in ("0", "0.0")]
    notes = []
    if len(traded) < len(rows):
        notes.append(
            f"{file.file}: {len(rows) - len(traded)} days without trading are left out of returns"
        )
    if not traded:
        raise InputError(f"{file.file}: no close of {symbol} up to {as_of}")
    days = tuple(day for _, day in traded)
    known = dict(splits)
    bars = [
        replace(bar, split=known.get(day, bar.split))
        for bar, day in ((read_bar(row, day), day) for row, day in traded)
    ]
    factor, found = _factors(file, bars, traded, symbol)
    after = float(np.prod([ratio for day, ratio in splits if day > as_of]))
    pence, currency = _currency(file)
    close = np.array([bar.close for bar in bars]) / factor * after * pence
    source = f"{Path(file.file).name} ({file.shape})"
    return History(symbol, source, currency, days, close, *_volumes(rows, days, factor / after),
                   (*notes, *found))  # fmt: skip


def _volumes(
    rows: Sequence[tuple[Row, date]], days: Sequence[date], factor: Array
) -> tuple[Array, tuple[date, ...]]:
    """Volumes of all days that say one; a day without trading has the next one's shares."""
    given = [(row, day) for row, day in rows if row.text("volume")]
    place = np.searchsorted([d.toordinal() for d in days], [d.toordinal() for _, d in given])
    volume = [row.not_negative("volume", "give shares traded") or 0.0 for row, _ in given]
    scale = factor[np.minimum(place, len(days) - 1)] if given else np.ones(0)
    return np.array(volume) * scale, tuple(day for _, day in given)


def _factors(
    file: PriceFile, bars: Sequence[Bar], traded: Sequence[tuple[object, date]], symbol: str
) -> tuple[Array, list[str]]:
    """By how much each day's shares were split later, and a note a split. Raises InputError where
    one is suspected that nobody states, or a close is wrong."""
    factor, notes = np.ones(len(bars)), []
    for k in range(1, len(bars)):
        before, day = bars[max(k - USUAL_DAYS, 0) : k], traded[k][1]
        where = f"{file.file}: close of {day}"
        split = find_split(before, bars[k])
        if split is not None and split.stated:
            factor[:k] *= split.ratio
            notes.append(f"{file.file}: {symbol}: {split.words} on {day}; restated for it")
        elif file.splits_checked:
            continue
        elif k + 1 < len(bars) and is_wrong_close(before, bars[k], bars[k + 1]):
            raise InputError(
                f"{where}: {bars[k].close:g} is far from both its neighbours, "
                f"{before[-1].close:g} and {bars[k + 1].close:g}; correct it, or say "
                "`# splits: none` in a first line if it is right"
            )
        elif split is not None:
            raise InputError(
                f"{where}: {bars[k].close:g} after {before[-1].close:g} looks like a "
                f"{split.words}; give it in `splits` ({symbol},{day},{split.ratio:.4g}), or say "
                "`# splits: none` in a first line"
            )
    return factor, notes


def _currency(file: PriceFile) -> tuple[float, str]:
    """What a unit of the file's prices is of its currency, which a comment line may name."""
    text = file.comments.get("currency", "")
    return (0.01, HUNDREDTHS[text]) if text in HUNDREDTHS else (1.0, text.upper())


def price_figures(history: History, windows: Windows) -> list[Figure]:
    """Price of the last day, and volume, volatility and betas to the last day of the windows."""
    symbol, day, last = history.symbol, history.days[-1], min(windows.last, history.days[-1])
    found = [Figure(symbol, "price", float(history.close[-1]), history.source, day, day)]
    upto = sum(d <= last for d in history.days)
    last = history.days[upto - 1] if upto else last
    volume = history.volume[: sum(d <= last for d in history.volume_days)][-windows.short :]
    returns = history.returns(last)
    values: dict[str, float] = {}
    if len(volume) >= FEWEST:
        values["adv"] = float(np.median(volume))
    recent = np.array(list(returns.values())[-windows.short :])
    if len(recent) >= FEWEST:
        values["volatility"] = float(recent.std(ddof=1) * np.sqrt(TRADING_DAYS))
    others = {name: index.returns(last) for name, index in windows.indices.items()}
    days = [d for d in returns if all(d in known for known in others.values())][-windows.long :]
    if others and len(days) >= FEWEST:
        x = np.array([[known[d] for d in days] for known in others.values()]).T
        betas = shrunk_betas(np.array([returns[d] for d in days]), x)
        values |= {BETA + n: round(float(b), 4) for n, b in zip(others, betas, strict=True)}
    source = {"adv": f"median of {len(volume)} sessions", "volatility": f"{len(recent)} returns"}
    return found + [
        Figure(symbol, name, value, f"{history.source}, "
               f"{source.get(name, f'{len(days)} returns, shrunk')}", last, last)
        for name, value in values.items()
    ]  # fmt: skip

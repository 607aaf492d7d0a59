"""How far an episode lies from what a set of parameters makes of it.

A set's loss is the sum over its parts of weight x score / scale, a scale being the score that the
prior's paths expect of themselves (the median over the prior), so that parts in different units
count alike. Every part is a proper score in log units:

* closes: the energy score of the log closes of all days, or of those that are known;
* moves: the same of the absolute log returns from close to close, which tells wild days from calm;
* short interest, volume, implied vol, attention, where given: the mean CRPS over their days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ...kernels.histogram_bins import QUANTITIES, bin_edges
from ...results.measures.scores import crps_of_counts, distance, spread, spread_of_counts
from ...scenarios.calendar import sessions
from ...scenarios.series import Points, Prices
from .simulator import Paths

Array = npt.NDArray[np.float64]

MOVES, SERIES = 0.1, 0.25
"""Weights of the moves and of every further series; the closes have 1. See RATE in fit.py."""
T1_SETTLEMENT = date(2024, 5, 28)
"""US trades settle a day after they were made from this day on, two days after it before."""


@dataclass(frozen=True)
class Series:
    """Something else that was seen: log values at the close of some days (1 is the first).

    `scale_known` is False where only its shape is, up to a factor.
    """

    name: str
    quantity: str
    days: tuple[int, ...]
    logs: Array
    scale_known: bool = True


@dataclass(frozen=True)
class Observed:
    """An episode: log closes that are known and what else was seen. Shape: closes (closes,)."""

    closes: Array
    series: tuple[Series, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """What a loss consists of."""
        return ("closes", "moves", *(series.name for series in self.series))


def weights(observed: Observed) -> Array:
    """How much the parts count. Shape: (parts,)."""
    return np.array([1.0, MOVES] + [SERIES] * len(observed.series))


def moves(closes: Array) -> Array:
    """Absolute returns between log prices that start at 0. Shape: (..., closes), as given."""
    return np.asarray(np.abs(np.diff(closes, axis=-1, prepend=0.0)))


def scores(paths: Paths, observed: Observed) -> Array:
    """Score of every part, and the score that the paths expect of themselves. Shape: (2, parts)."""
    found, own = [], []
    for transform in (np.asarray, moves):
        x, y = transform(paths.closes), transform(observed.closes)
        own.append(spread(x))
        found.append(distance(x, y) - own[-1])
    for series in observed.series:
        score, itself = _marginals(paths, series)
        found.append(score)
        own.append(itself)
    return np.array([found, own])


def _marginals(paths: Paths, series: Series) -> tuple[float, float]:
    """Mean CRPS of a series over its days, and what the paths expect of it."""
    values = _log_values(series, paths)
    counts = paths.counts[np.array(series.days) - 1, QUANTITIES.index(series.quantity)]
    logs = series.logs
    if not series.scale_known:
        means = counts @ values / counts.sum(axis=1)
        logs = logs + (means - logs).mean()
    each = [crps_of_counts(c, values, y) for c, y in zip(counts, logs, strict=True)]
    return float(np.mean(each)), float(np.mean([spread_of_counts(c, values) for c in counts]))


def _log_values(series: Series, paths: Paths) -> Array:
    """What the bins of a series' quantity stand for, in its log units."""
    edges = bin_edges(series.quantity)
    middle = (edges[1:] + edges[:-1]) / 2
    if series.name == "volume":
        middle = paths.adv * (1 + paths.attention_volume * middle)
    return np.asarray(np.log(middle))


def days_of(
    points: Points, prices: Prices, *, settlement: bool = False
) -> tuple[tuple[int, ...], Array]:
    """Day numbers of points that lie in the episode, and their values.

    With `settlement` a point tells of the trades made two days before its date (one from 28 May
    2024 on). Day 0, the first close, is where the paths start: it has no number.
    """
    calendar = sessions(prices.dates[0], prices.dates[-1], prices.calendar)
    number = {day: k for k, day in enumerate(calendar)}
    days, values = [], []
    for day, value in zip(points.dates, points.values, strict=True):
        lag = (1 if day >= T1_SETTLEMENT else 2) if settlement else 0
        at = number.get(day, 0) - lag
        if at > 0:
            days.append(at)
            values.append(float(value))
    return tuple(days), np.array(values)

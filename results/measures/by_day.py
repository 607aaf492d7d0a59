"""The group /by_day: the book's P&L, tail, calls for cash and odds at every close, from counts.

Days of the horizon have their exact measures in /measures.
"""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, group_of, texts_of, values_of
from ..store.fields import CALL_COUNTS, EVENT_COUNTS, LOSS_COUNTS
from ..store.layout import full_array, new_group, scenario_coordinate
from ..store.schema import QUANTILES
from . import statistics as st
from .closes import BINS, EVENTS, SIDE, edges
from .estimates import write_estimates
from .levels import LEVELS


def write_by_day(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /by_day to `root` from the counts of the blocks of `store`."""
    counts = group_of(store, "counts")
    scenarios, days = texts_of(store, "losses/scenario"), values_of(counts, "day")
    group = new_group(
        root,
        "by_day",
        "The book day by day: quantiles of its P&L, VaR and ES, calls for cash, odds of what "
        "happens. From counts in bins of about 1 %.",
    )
    scenario_coordinate(group, scenarios)
    full_array(group, "day", ("day",), days, "trading days", "close of this day")
    full_array(group, "quantile", ("quantile",), np.array(QUANTILES), "1", "share of paths below")
    full_array(group, "level", ("level",), np.array(LEVELS), "1", "level of the tail")
    full_array(group, "event", ("event",), EVENTS, "1", "what happens")
    shape = (len(scenarios), days.size)
    fan = np.empty((*shape, len(QUANTILES)))
    tails = {name: np.full((4, *shape, len(LEVELS)), np.nan) for name in ("var", "es", "cash_call")}
    odds = np.empty((4, *shape, len(EVENTS)))
    for s in range(len(scenarios)):
        of_loss, of_call, events = (
            np.asarray(array_of(counts, f.name)[s]).sum(axis=0, dtype=np.int64)
            for f in (LOSS_COUNTS, CALL_COUNTS, EVENT_COUNTS)
        )
        n = int(of_loss[0].sum())
        known = np.vstack([events[:-1].cumsum(axis=1), events[-1:]])
        for d in range(days.size):
            fan[s, d] = -np.array([quantile(of_loss[d], 1 - q) for q in QUANTILES])
            odds[:, s, d] = np.array([astuple(st.wilson(int(hits), n)) for hits in known[:, d]]).T
            for k, level in enumerate(LEVELS):
                if st.tail_paths(n, level) >= st.REFUSE:
                    both = var_es(of_loss[d], level)
                    tails["var"][:, s, d, k], tails["es"][:, s, d, k] = map(astuple, both)
                    tails["cash_call"][:, s, d, k] = astuple(var_es(of_call[d], level)[0])
    words, about = "profit and loss of the book", "Fraction of equity at the start."
    full_array(group, "pnl", ("scenario", "day", "quantile"), fan, "1", words, about)
    about = "Fraction of equity, losses positive; within about 1 % of its size, the width of a bin."
    for name, words in (
        ("var", "value at risk at the close"),
        ("es", "expected shortfall at the close"),
        ("cash_call", "quantile of the call for cash at the close: liquidity at risk"),
    ):
        write_estimates(group, name, ("scenario", "day", "level"), tails[name], words, about)
    about = (
        "By the close of the day: calls and ruin at any step, opens included; calls that are not "
        "met and redemptions at closes; the last event at that close alone."
    )
    dims = ("scenario", "day", "event")
    write_estimates(group, "probability", dims, odds, "probability of the event", about)


def quantile(counts: npt.NDArray[np.int64], level: float) -> float:
    """The loss of rank ceil(n level), evenly spaced within its bin. Shape: counts (BINS,)."""
    n = int(counts.sum())
    return _at(counts, min(max(math.ceil(n * level - 1e-9), 1), n))


def _at(counts: npt.NDArray[np.int64], rank: int) -> float:
    below = counts.cumsum()
    place = int(np.searchsorted(below, rank))
    if place == SIDE:
        return 0.0
    low, high = _EDGES[place : place + 2]
    inside = (rank - (below[place] - counts[place]) - 0.5) / counts[place]
    return float(low + (high - low) * inside)


def var_es(counts: npt.NDArray[np.int64], level: float) -> tuple[st.Estimate, st.Estimate]:
    """VaR and ES with their errors as of order statistics, from counts. Shape: counts (BINS,)."""
    n, a = int(counts.sum()), 1 - level
    k = st.rank(n, level)
    q = _at(counts, k)
    low, high = (_at(counts, rank) for rank in st.rank_interval(n, level))
    excess = np.maximum(_MIDDLES - q, 0)
    mean = float(counts @ excess) / n
    variance = max(float(counts @ excess**2) / n - mean**2, 0.0)
    es, se = q + mean / a, math.sqrt(variance / n) / a
    var = st.Estimate(q, (high - low) / (2 * st.Z), low, high)
    return var, st.Estimate(es, se, es - st.Z * se, es + st.Z * se)


_EDGES = edges()
_MIDDLES = np.where(np.arange(BINS) == SIDE, 0.0, (_EDGES[:-1] + _EDGES[1:]) / 2)

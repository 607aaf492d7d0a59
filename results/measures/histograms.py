"""Tables made from the merged histograms: /prices (quantiles by day) and /squeeze (odds of a peak).

Adding integer counts is exact in any order, so these tables do not depend on who counted first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from ..store.arrays import array_of, group_of, texts_of, values_of
from ..store.fields import quantity_field
from ..store.layout import full_array, name_coordinate, new_group, scenario_coordinate
from ..store.schema import MULTIPLES, QUANTILES
from .statistics import wilson

Counts = npt.NDArray[np.int64]


def merged(blocks: zarr.Array[Any], scenario: int) -> Counts:
    """Counts of a scenario over all its blocks, shape of one block."""
    total = np.zeros(blocks.shape[2:], np.int64)
    for block in range(blocks.shape[1]):
        total += np.asarray(blocks[scenario, block])
    return total


def histogram_quantiles(
    counts: npt.NDArray[np.integer[Any]],
    edges: npt.NDArray[np.float64],
    probabilities: tuple[float, ...] = QUANTILES,
    *,
    geometric: bool = False,
) -> npt.NDArray[np.float64]:
    """Quantiles of binned values, spread evenly within a bin (`geometric`: evenly in the log).

    Shape: counts (..., bins), edges (bins + 1,) -> (..., len(probabilities)). Every count must
    have a path. Accurate to a bin; the outer bins also hold everything beyond them.
    """
    cumulative = np.cumsum(counts, axis=-1, dtype=np.int64)
    scale = np.log(edges) if geometric else edges
    result = np.empty((*counts.shape[:-1], len(probabilities)))
    for j, p in enumerate(probabilities):
        target = np.maximum(p * cumulative[..., -1:], 0.5)
        bins = (cumulative < target).sum(axis=-1, keepdims=True)
        inside = np.take_along_axis(counts, bins, axis=-1)
        before = np.take_along_axis(cumulative, bins, axis=-1) - inside
        at = scale[bins] + (target - before) / inside * (scale[bins + 1] - scale[bins])
        result[..., j] = at[..., 0]
    return np.exp(result) if geometric else result


def write_prices(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /prices to `root` from the histograms of `store`."""
    histograms = group_of(store, "histograms")
    closes, edges = array_of(histograms, "closes"), values_of(histograms, "edges")
    quantities, symbols = texts_of(histograms, "quantity"), texts_of(histograms, "name")
    scenarios = texts_of(histograms, "scenario")
    shape = (len(scenarios), len(symbols), closes.shape[2], len(QUANTILES))
    tables = {q: np.empty(shape, np.float32) for q in quantities}
    for s in range(len(scenarios)):
        counts = merged(closes, s)  # (day, name, quantity, bin)
        for i, q in enumerate(quantities):
            found = histogram_quantiles(counts[:, :, i], edges[i], geometric=q == "price")
            tables[q][s] = found.transpose(1, 0, 2)
    group = new_group(root, "prices", "Quantiles over all paths at every close, by name.")
    scenario_coordinate(group, scenarios)
    name_coordinate(group, symbols)
    day = values_of(histograms, "day")
    full_array(group, "day", ("day",), day, "trading days", "close of this day")
    words = "share of paths below"
    full_array(group, "quantile", ("quantile",), np.array(QUANTILES), "1", words)
    dims = ("scenario", "name", "day", "quantile")
    words = "Quantile within one bin of the histogram; quantiles of different days are not a path."
    for q, table in tables.items():
        field = quantity_field(q)
        chunks = (1, *shape[1:])
        full_array(group, q, dims, table, field.units, field.long_name, words, chunks=chunks)


def write_squeeze(root: zarr.Group, store: zarr.Group) -> None:
    """Add the group /squeeze to `root` from the histograms of `store`."""
    histograms = group_of(store, "histograms")
    peaks, edges = array_of(histograms, "peaks"), values_of(histograms, "peak_edges")
    scenarios, symbols = texts_of(histograms, "scenario"), texts_of(histograms, "name")
    odds = np.empty((3, len(scenarios), len(symbols), len(MULTIPLES)))
    for s in range(len(scenarios)):
        counts = merged(peaks, s)
        for j, multiple in enumerate(MULTIPLES):
            hits = counts[:, edges[:-1] >= multiple].sum(axis=1)
            for i, hit in enumerate(hits):
                found = wilson(int(hit), int(counts[i].sum()))
                odds[:, s, i, j] = found.value, found.low, found.high
    group = new_group(root, "squeeze", "Odds that a name's highest price reaches a multiple.")
    scenario_coordinate(group, scenarios)
    name_coordinate(group, symbols)
    words = "multiple of the price at the start"
    full_array(group, "multiple", ("multiple",), np.array(MULTIPLES), "1", words)
    dims = ("scenario", "name", "multiple")
    for name, values, words in (
        ("probability", odds[0], "share of paths whose peak reaches the multiple"),
        ("low", odds[1], "lower end of the 95 % interval (Wilson)"),
        ("high", odds[2], "upper end of the 95 % interval (Wilson)"),
    ):
        full_array(group, name, dims, values, "1", words)

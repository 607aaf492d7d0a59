"""What a peak is due to: an episode's paths again with each channel off, and by dealers' sign.

All rows have the same random numbers, so what a channel does is a paired difference, known far
better than two separate runs would tell. A channel that is off keeps its starting holding and
sends no orders (docs/model.md); effects of single channels do not add up to that of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels.packed import Packed
from ...kernels.records import CALM, NO_CHAIN, channel_names
from ...results.measures import statistics as st
from ...scenarios.chain import Chain
from ...scenarios.episode import Episode
from ...scenarios.scenario import Scenario
from .scorecard import pack_past
from .simulator import closes_of_all

Array = npt.NDArray[np.float64]

ALL_ON, ALL_OFF, NO_DEALERS = "all channels on", "all channels off", "no dealers"
SIGNS = {"dealers' sign -1": -1.0, "dealers' sign 0": 0.0, "dealers' sign +1": 1.0}
LEVEL = 0.99


@dataclass(frozen=True)
class Measured:
    """A number of one row and how much it lies above that of all channels on, same paths."""

    value: st.Estimate
    change: st.Estimate


@dataclass(frozen=True)
class Row:
    """Peak closes as multiples of the first, losses of a short of one share in first prices.

    `median` and `range` (10 and 90 %) are of the peak, `above` is the probability that it exceeds
    the actual one; `at_end` and `at_worst` are the ES at LEVEL at the last close and at the worst.
    """

    name: str
    median: Measured
    range: tuple[float, float]
    above: Measured
    at_end: Measured
    at_worst: Measured


@dataclass(frozen=True)
class Decomposition:
    """Of one name: rows from all channels on to all off, then those by dealers' sign, if any dealer
    hedges. `peak` is the actual highest close as a multiple of the first, `days` the last day.
    """

    episode: Episode
    paths: int
    peak: float
    days: int
    rows: tuple[Row, ...]
    signs: tuple[Row, ...]


def decompose(
    scenario: Scenario, chain: Chain, *, paths: int, seed: int, engine: Backend, workers: int
) -> tuple[Decomposition, ...]:
    """Simulate the scenario's names under every row; what becomes of each. A function of its
    arguments but `workers`.

    Of each name the closes count that its episode has. Raises InputError as `score_all`,
    TooFewPaths if ES cannot be told.
    """

    def told(sign: float) -> Packed:
        varied = scenario.variation.model_copy(update={"dealer_sign": sign})
        return pack_past(scenario.model_copy(update={"variation": varied}), chain, seed)

    def seen(model: Packed) -> list[Array]:
        """Highest and last close of every name, multiples of the first. Shape: each (2, paths)."""
        closes = closes_of_all(model, paths, engine)[0]
        found = []
        for episode in scenario.pasts:
            known = closes[:, np.array(episode.days) - 1, model.symbols.index(episode.symbol)]
            found.append(np.exp([np.maximum(known.max(axis=1), 0), known[:, -1]]))
        return found

    channels = dict(_channels(pack_past(scenario, chain, seed)))
    sets = channels[ALL_ON].members or (channels[ALL_ON],)
    listed = any((each.names["chain"] != NO_CHAIN).any() for each in sets)
    signs = SIGNS if NO_DEALERS in channels and listed else {}
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(seen, (*channels.values(), *map(told, signs.values()))))
    return tuple(
        _of_name(episode, paths, [each[i] for each in found], tuple(channels), tuple(signs))
        for i, episode in enumerate(scenario.pasts)
    )


def _of_name(
    episode: Episode,
    paths: int,
    found: list[Array],
    channels: tuple[str, ...],
    signs: tuple[str, ...],
) -> Decomposition:
    peak = max(max(episode.closes.values()) / episode.price, 1.0)
    rows = [
        _row(name, each, found[0], peak)
        for name, each in zip((*channels, *signs), found, strict=True)
    ]
    count = len(channels)
    return Decomposition(
        episode, paths, peak, episode.days[-1], tuple(rows[:count]), tuple(rows[count:])
    )


def _channels(packed: Packed) -> Iterator[tuple[str, Packed]]:
    """The scenario, without each channel that any of its parameter sets uses, and without all."""
    yield ALL_ON, packed
    for channel in channel_names():
        if (without := packed.without(channel)) is not None:
            yield f"no {channel.replace('_', ' ')}", without
    yield ALL_OFF, packed.with_channels(CALM)


def _row(name: str, found: Array, base: Array, peak: float) -> Row:
    """Shape: found, base (2, paths), the highest and the last close."""
    (top, last), (other_top, other_last) = found, base
    low, high = np.quantile(top, (0.1, 0.9))
    hits, others = top > peak, other_top > peak
    return Row(
        name,
        _measured(top, other_top, 0.5, 0),
        (float(low), float(high)),
        Measured(st.wilson(int(hits.sum()), hits.size), st.probability_difference(hits, others)),
        _measured(last - 1, other_last - 1, LEVEL, 1),
        _measured(top - 1, other_top - 1, LEVEL, 1),
    )


def _measured(values: Array, base: Array, level: float, which: int) -> Measured:
    """A quantile (`which` 0) or the mean beyond it (1), and its paired difference."""
    known, known_base = st.var_es(values, level), st.var_es(base, level)
    change = st.paired_difference(values, known, base, known_base, level)
    return Measured(known[which], change[which])

"""What a peak is due to: an episode's paths again with each channel off, and by dealers' sign.

All rows have the same random numbers, so what a channel does is a paired difference, known far
better than two separate runs would tell. A channel that is off keeps its starting holding and
sends no orders (docs/model.md); effects of single channels do not add up to that of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels.records import CALM, NO_CHAIN, Channel, channel_names
from ...results.measures import statistics as st
from ...scenarios.chain import Chain
from ...scenarios.episode import Episode
from ...scenarios.scenario import Scenario
from ..campaign import Campaign
from ..model import Model
from .closes import Closes, closes_of
from .scorecard import past_model

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
    work: Campaign, scenario: Scenario, chain: Chain, *, paths: int, seed: int, engine: Backend
) -> tuple[Decomposition, ...]:
    """Simulate the scenario's names under every row; what becomes of each. A function of its
    arguments but `work`.

    Of each name the closes count that its episode has. Raises InputError as `score_all`,
    TooFewPaths if ES cannot be told.
    """

    def signed(sign: float) -> Model:
        varied = scenario.variation.model_copy(update={"dealer_sign": sign})
        return past_model(scenario.model_copy(update={"variation": varied}), chain, seed)

    channels = dict(_channels(past_model(scenario, chain, seed)))
    base = channels[ALL_ON].packed()
    listed = any((each.names["chain"] != NO_CHAIN).any() for each in base.members or (base,))
    signs = SIGNS if NO_DEALERS in channels and listed else {}
    models = [*channels.values(), *map(signed, signs.values())]
    rows = [
        _highest_and_last(closes, scenario, base.symbols)
        for closes in closes_of(work, engine.name, models, paths)
    ]
    return tuple(
        _of_name(episode, paths, [each[i] for each in rows], tuple(channels), tuple(signs))
        for i, episode in enumerate(scenario.pasts)
    )


def _highest_and_last(closes: Closes, scenario: Scenario, symbols: tuple[str, ...]) -> list[Array]:
    """Of every name with an episode, multiples of the first close. Shape: each (2, paths)."""
    ends = []
    for episode in scenario.pasts:
        logs = closes.logs[:, np.array(episode.days) - 1, symbols.index(episode.symbol)]
        ends.append(np.exp([np.maximum(logs.max(axis=1), 0), logs[:, -1]]))
    return ends


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


def _channels(model: Model) -> Iterator[tuple[str, Model]]:
    """The scenario, without each channel that any of its parameter sets uses, and without all."""
    packed = model.packed()
    yield ALL_ON, model
    for channel in channel_names():
        if (without := packed.without(channel)) is not None:
            on = Channel(int(without.run["channels"]))
            yield f"no {channel.replace('_', ' ')}", replace(model, channels=on).keep(without)
    yield ALL_OFF, replace(model, channels=CALM).keep(packed.with_channels(CALM))


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

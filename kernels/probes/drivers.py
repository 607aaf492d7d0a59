"""What drives a path: the random numbers behind it, before anybody reacts to them.

They are drawn again from the streams of docs/model.md, 2 (kernels/draws), so no path
is simulated. The news of a factor or a name over a window of days is the sum of its normals as the
anchor adds them up,

    z = sum_days (sqrt(f) z_overnight + sqrt((1 - f) dt) sum_steps z_step) / sqrt(days)

a standard normal. The rest is what else a path draws: the variances of heavy tails, jumps, the
clock of broker restrictions, and the days of random events.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...scenarios import Scenario
from ...scenarios.timeline import labels
from ..draws import philox
from ..draws.jumps import Jumps
from ..draws.tails import Tails
from ..packed import Packed
from ..records import Channel

Floats = npt.NDArray[np.float64]
CHUNK = 2048
"""Paths whose normals are held at a time."""


@dataclass(frozen=True)
class Drivers:
    """Drivers of some paths.

    Shapes: `news` (sources, windows, paths) independent standard normals of factors, then names;
    `whole` (sources, paths) the same over all windows; `others` by label, each (paths,). `windows`
    are first and last days. `sources` are words.
    """

    sources: tuple[str, ...]
    windows: tuple[tuple[int, int], ...]
    news: Floats
    whole: Floats
    others: dict[str, Floats]

    @property
    def distance(self) -> Floats:
        """Root of the sum of squares over sources and windows, (paths,): the smaller, the more
        likely are such news."""
        return np.asarray(np.sqrt(np.square(self.news).sum(axis=(0, 1))))


def windows_of(horizons: Sequence[int], day: int) -> tuple[tuple[int, int], ...]:
    """From one day of losses to the next, up to `day`."""
    ends = [h for h in sorted(horizons) if h <= day]
    return tuple((first + 1, last) for first, last in zip([0, *ends], ends, strict=False))


def drivers(
    packed: Packed,
    scenario: Scenario,
    ids: npt.NDArray[np.uint64],
    names: Sequence[str],
    day: int,
) -> Drivers:
    """Drivers of paths up to a day: of all factors, and of the given names of the book."""
    windows = windows_of(packed.horizons.tolist(), day)
    chosen = [packed.symbols.index(name) for name in names]
    sources = scenario.factor_names + tuple(names)
    parts = [
        (_news(packed, part, chosen, windows), _others(packed, scenario, part, chosen, day))
        for part in _chunks(ids)
    ]
    news = np.concatenate([n for n, _ in parts], axis=-1)
    lengths = np.array([last - first + 1 for first, last in windows])
    whole = np.einsum("swp,w->sp", news, np.sqrt(lengths / lengths.sum()))
    count = len(scenario.factors)
    if count:  # as the factors move together, not as they are drawn
        whole[:count] = np.linalg.cholesky(scenario.correlation()) @ whole[:count]
    others = {label: np.concatenate([o[label] for _, o in parts]) for label in parts[0][1]}
    return Drivers(sources, windows, news, whole, others)


def _chunks(ids: npt.NDArray[np.uint64]) -> Iterator[npt.NDArray[np.uint64]]:
    for first in range(0, len(ids), CHUNK):
        yield ids[first : first + CHUNK]


def _news(
    packed: Packed,
    ids: npt.NDArray[np.uint64],
    chosen: Sequence[int],
    windows: Sequence[tuple[int, int]],
) -> Floats:
    """Standard normals of factors and names by window, (sources, windows, paths)."""
    streams = np.concatenate([packed.factor_streams, packed.names["stream"][list(chosen)]])
    daily = daily_normals(packed, streams, ids, windows[-1][1])
    parts = [daily[:, first - 1 : last] for first, last in windows]
    return np.stack([part.sum(axis=1) / math.sqrt(part.shape[1]) for part in parts], axis=1)


def daily_normals(
    packed: Packed, streams: npt.NDArray[np.uint32], ids: npt.NDArray[np.uint64], days: int
) -> Floats:
    """The z of single days, as above: shape (streams, days, paths)."""
    run = packed.run
    seed, steps, adds = (int(run[f]) for f in ("seed", "steps_per_day", "normals_per_step"))
    intraday = philox.Normals(seed, streams.astype(np.uint64), ids, philox.INTRADAY)
    overnight = philox.Normals(seed, streams.astype(np.uint64), ids, philox.OVERNIGHT)
    share, found = float(run["overnight_share"]), np.zeros((len(streams), days, len(ids)))
    for day in range(days):
        for draw in range(day * steps * adds, (day + 1) * steps * adds):
            found[:, day] += intraday.draw(draw)
        found[:, day] *= math.sqrt((1 - share) / (steps * adds))
        found[:, day] += math.sqrt(share) * overnight.draw(day)
    return found


def restriction_clocks(
    packed: Packed, streams: npt.NDArray[np.uint32], ids: npt.NDArray[np.uint64]
) -> Floats:
    """Exponential clocks of names, mean 1, as drawn: shape (streams, paths)."""
    seed = int(packed.run["seed"])
    words = philox.words(seed, streams.astype(np.uint64), ids, philox.RESTRICTION, 0)
    return np.asarray(-np.log(philox.uniform(words[0])))


def _others(
    packed: Packed,
    scenario: Scenario,
    ids: npt.NDArray[np.uint64],
    chosen: Sequence[int],
    day: int,
) -> dict[str, Floats]:
    """What else is random on paths, by label."""
    seed = int(packed.run["seed"])
    names = [packed.symbols[i] for i in chosen]
    found: dict[str, Floats] = {}
    tails, jumps = Tails(packed, ids), Jumps(packed, ids)
    days = [tails.draw(d) for d in range(day)]
    if tails.factors is not None:
        found["factors: mean variance"] = np.mean([v for _, v in days], axis=0)
    for name, i in zip(names, chosen, strict=True):
        if tails.names is not None and tails.rows[i] >= 0:
            found[f"{name}: mean variance"] = np.mean([v[i] for v, _ in days], axis=0)
    if jumps.on:
        found |= _jumps(jumps, names, chosen, day)
    if Channel.RESTRICTION & Channel(int(packed.run["channels"])) and chosen:
        clocks = restriction_clocks(packed, packed.names["stream"][list(chosen)], ids)
        for name, clock in zip(names, clocks, strict=True):
            found[f"{name}: restriction clock"] = clock
    for event, label in zip(packed.events, labels(scenario.timeline), strict=True):
        if event["start_row"] < 0:
            stream = np.array([event["stream"]], np.uint64)
            u = philox.uniform(philox.words(seed, stream, ids, philox.EVENTS, 0)[0])[0]
            starts = float(event["from_day"]) - np.log(u) / float(event["hazard"])
            found[f"event {label}: day it starts"] = starts
    return found


def _jumps(
    jumps: Jumps, names: Sequence[str], chosen: Sequence[int], day: int
) -> dict[str, Floats]:
    """Sum of the jumps of every name that has some, as a log move."""
    total = np.zeros((len(jumps.names), len(jumps.path_ids)))
    for d in range(day):
        jumps.draw(d)
        total += np.where(jumps.step >= 0, jumps.size, 0)
    may = jumps.names["jump_probability"] > 0
    return {f"{name}: jumps": total[i] for name, i in zip(names, chosen, strict=True) if may[i]}

"""How fast the back ends are on this machine, and what each channel of the model costs.

All builds run one model: every name has the whole of gme-2021. The best CPU build then runs a
model in which every force is at work, with one channel off at a time. Repeats are interleaved, so
a machine that slows down slows all alike, and medians are reported. CPU builds are timed by the
processor time of their one thread, so other programs disturb little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from ..kernels import BackendUnavailable, backend
from ..kernels.holders import HOLDERS
from ..kernels.packed import Packed, Simulate
from ..kernels.packing.scenario import pack
from ..kernels.records import ALL_CHANNELS, Channel
from ..scenarios import Book, Chain, Market, MarketRow, Position, Scenario, bind, load_scenarios
from ..scenarios.scenario import NameParameters

NAMES, REPEATS = 12, 5
SECONDS = 0.4
"""About how long one timed call should take."""


@dataclass(frozen=True)
class Speed:
    """Name-steps per second of one thread (of the whole device for cuda)."""

    name: str
    device: str
    name_steps_per_second: float
    ratio: float
    paths: int


@dataclass(frozen=True)
class Cost:
    """Speed of one thread on a model, and the time it takes over that of gme-2021."""

    model: str
    back_end: str
    name_steps_per_second: float
    ratio: float


@dataclass(frozen=True)
class Candidate:
    """A back end and the clock it is timed by."""

    name: str
    device: str
    simulate: Simulate
    clock: Callable[[], float]


def packed_model(names: int = NAMES, changes: Mapping[str, Any] | None = None) -> Packed:
    """`names` copies of GameStop in January 2021, each with every agent of gme-2021.

    `changes` are parameters of a scenario that hold for every name, or for all of it.
    """
    symbols = ["GME", *(f"GME{i}" for i in range(2, names + 1))]
    rows = {
        s: MarketRow(s, 35.5, 51.44e6, 61.78e6, 7.5e6, 1.06, 2.69, 0.28, betas={"market": 1.0})
        for s in symbols
    }
    market = Market(rows, date(2021, 1, 15))
    book = Book(tuple(Position(s, s, -1e6, 35.5, 0.3) for s in symbols), cash=1e9)
    (scenario,) = load_scenarios(["gme-2021"], market, book)
    own = scenario.names["GME"].model_dump(exclude_unset=True)
    whole = scenario.model_dump(exclude_unset=True, exclude={"names"})
    for section, given in (changes or {}).items():
        into = own if section in NameParameters.model_fields else whole
        into[section] = {**into.get(section, {}), **given} if isinstance(given, dict) else given
    model = Scenario.model_validate({**whole, "names": dict.fromkeys(symbols, own)})
    return pack(bind(model, book, market, Chain()), seed=1)


EVERYTHING: dict[str, Any] = {
    "anchor": {"dof": 4.0, "jump_rate": 0.05, "jump_sd": 0.1},
    "factor_dof": 4.0,
    "clearing": {"depth_volatility": 0.5},
    "dealers": {"call_capacity": 1.0, "open_interest": 0.2},
    "crowd": {
        "monthly_share": 0.3,
        "initial_shares": 0.02,
        "initial_calls": 0.02,
        "following": 1.0,
    },
    **{holder.name: dict(holder.example) for holder in HOLDERS if holder.example},
    "broker": {"excess_net_capital": 1e9},
    "funds": {
        name: {"equity": equity, "copies": 1.0, "threshold": 0.02}
        for name, equity in (("one", 2e8), ("two", 4e8))
    },
    "book": {"policy": ["stop_loss", "deleverage", "margin"]},
    "timeline": [
        {"type": "buying_programme", "names": "all", "hazard": 0.2, "duration": 2.0, "size": 0.02},
        {"type": "call_programme", "names": "all", "day": 3, "at": 0.5, "size": 0.001},
        {"type": "lendable_recall", "names": "shorts", "hazard": 0.1, "size": 0.2},
        {"type": "anchor_news", "names": "all", "day": 4, "size": 0.1},
    ],
}
"""What `gme-2021` leaves out, so that every channel has something to do."""


def candidates() -> list[Candidate]:
    """Everything that loads here, the fastest kind first."""
    found: list[Candidate] = []
    try:
        gpu = backend("cuda")
        found.append(Candidate(gpu.name, gpu.device, gpu.simulate, time.perf_counter))
    except BackendUnavailable:
        pass
    try:
        backend("native")
        from ..kernels.backends.native import Native, available

        for build in available():
            native = Native(build)
            name = f"native {build}"
            found.append(Candidate(name, native.isa, native.simulate, time.thread_time))
    except BackendUnavailable:
        pass
    reference = backend("reference")
    found.append(Candidate(reference.name, reference.device, reference.simulate, time.thread_time))
    return found


def bench(names: int = NAMES, repeats: int = REPEATS) -> list[Speed]:
    """Speeds of all back ends that load, with their ratio to the reference."""
    packed = packed_model(names)
    contestants = candidates()
    timings = medians([(each.simulate, packed, each.clock) for each in contestants], repeats)
    steps = names * int(packed.run["steps"])
    rates = [steps / seconds for seconds, _ in timings]
    return [
        Speed(each.name, each.device, rate, rate / rates[-1], paths)
        for each, rate, (_, paths) in zip(contestants, rates, timings, strict=True)
    ]


def bench_channels(names: int = NAMES, repeats: int = REPEATS) -> list[Cost]:
    """What the channels cost on the best CPU back end: gme-2021, everything, each channel off.

    The last model has levered longs in every name but switches them off: it must take as long as
    gme-2021, which never had them.
    """
    from ..kernels.packing.in_use import channels_in_use

    contestant = next(each for each in candidates() if each.clock is time.thread_time)
    plain, full = packed_model(names), packed_model(names, EVERYTHING)
    missing = ALL_CHANNELS & ~channels_in_use(full)
    assert not missing, f"nobody uses {missing}"
    bare = full.with_channels(ALL_CHANNELS)
    bare.run["features"] = 0
    held = packed_model(names, {"levered_longs": EVERYTHING["levered_longs"]})
    models = {
        "gme-2021": plain,
        "everything": full,
        **{
            f"everything but {str(channel.name).lower()}": full.with_channels(
                ALL_CHANNELS & ~channel
            )
            for channel in ALL_CHANNELS
        },
        "everything but tails, jumps, events": bare,
        "gme-2021 with levered longs": held,
        "gme-2021 with levered longs, switched off": held.with_channels(
            Channel(int(plain.run["channels"]))
        ),
    }
    timings = medians(
        [(contestant.simulate, packed, contestant.clock) for packed in models.values()], repeats
    )
    first = timings[0][0]
    steps = names * int(plain.run["steps"])
    return [
        Cost(model, contestant.name, steps / seconds, seconds / first)
        for model, (seconds, _) in zip(models, timings, strict=True)
    ]


def medians(
    runs: Sequence[tuple[Simulate, Packed, Callable[[], float]]], repeats: int
) -> list[tuple[float, int]]:
    """Median seconds a path of every run, and how many paths were timed; repeats interleaved."""

    def seconds(run: tuple[Simulate, Packed, Callable[[], float]], paths: int) -> float:
        simulate, packed, clock = run
        ids = np.arange(paths, dtype=np.uint64)
        start = clock()
        simulate(packed, ids)
        return max(clock() - start, 1e-9)

    sizes = []
    for run in runs:
        seconds(run, 64)  # loads, compiles
        trial = seconds(run, 256)
        sizes.append(int(2 ** np.clip(round(np.log2(256 * SECONDS / trial)), 6, 20)))
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for run, paths, taken in zip(runs, sizes, times, strict=True):
            taken.append(seconds(run, paths) / paths)
    return [(statistics.median(t), paths) for t, paths in zip(times, sizes, strict=True)]


def as_json(speeds: list[Speed], costs: list[Cost]) -> dict[str, list[dict[str, object]]]:
    """The same as plain objects."""
    return {
        "back_ends": [asdict(speed) for speed in speeds],
        "channels": [asdict(cost) for cost in costs],
    }

"""How fast the back ends are on this machine: one question, all builds in one run.

Every name has the whole gme-2021 model. Repeats are interleaved, so a machine that slows down
slows all builds alike, and medians are reported. CPU builds are timed by the processor time of
their one thread, so other programs disturb little.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np

from ..kernels import BackendUnavailable, backend
from ..kernels.backends import Simulate
from ..kernels.layout import Packed
from ..kernels.pack import pack
from ..scenarios import Book, Chain, Market, MarketRow, Position, load_scenarios

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


def packed_model(names: int = NAMES) -> Packed:
    """`names` copies of GameStop in January 2021, each with every agent."""
    symbols = ["GME", *(f"GME{i}" for i in range(2, names + 1))]
    rows = {
        s: MarketRow(s, 35.5, 51.44e6, 61.78e6, 7.5e6, 1.06, 2.69, 0.28, betas={"market": 1.0})
        for s in symbols
    }
    market = Market(rows, date(2021, 1, 15))
    book = Book(tuple(Position(s, s, -1e6, 35.5, 0.3) for s in symbols), cash=1e9)
    (scenario,) = load_scenarios(["gme-2021"], market, book)
    everywhere = dict.fromkeys(symbols, scenario.names["GME"])
    return pack(book, market, Chain(), scenario.model_copy(update={"names": everywhere}), seed=1)


def candidates() -> list[tuple[str, str, Simulate, Callable[[], float]]]:
    """Everything that loads here: name, device, back end, its clock. Fastest kind first."""
    found: list[tuple[str, str, Simulate, Callable[[], float]]] = []
    try:
        gpu = backend("cuda")
        found.append((gpu.name, gpu.device, gpu.simulate, time.perf_counter))
    except BackendUnavailable:
        pass
    try:
        backend("native")
        from ..kernels.native import Native, available

        for build in available():
            native = Native(build)
            found.append((f"native {build}", native.isa, native.simulate, time.thread_time))
    except BackendUnavailable:
        pass
    reference = backend("reference")
    found.append((reference.name, reference.device, reference.simulate, time.thread_time))
    return found


def bench(names: int = NAMES, repeats: int = REPEATS) -> list[Speed]:
    """Speeds of all back ends that load, with their ratio to the reference."""
    packed = packed_model(names)
    steps = names * int(packed.run["steps"])
    contestants = candidates()

    def seconds(simulate: Simulate, clock: Callable[[], float], paths: int) -> float:
        ids = np.arange(paths, dtype=np.uint64)
        start = clock()
        simulate(packed, ids)
        return max(clock() - start, 1e-9)

    sizes = []
    for _, _, simulate, clock in contestants:
        seconds(simulate, clock, 64)  # loads, compiles
        trial = seconds(simulate, clock, 256)
        sizes.append(int(2 ** np.clip(round(np.log2(256 * SECONDS / trial)), 6, 20)))
    times: list[list[float]] = [[] for _ in contestants]
    for _ in range(repeats):
        for (_, _, simulate, clock), paths, taken in zip(contestants, sizes, times, strict=True):
            taken.append(seconds(simulate, clock, paths))
    rates = [
        steps * paths / statistics.median(taken) for paths, taken in zip(sizes, times, strict=True)
    ]
    return [
        Speed(name, device, rate, rate / rates[-1], paths)
        for (name, device, _, _), rate, paths in zip(contestants, rates, sizes, strict=True)
    ]


def as_json(speeds: list[Speed]) -> list[dict[str, object]]:
    """The same as plain objects."""
    return [asdict(speed) for speed in speeds]

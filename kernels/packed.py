"""What a back end takes and what it returns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .histogram_bins import HISTOGRAM_BINS, QUANTITIES
from .records import (
    COMPONENT,
    DERIVATIVE,
    EVENT,
    FUND,
    MIXING_NODES,
    PATH,
    POSITION,
    TRACE,
    Channel,
)

# What a launch is handed and hands back, by attribute, and what C calls an element of it.
INPUTS = {
    "names": "Name",
    "loadings": "float",
    "factor_streams": "unsigned",
    "schedule": "Step",
    "chain": "float",
    "steepest": "float",
    "funds": "Fund",
    "positions": "Position",
    "events": "Event",
    "event_sizes": "float",
    "mixing": "float",
    "components": "Component",
    "tilts": "float",
    "derivatives": "Derivative",
}
OUTPUTS = {
    "pnl": "float",
    "excess": "float",
    "paths": "Path",
    "closes": "unsigned",
    "peaks": "unsigned",
    "trace": "Trace",
}


def tile(names: int) -> tuple[int, int]:
    """Lanes T and names per lane K of a path's tile for N names (docs/model.md, 12)."""
    lanes = 1
    while 3 * lanes < names:
        lanes *= 2
    return lanes, -(-names // lanes)


@dataclass(frozen=True)
class Packed:
    """All a back end needs to run one scenario: plain arrays, no files, no models.

    Shapes: run (), names (T*K,) padded, loadings (T*K, F), factor_streams (F,), schedule (steps,),
    horizons (H,) days, chain (chains, steps, vol_nodes, price_nodes), steepest (chains, steps),
    funds (G,), positions (T*K, G), events (V,), event_sizes (T*K, V), mixing (tables,
    MIXING_NODES), components (C,), tilts (C, T*K + F, 1 + days), derivatives (M,). The chain table
    holds the hedge of dealers who are short everything, in floats; `steepest` is the x where its
    slope is largest, the start of Newton's method. A mixing table holds the variance of a day, mean
    1, at equally spaced normal scores. A tilt is what a component adds to the rate of a name's
    restriction clock and to the mean of each day's normal. With `members` path `id` runs under
    member `id // 16` modulo their number (kernels/members.py), and the arrays here are those of the
    scenario without its ensemble.
    """

    symbols: tuple[str, ...]
    run: npt.NDArray[np.void]
    names: npt.NDArray[np.void]
    loadings: npt.NDArray[np.float32]
    factor_streams: npt.NDArray[np.uint32]
    schedule: npt.NDArray[np.void]
    horizons: npt.NDArray[np.int32]
    chain: npt.NDArray[np.float32]
    steepest: npt.NDArray[np.float32]
    funds: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, FUND))
    positions: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros((0, 0), POSITION))
    events: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, EVENT))
    event_sizes: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 0), np.float32)
    )
    mixing: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, MIXING_NODES), np.float32)
    )
    components: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, COMPONENT))
    tilts: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))
    derivatives: npt.NDArray[np.void] = field(default_factory=lambda: np.zeros(0, DERIVATIVE))
    members: tuple[Packed, ...] = ()

    def with_channels(self, channels: Channel) -> Packed:
        """The same packed scenario with other channels switched on.

        A member keeps off what it does not use.
        """
        members = tuple(
            m.with_channels(channels & Channel(int(m.run["channels"]))) for m in self.members
        )
        return self._running(members, channels=int(channels))

    def without(self, channel: str) -> Packed | None:
        """The same with one channel off, by its name, or None where it is not in use."""
        flag, on = Channel[channel.upper()], Channel(int(self.run["channels"]))
        return self.with_channels(on & ~flag) if flag & on else None

    def at_moment(self, moment: int) -> Packed:
        """The same, with the parts of P&L kept at a Moment or at the close of a day, from 1."""
        return self._running(tuple(m.at_moment(moment) for m in self.members), moment=moment)

    def _running(self, members: tuple[Packed, ...], **fields: int) -> Packed:
        """The same with fields of its run, and its members, at other values."""
        run = self.run.copy()
        for name, value in fields.items():
            run[name] = value
        return replace(self, run=run, members=members)

    @property
    def last_day(self) -> int:
        """The last horizon."""
        return int(self.horizons[-1])

    def row_of_close(self, day: int) -> int:
        """Row of a trace after the close of a day, from 1; 0 is the start."""
        return day * (int(self.run["steps_per_day"]) + 1)

    def inputs(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a launch, without the run and the path ids."""
        return {name: getattr(self, name) for name in INPUTS}


@dataclass(frozen=True)
class Simulated:
    """What a back end returns for a set of paths.

    pnl (days, paths) at every close and excess (days + 1, paths), row 0 the start: profit and loss,
    and equity less the margin requirement (negative: a call), fractions of equity at the start;
    paths (paths,) PATH records; closes (days, N, len(QUANTITIES), HISTOGRAM_BINS) counts; peaks
    (N, HISTOGRAM_BINS) counts of the highest price of a path; trace (paths, steps + 1, N) TRACE
    records, only when asked for.
    """

    pnl: npt.NDArray[np.float32]
    excess: npt.NDArray[np.float32]
    paths: npt.NDArray[np.void]
    closes: npt.NDArray[np.uint32]
    peaks: npt.NDArray[np.uint32]
    trace: npt.NDArray[np.void] | None = None

    def outputs(self) -> dict[str, npt.NDArray[Any] | None]:
        """The arrays that a launch fills."""
        return {name: getattr(self, name) for name in OUTPUTS}

    @classmethod
    def blank(cls, packed: Packed, paths: int, *, trace: bool) -> Simulated:
        """Room for the results of so many paths; the counts start at 0."""
        run, names = packed.run, int(packed.run["names"])
        closes = (int(run["days"]), names, len(QUANTITIES), HISTOGRAM_BINS)
        return cls(
            pnl=np.empty((int(run["days"]), paths), np.float32),
            excess=np.empty((int(run["days"]) + 1, paths), np.float32),
            paths=np.empty(paths, PATH),
            closes=np.zeros(closes, np.uint32),
            peaks=np.zeros((names, HISTOGRAM_BINS), np.uint32),
            trace=np.empty((paths, int(run["steps"]) + 1, names), TRACE) if trace else None,
        )


class Simulate(Protocol):
    """What every back end is: packed scenario and path ids (uint64) to results."""

    def __call__(
        self, packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False
    ) -> Simulated: ...

"""What a results store contains: groups, dimensions, units, and the words that explain them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..measures.limits import KeptLimit
    from ..measures.target import Until


FORMAT = 2
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MULTIPLES = (2.0, 5.0, 10.0)
FEEDBACK = ("on", "off")
GAIN_QUANTILES = (0.5, 0.95)
RECORD_BYTES = 16384
CONVENTIONS = """\
Results of powderkeg. Open with xarray.open_datatree(path, engine="zarr", consolidated=False).
Losses are positive: loss = -pnl. Money is a fraction of the book's equity at the start; multiply by
the attributes `equity` (in `currency`) for money. Prices are relative to the start. Holdings are in
floats (the name's public float = 1). Rates and volatilities are per annum, times in trading days.
Paths are conditional stories, not forecasts, so no mean is shown. They have equal weights, but for
those in /tilted.
Variables ending in _calm belong to the same paths (same random numbers) with all feedback off.
A path is replayed from its id, the coordinate `path`.
Groups: /inputs what was read; /losses every path; /histograms and /counts counts per path block;
/by_day P&L, VaR, ES, calls for cash and odds by day from them;
/prices quantiles from them; /squeeze odds of a peak; /loop_gain at the start and where it is
largest; /overlap who is hurt when somebody else unwinds; /exit what closing the book costs;
/measures risk measures with intervals;
/conventions ES with what nobody knows at other values, where it may matter;
/sensitivity how much ES changes with parameters that nobody knows, where it was asked for;
/tail the worst paths replayed: who lost what on them, contributions by name, effects of channels;
/attribution how much of ES is due to each channel and /channel_off the paths it is made from, where
it was asked for;
/importance tail measures from weighted paths and /tilted those paths, where they were asked for;
/blocks one record per (scenario, path block) with its SHA-256 digests.
The attribute `commit` is written last. Without it the run is unfinished: do not read on.
Time and device stand in the attributes of / only; all else depends on inputs and seed alone.
NaN means `never` in margin-call and attention days and `the sample is too small` in /measures,
/sensitivity, /attribution and /importance, else damage."""


@dataclass(frozen=True)
class InputFile:
    """A file as read: its role (book, market, chain, scenario), its name, its exact text."""

    role: str
    name: str
    text: str


NO_CROWD = "no_crowd"
"""What a variant changes in which no crowd comes; its value is how likely that is."""


@dataclass(frozen=True)
class Variant:
    """How a scenario differs from another one of its store; no `base` is one as it was given."""

    base: str = ""
    parameter: str = ""
    value: float = math.nan


@dataclass(frozen=True)
class Exit:
    """Cost of closing the book in each of `days`, and at its share of volume in `time`.

    Shapes: participation (scenarios,), time and at_participation (scenarios, names), cost
    (scenarios, names, len(days)). Costs are fractions of equity.
    """

    days: tuple[int, ...]
    participation: npt.NDArray[np.float64]
    time: npt.NDArray[np.float64]
    at_participation: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]


@dataclass(frozen=True)
class StoreSpec:
    """All that must be known to lay out a store before the first path is simulated.

    Shapes: edges (len(quantities), bins + 1), peak_edges (bins + 1,), loop_gain (scenarios, names,
    len(channels)), weights (names,) or None, overlap (scenarios, holders, holders), NaN where a
    scenario has no such holder.
    Units: horizons in trading days; weights are signed position values over equity; edges as in
    docs/model.md. `parameters` is one JSON text and `variants` one record per scenario, or empty.
    The first `attribution` paths of every scenario that varies none also run with each of
    `channels_off` off; those scenarios come first. They also run `importance` weighted paths, of
    components with the `shares` and the `tilts`, shape (those scenarios, components, names +
    factors, 1 + days): what is added to the rate 1 of a restriction clock, then to means by day.
    With `until` the store may grow to more paths, as many as it says at most. `limits` are what the
    run is held to; they decide no number. `findings` are what the rules of plausibility said of the
    inputs and `glance` the book at a glance, both as JSON.
    `provenance` is the one place for times, device and versions: it becomes the attributes of /
    and counts for no digest.
    """

    scenarios: tuple[str, ...]
    symbols: tuple[str, ...]
    days: int
    horizons: tuple[int, ...]
    paths: int
    block_size: int
    quantities: tuple[str, ...]
    edges: npt.NDArray[np.float64]
    peak_edges: npt.NDArray[np.float64]
    fingerprint: str
    equity: float
    currency: str
    channels: tuple[str, ...]
    loop_gain: npt.NDArray[np.floating[Any]]
    inputs: tuple[InputFile, ...] = ()
    parameters: tuple[str, ...] = ()
    weights: npt.NDArray[np.floating[Any]] | None = None
    variants: tuple[Variant, ...] = ()
    holders: tuple[str, ...] = ()
    overlap: npt.NDArray[np.floating[Any]] | None = None
    attribution: int = 0
    channels_off: tuple[str, ...] = ()
    measure: str = "worst"
    until: Until | None = None
    limits: tuple[KeptLimit, ...] = ()
    exit: Exit | None = None
    findings: tuple[Mapping[str, Any], ...] = ()
    glance: Mapping[str, Any] | None = None
    importance: int = 0
    shares: tuple[float, ...] = ()
    component_of: npt.NDArray[np.integer[Any]] | None = None
    streams: tuple[str, ...] = ()
    tilts: npt.NDArray[np.floating[Any]] | None = None
    title: str = "powderkeg squeeze stress test"
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """Path blocks per scenario."""
        return -(-self.paths // self.block_size)

    @property
    def given(self) -> int:
        """How many scenarios vary none."""
        return sum(not v.base for v in self.variants) if self.variants else len(self.scenarios)

    @property
    def attributed(self) -> int:
        """How many scenarios, the first ones, run with one channel off."""
        return self.given if self.attribution else 0

    @property
    def weighted(self) -> int:
        """How many scenarios, the first ones, run weighted paths as well."""
        return self.given if self.importance else 0

    def problem(self) -> str | None:
        """What is wrong with the specification, in one line, or None."""
        names, scenarios = len(self.symbols), len(self.scenarios)
        bins = self.peak_edges.size - 1
        checks = {
            "no scenario": scenarios == 0,
            "no name": names == 0,
            "duplicate scenario ids": len(set(self.scenarios)) != scenarios,
            "duplicate symbols": len(set(self.symbols)) != names,
            "paths and block_size must be positive": min(self.paths, self.block_size) < 1,
            "horizons must rise within 1..days": not self.horizons
            or sorted(set(self.horizons)) != list(self.horizons)
            or not 1 <= self.horizons[0] <= self.horizons[-1] <= self.days,
            "edges must have shape (quantities, bins + 1)": self.edges.shape
            != (len(self.quantities), bins + 1),
            "loop_gain must have shape (scenarios, names, channels)": self.loop_gain.shape
            != (scenarios, names, len(self.channels)),
            "parameters must be one text per scenario": len(self.parameters) not in (0, scenarios),
            "variants must be one per scenario": len(self.variants) not in (0, scenarios),
            "a variant's base must be a scenario that is none": not {v.base for v in self.variants}
            - {""}
            <= {name for name, v in zip(self.scenarios, self.variants, strict=False) if not v.base},
            "weights must be one number per name": self.weights is not None
            and self.weights.shape != (names,),
            "overlap must have shape (scenarios, holders, holders)": self.overlap is not None
            and self.overlap.shape != (scenarios, len(self.holders), len(self.holders)),
            "exit costs must have shape (scenarios, names, days)": self.exit is not None
            and self.exit.cost.shape != (scenarios, names, len(self.exit.days)),
            "attribution takes up to all paths and at least one channel": not 0
            <= self.attribution
            <= self.paths
            or (self.attribution > 0) != (len(self.channels_off) > 0),
            "variants must come last": self.attribution + self.importance > 0
            and any(v.base for v in self.variants[: self.given]),
            "importance takes up to all paths, each of a component": not 0
            <= self.importance
            <= self.paths
            or self.importance != (0 if self.component_of is None else self.component_of.size),
            "tilts must have shape (scenarios, components, streams, 1 + days)": self.importance > 0
            and (
                self.tilts is None
                or self.tilts.shape
                != (self.weighted, len(self.shares), len(self.streams), 1 + self.days)
            ),
            "equity must be positive": not self.equity > 0,
        }
        return next((text for text, wrong in checks.items() if wrong), None)

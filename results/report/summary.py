"""What a store says, in the order a portfolio manager reads it; the table and the page print this.

Scenarios come worst first: by ES 99 % of the run's measure, by default at the worst moment, or the
highest level the paths support.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from ..formats import MINUS, clean, count, decimals, number, percent
from ..measures import statistics as st
from ..measures.euler import supported
from ..measures.levels import ES, LEVELS, PROBABILITY, VAR
from ..measures.levels import percent as level_text
from ..measures.limits import LimitLike, kept
from ..measures.path_loss import PathLoss
from ..measures.target import Until, asked, error_text, relative

FLOOR_WARNING, MOSTLY = 0.01, 0.5
"""Shares of tail paths without elastic float: named, and too many for a number."""
SHAPE_WARNING = 0.5
HOLD, SOLD_OUT = "hold", "margin, house"
AT_ODDS = 4.0
"""Standard errors between weighted and plain paths that are no chance."""


@dataclass(frozen=True)
class Line:
    """One measure of one scenario; fractions of equity or probabilities."""

    measure: str
    label: str
    kind: str
    level: float
    horizon: int
    on: st.Estimate
    off: st.Estimate
    difference: st.Estimate
    tail_paths: int
    floor_share: float
    tail_shape: float

    @property
    def is_money(self) -> bool:
        """Whether the estimate is a loss and not a probability."""
        return self.kind != PROBABILITY

    @property
    def name(self) -> str:
        """The measure as a table names it."""
        return self.label if self.is_money else f"P({self.label})"


@dataclass(frozen=True)
class Varied:
    """ES of a scenario, as it was given (no parameter) or with one parameter varied."""

    scenario: int
    parameter: str
    value: str
    es: st.Estimate
    change: st.Estimate | None

    @property
    def change_texts(self) -> tuple[str, str]:
        """Change and its standard error, with the decimals of the ES that changes."""
        if self.change is None:
            return "", ""
        places = decimals(100 * self.es.value)
        return percent(self.change.value, places), percent(self.change.standard_error, places)


VARIED = {
    "policy": "policy",
    "impact": "impact x",
    "max_multiple": "max_multiple x",
    "dealer_sign": "dealers' sign",
}


@dataclass(frozen=True)
class Gains:
    """Loop gains of a scenario: by channel at the start and at a path's largest total.

    Shapes: start (names, channels); largest (names, channels, quantiles), total (names,
    quantiles) with the quantiles of schema.GAIN_QUANTILES, the median first.
    """

    channels: list[str]
    start: npt.NDArray[np.float64]
    largest: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]

    def at_start(self, name: int) -> float:
        """All channels of a name together."""
        return float(self.start[name].sum())

    @property
    def order(self) -> list[int]:
        """Names, largest median first."""
        return [int(i) for i in np.argsort(-self.total[:, 0], kind="stable")]

    def main(self, name: int) -> str:
        """The two channels that a name's largest total comes from, at their medians."""
        parts = self.largest[name, :, 0]
        most = [int(c) for c in np.argsort(-np.abs(parts), kind="stable")[:2]]
        return ", ".join(
            f"{self.channels[c]} {number(parts[c])}" for c in most if abs(parts[c]) >= 0.005
        )


class Summary:
    """Reads a finished store (as `open_results` returns it) for people.

    `scenarios` are all of the store; `order` leaves out those that only vary another one. `limits`
    are those that the store keeps, or what it is held to instead.
    """

    def __init__(self, tree: xr.DataTree, limits: Sequence[LimitLike] | None = None) -> None:
        self.tree = tree
        self.limits = kept(tree.attrs) if limits is None else tuple(limits)
        self.equity = float(tree.attrs["equity"])
        self.currency = clean(str(tree.attrs["currency"]))
        self.paths = int(tree.attrs["grid"]["paths"])
        self.loss = PathLoss(str(tree.attrs["measure"]))
        self.measures = tree["measures"].to_dataset().load()
        self.horizons = [int(day) for day in tree["losses"].to_dataset()["horizon"].values]
        self.scenarios = [clean(str(s)) for s in self.measures["scenario"].values]
        self.symbols = [clean(str(s)) for s in tree["squeeze"].to_dataset()["name"].values]
        self.ids = [str(m) for m in self.measures["measure"].values]
        inputs = tree["inputs"].to_dataset()
        bases = (
            inputs["variant_of"].values if "variant_of" in inputs else [""] * len(self.scenarios)
        )
        self.given = [s for s, base in enumerate(bases) if not str(base)]

    def line(self, scenario: int, measure: str) -> Line:
        """One measure of a scenario. Errors: ValueError for a measure that is not there."""
        m, data = self.ids.index(measure), self._columns
        on, off = (
            st.Estimate(
                *(float(data[c][scenario, f, m]) for c in ("estimate", "standard_error")),
                *(float(data[c][scenario, f, m]) for c in ("low", "high")),
            )
            for f in (0, 1)
        )
        parts = ("", "_standard_error", "_low", "_high")
        return Line(
            measure=measure,
            label=str(data["label"][m]),
            kind=str(data["kind"][m]),
            level=float(data["level"][m]),
            horizon=int(data["horizon"][m]),
            on=on,
            off=off,
            difference=st.Estimate(*(float(data[f"difference{p}"][scenario, m]) for p in parts)),
            tail_paths=int(data["tail_paths"][scenario, m]),
            floor_share=float(data["floor_share"][scenario, m]),
            tail_shape=float(data["tail_shape"][scenario, 0, m]),
        )

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[Any]]:
        return {str(name): self.measures[name].values for name in self.measures.variables}

    def losses(self, scenario: int, *, calm: bool = False) -> npt.NDArray[np.float64]:
        """Losses of all paths by the run's measure, positive, shape (paths,); `calm` without any
        feedback.
        """
        data = self.tree["losses"].to_dataset()[f"{self.loss.variable}{'_calm' * calm}"]
        data = data.isel(scenario=scenario)
        if self.loss.day is not None:
            data = data.isel(horizon=self.horizons.index(self.loss.day))
        return 0.0 - data.values.astype(np.float64)

    def lines(self, scenario: int) -> list[Line]:
        """Every measure of a scenario."""
        return [self.line(scenario, measure) for measure in self.ids]

    def main_lines(self, scenario: int) -> list[Line]:
        """The rows worth a first look: the run's measure, odds, ES 99 % of the others."""
        return [
            line
            for line in self.lines(scenario)
            if line.measure.endswith(f"_{self.loss}")
            or (line.kind == PROBABILITY and line.horizon in (0, self.horizons[-1]))
            or (line.kind == ES and line.level == self.level)
            or (line.horizon == 0 and line.kind == VAR and "worst" not in line.measure)
        ]

    @cached_property
    def until(self) -> Until | None:
        """The error that the run went on for."""
        return asked(dict(self.tree.attrs))

    @cached_property
    def reached(self) -> float:
        """The largest relative standard error of that measure over the scenarios as given."""
        if self.until is None:
            return math.nan
        name = self.until.measure(self.loss)
        errors = [relative(self.line(s, name).on) for s in self.given]
        return math.inf if any(map(math.isnan, errors)) else max(errors)

    @property
    def missed(self) -> str:
        """One sentence where that error was not met, else nothing."""
        if self.until is None or self.reached <= self.until.error:
            return ""
        now = f"known to {error_text(self.reached)}" if math.isfinite(self.reached) else "not known"
        return (
            f"{self.until} {self.loss.words} is {now} with {count(self.paths)} paths, the "
            f"most allowed; {error_text(self.until.error)} was asked for"
        )

    @property
    def when(self) -> str:
        """When losses are taken, in words."""
        day = self.horizons[-1]
        return self.loss.words + ("" if self.loss.day else f" of {day} days")

    @cached_property
    def level(self) -> float | None:
        """Level of the headline: 99 %, or the highest below that the paths support."""
        return supported(self.paths)

    def headline_line(self, scenario: int) -> Line | None:
        """The one number of a scenario, or None if the paths support none."""
        if self.level is None:
            return None
        return self.line(scenario, f"es_{level_text(self.level)}_{self.loss}")

    @cached_property
    def order(self) -> list[int]:
        """Scenarios as given, worst first; ties in the order they were given."""
        if self.level is None:
            return self.given
        m = self.ids.index(f"es_{level_text(self.level)}_{self.loss}")
        estimates = self._columns["estimate"][self.given, 0, m]
        return [self.given[s] for s in np.argsort(-estimates, kind="stable")]

    @cached_property
    def sensitivity(self) -> list[Varied]:
        """Scenarios that were varied, worst first, each followed by its variants."""
        if "sensitivity" not in self.tree or self.level is None:
            return []
        data = self.tree["sensitivity"].to_dataset().sel(level=self.level).load()
        parts = ("", "_standard_error", "_low", "_high")
        rows: list[Varied] = []
        for s in self.order:
            mine = np.flatnonzero(data["base"].values == self.measures["scenario"].values[s])
            line = self.headline_line(s)
            if not mine.size or line is None:
                continue
            rows.append(Varied(s, "", "as given", line.on, None))
            for row in mine:
                es, change = (
                    st.Estimate(*(float(data[name + part].values[row]) for part in parts))
                    for name in ("es", "change")
                )
                parameter = str(data["parameter"].values[row])
                words = VARIED.get(parameter, clean(parameter))
                number_ = float(data["value"].values[row])
                value = f"{number_:g}".replace("-", MINUS)
                value = SOLD_OUT if parameter == "policy" else value
                rows.append(Varied(s, words, value, es, change))
        return rows

    def gains(self, scenario: int) -> Gains:
        """Loop gains of a scenario."""
        data = self.tree["loop_gain"].to_dataset().isel(scenario=scenario).load()
        channels = [clean(str(c)).replace("_", " ") for c in data["channel"].values]
        values = (data[v].values.astype(float) for v in ("gain", "gain_max", "total_max"))
        return Gains(channels, *values)

    def overlap(self, scenario: int) -> tuple[list[str], npt.NDArray[np.float64]]:
        """The book and the funds of a scenario, and what each loses (rows) when one unwinds.

        Shape: (holders, holders), fractions of equity; no holder where there is no fund.
        """
        if "overlap" not in self.tree:
            return [], np.empty((0, 0))
        data = self.tree["overlap"].to_dataset().isel(scenario=scenario).load()
        table = data["overlap"].values
        mine = np.flatnonzero(~np.isnan(np.diag(table)))
        if mine.size < 2:
            return [], np.empty((0, 0))
        names = [clean(str(data["holder"].values[i])) for i in mine]
        return names, table[np.ix_(mine, mine)]

    def warnings(self) -> list[str]:
        """What a reader must know before trusting the numbers, one sentence each."""
        lines = [line for s in self.order for line in self._risky(s)]
        tails = {line.level: line.tail_paths for _, line in lines}
        refused = {p: n for p, n in tails.items() if n < st.REFUSE}
        thin = {p: n for p, n in tails.items() if st.REFUSE <= n < st.WARN}
        found = [f"{self.missed}."] if self.missed else []
        if refused:
            need = math.ceil(st.REFUSE / (1 - max(refused)) - 1e-6)
            found.append(
                f"VaR and ES refused at {_levels(refused)}: it takes {st.REFUSE}, "
                f"so {count(need)} paths."
            )
        if thin:
            found.append(
                f"VaR and ES at {_levels(thin)} rest on fewer than {st.WARN}: "
                "read the interval as a hint."
            )
        found += self._listed(
            lines,
            lambda line: line.floor_share > FLOOR_WARNING,
            "more than 1 % of the tail paths ran out of elastic float; try "
            "clearing.max_multiple at half and twice its value",
        )
        found += self._listed(
            lines,
            lambda line: line.tail_shape >= SHAPE_WARNING,
            f"the tail is heavier than shape {SHAPE_WARNING}; the intervals of ES are too narrow",
        )
        return found + self._weighted()

    def _weighted(self) -> list[str]:
        """What a reader must know of the weighted paths."""
        if "importance" not in self.tree:
            return []
        data = self.tree["importance"].to_dataset().load()
        names = [clean(str(s)) for s in data["scenario"].values]
        off = np.abs(data["mean_weight"].values - 1) > AT_ODDS * (
            data["mean_weight_standard_error"].values
        )
        odds = off | (np.abs(data["es_z"].values) > AT_ODDS).any(axis=1)
        found = [
            f"{names[s]}: weighted and plain paths disagree; trust the plain ones."
            for s in np.flatnonzero(odds)
        ]
        for s, tails in enumerate(data["effective_tail"].values):
            thin = {
                float(p): int(n)
                for p, n in zip(data["level"].values, tails, strict=True)
                if n < st.WARN
            }
            if thin:
                found.append(f"{names[s]}: the weighted tail is thin at {_levels(thin)}.")
        return found

    def _risky(self, scenario: int) -> list[tuple[int, Line]]:
        names = [f"es_{level_text(p)}_{self.loss}" for p in LEVELS]
        return [(scenario, self.line(scenario, name)) for name in names]

    def _listed(
        self, lines: list[tuple[int, Line]], test: Callable[[Line], bool], words: str
    ) -> list[str]:
        """One sentence for all scenarios that fail a test at the headline's level."""
        bad = [self.scenarios[s] for s, line in lines if line.level == self.level and test(line)]
        if not bad:
            return []
        shown = ", ".join(bad[:5]) + (f" and {count(len(bad) - 5)} more" if len(bad) > 5 else "")
        return [f"{shown}: {words}."]


def _levels(tails: dict[float, int]) -> str:
    """99 % (30 tail paths), 99.5 % (15 tail paths)."""
    return ", ".join(f"{level_text(p)} % ({n} tail paths)" for p, n in tails.items())

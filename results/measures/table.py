"""The table of risk measures: every number with its interval, beside all feedback off.

A mean is not among them: paths are conditional stories, not forecasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..store.fields import EVERY_PATH_FIELD, NEVER, Field, Odds, Tail
from ..store.schema import FEEDBACK
from . import statistics as st
from .levels import (
    ES,
    LEVELS,
    LOSS_SIZES,
    PROBABILITY,
    SHAPE_LEVEL,
    SHORT,
    VAR,
    percent,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One row: `measure` is its id, `horizon` 0 means the whole path, `level` 0 a probability."""

    measure: str
    kind: str
    label: str
    level: float = 0.0
    horizon: int = 0


@dataclass(frozen=True)
class Row:
    """A measure of one scenario: feedback on, all feedback off, and the paired difference."""

    on: st.Estimate
    off: st.Estimate
    difference: st.Estimate
    tail_paths: int
    floor_share: float
    shape_on: float
    shape_off: float


def list_measures(horizons: tuple[int, ...]) -> tuple[Measure, ...]:
    """All rows of the table in their order: the whole path first, then days."""
    rows = []
    for _, measure in _path_measures():
        if isinstance(measure, Odds):
            rows.append(Measure(measure.name, PROBABILITY, measure.label))
            continue
        for level in measure.levels:
            p = percent(level)
            for kind, label in ((VAR, measure.var_label), (ES, measure.es_label)):
                if label:
                    name = f"{SHORT[kind]}_{p}_{measure.name}"
                    rows.append(Measure(name, kind, label.format(p=p), level))
    for day in horizons:
        for level in LEVELS:
            p = percent(level)
            rows += [
                Measure(f"var_{p}_day_{day}", VAR, f"VaR {p} %, day {day}", level, day),
                Measure(f"es_{p}_day_{day}", ES, f"ES {p} %, day {day}", level, day),
            ]
        for size in LOSS_SIZES:
            name = f"p_loss_{percent(size)}_day_{day}"
            label = f"loss above {percent(size)} %, day {day}"
            rows.append(Measure(name, PROBABILITY, label, horizon=day))
    return tuple(rows)


def _path_measures() -> list[tuple[Field, Tail | Odds]]:
    """What is measured of whole paths, in the order of the table."""
    every = [(of, measure) for of in EVERY_PATH_FIELD for measure in of.measures]
    return sorted(every, key=lambda pair: pair[1].place)


@dataclass
class _Losses:
    """One loss variable of a scenario with what has been worked out about it."""

    values: Floats
    ordered: Floats = field(init=False)
    shape: float = field(init=False)

    def __post_init__(self) -> None:
        self.ordered = st.sorted_losses(self.values)
        self.shape = st.tail_shape(self.ordered, SHAPE_LEVEL)

    def var_es(self, level: float) -> tuple[st.Estimate, st.Estimate]:
        """VaR and ES, or twice NaN where the sample is too small."""
        try:
            return (
                st.value_at_risk(self.ordered, level),
                st.expected_shortfall(self.ordered, level),
            )
        except st.TooFewPaths:
            return st.REFUSED, st.REFUSED


def measure_scenario(
    arrays: Mapping[str, npt.NDArray[np.float32]], horizons: tuple[int, ...]
) -> dict[str, Row]:
    """Every measure of one scenario by its id.

    Shape: pnl, pnl_calm (horizons, paths); floor_names and the fields that have measures, with
    their _calm, (paths,).
    Errors: ValueError if a profit or loss is NaN.
    """
    floor = arrays["floor_names"] > 0
    rows: dict[str, Row] = {}
    for index, day in enumerate(horizons):
        on, off = _Losses(-_f8(arrays["pnl"][index])), _Losses(-_f8(arrays["pnl_calm"][index]))
        for level in LEVELS:
            name = f"{percent(level)}_day_{day}"
            rows[f"var_{name}"], rows[f"es_{name}"] = _tail(on, off, level, floor)
        for size in LOSS_SIZES:
            hits, base = (side.values > np.float32(size) for side in (on, off))
            rows[f"p_loss_{percent(size)}_day_{day}"] = _odds(hits, base, floor)
    tails: dict[str, tuple[_Losses, _Losses]] = {}
    for of, measure in _path_measures():
        full, calm = _both(arrays, of.name)
        if isinstance(measure, Odds):
            rows[measure.name] = _odds(measure.happens(full), measure.happens(calm), floor)
            continue
        sides = tails.setdefault(
            of.name, (_Losses(measure.sign * full), _Losses(measure.sign * calm))
        )
        for level in measure.levels:
            name = f"{percent(level)}_{measure.name}"
            rows[f"var_{name}"], rows[f"es_{name}"] = _tail(*sides, level, floor)
    return {measure.measure: rows[measure.measure] for measure in list_measures(horizons)}


@dataclass(frozen=True)
class Quantity:
    """A quantity of paths, larger is worse: what the ids of its measures end with, the levels and
    kinds that are measured; none of an event, which is 0 or 1. Shape: values (paths,).
    """

    name: str
    values: Floats
    levels: tuple[float, ...] = ()
    kinds: tuple[str, ...] = ()


def quantities(
    arrays: Mapping[str, npt.NDArray[np.float32]], horizons: tuple[int, ...]
) -> Iterator[Quantity]:
    """Everything with feedback that the table measures of a scenario. Shapes as there."""
    for index, day in enumerate(horizons):
        losses = -_f8(arrays["pnl"][index])
        yield Quantity(f"day_{day}", losses, LEVELS, (VAR, ES))
        for size in LOSS_SIZES:
            yield Quantity(f"p_loss_{percent(size)}_day_{day}", _f8(losses > np.float32(size)))
    for of, measure in _path_measures():
        values = _f8(arrays[of.name])
        if isinstance(measure, Odds):
            yield Quantity(measure.name, _f8(measure.happens(values)))
        else:
            labels = {VAR: measure.var_label, ES: measure.es_label}
            kinds = tuple(kind for kind, label in labels.items() if label)
            yield Quantity(measure.name, measure.sign * values, measure.levels, kinds)


def _both(arrays: Mapping[str, npt.NDArray[np.float32]], name: str) -> tuple[Floats, Floats]:
    """A path's quantity with feedback and without; without a twin nothing happens there."""
    on = _f8(arrays[name])
    if f"{name}_calm" in arrays:
        return on, _f8(arrays[f"{name}_calm"])
    return on, np.full_like(on, np.nan if name in NEVER else 0)


def _f8(values: npt.NDArray[Any]) -> Floats:
    return np.asarray(values, np.float64)


def _tail(on: _Losses, off: _Losses, level: float, floor: npt.NDArray[np.bool_]) -> tuple[Row, Row]:
    known, base = on.var_es(level), off.var_es(level)
    count = st.tail_paths(on.values.size, level)
    if known[0] is st.REFUSED:
        refused = Row(st.REFUSED, st.REFUSED, st.REFUSED, count, np.nan, on.shape, off.shape)
        return refused, refused
    both = st.paired_difference(on.values, known, off.values, base, level)
    share = float(floor[on.values >= known[0].value].mean())
    one, two = (
        Row(a, b, d, count, share, on.shape, off.shape)
        for a, b, d in zip(known, base, both, strict=True)
    )
    return one, two


def _odds(
    hits: npt.NDArray[np.bool_], base: npt.NDArray[np.bool_], floor: npt.NDArray[np.bool_]
) -> Row:
    count = int(hits.sum())
    share = float(floor[hits].mean()) if count else 0.0
    on, off = st.wilson(count, hits.size), st.wilson(int(base.sum()), base.size)
    return Row(on, off, st.probability_difference(hits, base), count, share, np.nan, np.nan)


@dataclass(frozen=True)
class Column:
    """A variable of /measures and how to read it from a row; `by_feedback` has both."""

    name: str
    long_name: str
    by_feedback: bool
    description: str = ""

    def read(self, row: Row) -> tuple[float, ...]:
        """Its values: one, or (feedback on, off)."""
        if self.name.startswith("difference"):
            part = self.name.removeprefix("difference").lstrip("_") or "value"
            return (float(getattr(row.difference, part)),)
        if self.name == "tail_shape":
            return row.shape_on, row.shape_off
        if self.by_feedback:
            part = "value" if self.name == "estimate" else self.name
            return float(getattr(row.on, part)), float(getattr(row.off, part))
        return (float(getattr(row, self.name)),)


COLUMNS = (
    Column("estimate", "estimate", True, "VaR and ES as fractions of equity, or a probability."),
    Column("standard_error", "standard error", True),
    Column("low", "lower end of the 95 % interval", True),
    Column("high", "upper end of the 95 % interval", True),
    Column(
        "tail_shape",
        "shape of a generalised Pareto tail beyond the 99 % quantile",
        True,
        "A warning, no estimate: from .5 up standard errors of ES are too small.",
    ),
    Column("difference", "estimate with feedback less estimate without, same paths", False),
    Column("difference_standard_error", "standard error of the paired difference", False),
    Column("difference_low", "lower end of its 95 % interval", False),
    Column("difference_high", "upper end of its 95 % interval", False),
    Column("tail_paths", "paths beyond the quantile, or paths where it happens", False),
    Column("floor_share", "share of those paths in which a name ran into its floor", False),
)


def columns(
    scenarios: Iterator[dict[str, Row]], count: int, horizons: tuple[int, ...]
) -> dict[str, Floats]:
    """Arrays of /measures by variable: (scenario, feedback, measure) or (scenario, measure)."""
    size = len(list_measures(horizons))
    arrays = {
        c.name: np.empty((count, len(FEEDBACK), size) if c.by_feedback else (count, 1, size))
        for c in COLUMNS
    }
    for s, rows in enumerate(scenarios):
        for c in COLUMNS:
            for m, row in enumerate(rows.values()):
                arrays[c.name][s, :, m] = c.read(row)
    return {c.name: a if c.by_feedback else a[:, 0] for c in COLUMNS for a in (arrays[c.name],)}

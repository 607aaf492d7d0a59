"""A stress without its condition, that a crowd comes: a sentence and a table of /unconditional."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..formats import clean, percent, percent_range
from .explained import Rows
from .summary import Line, Summary

EVENTS = ("p_margin_call", "p_call_unmet", "p_ruin")


def unconditional(summary: Summary, scenario: int) -> str:
    """The sentence beside the headline of a scenario that says how likely its crowd is."""
    data = _of(summary, scenario)
    tail = None if data is None else summary.headline_line(scenario)
    if data is None or tail is None or np.isnan(_at(data, tail.measure)):
        return ""
    value, interval = _cells(data, tail.measure)
    return (
        f" That is if a crowd comes; none does with weight {float(data['weight'].values):.3g}. "
        f"Unconditional, over both, it is {value} (95 % interval {interval}), and all equity is "
        f"gone at some time in {percent(_at(data, 'p_ruin'))}."
    )


def unconditional_rows(summary: Summary, scenario: int) -> Rows | None:
    """Measures of the weighted law beside the scenario's own."""
    data = _of(summary, scenario)
    if data is None:
        return None
    lines = [line for line in _lines(summary, scenario) if not np.isnan(_at(data, line.measure))]
    return Rows(
        "Unconditional, beside the stress",
        ("", "if a crowd comes", "unconditional", "95 % interval"),
        [(_label(line), percent(line.on.value), *_cells(data, line.measure)) for line in lines],
        "quantiles of the weighted law of both, in which no crowd comes with weight "
        f"{float(data['weight'].values):.3g}",
    )


def _of(summary: Summary, scenario: int) -> xr.Dataset | None:
    if "unconditional" not in summary.tree:
        return None
    data = summary.tree["unconditional"].to_dataset().load()
    names = [clean(str(name)) for name in data["scenario"].values]
    name = summary.scenarios[scenario]
    return data.isel(scenario=names.index(name)) if name in names else None


def _lines(summary: Summary, scenario: int) -> list[Line]:
    """VaR and ES of the run's measure, and whether the book lives."""
    own = [line for line in summary.lines(scenario) if line.measure.endswith(f"_{summary.loss}")]
    return [*own, *(summary.line(scenario, name) for name in EVENTS)]


def _label(line: Line) -> str:
    return line.label if line.is_money else f"P({line.label})"


def _at(data: xr.Dataset, measure: str, part: str = "estimate") -> float:
    ids: list[Any] = data["measure"].values.tolist()
    return float(data[part].values[ids.index(measure)])


def _cells(data: xr.Dataset, measure: str) -> tuple[str, str]:
    value, low, high = (_at(data, measure, part) for part in ("estimate", "low", "high"))
    return percent(value), percent_range(low, high, value)

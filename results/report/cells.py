"""Numbers of a store as cells of tables, each written here once: page and terminal print these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..formats import REFUSED, count, money, percent, percent_range
from ..measures.levels import percent as level_text
from .summary import FLOOR_WARNING, Line, Summary


@dataclass(frozen=True)
class LineCells:
    """A measure of a scenario; `floor_bad` where the floor decides too much of its tail."""

    name: str
    value: str
    interval: str
    money: str
    off: str
    difference: str
    difference_interval: str
    tail: str
    floor: str
    floor_bad: bool
    horizon: int


def line_cells(summary: Summary, line: Line) -> LineCells:
    """A measure of a scenario."""
    on, d, floor = line.on, line.difference, line.floor_share
    return LineCells(
        name=line.name,
        value=percent(on.value),
        interval=percent_range(on.low, on.high, on.value),
        money=money(on.value, summary.equity, "").strip() if line.is_money else "",
        off=percent(line.off.value),
        difference="" if np.isnan(d.value) else percent(d.value),
        difference_interval=percent_range(d.low, d.high, d.value),
        tail=count(line.tail_paths),
        floor="" if np.isnan(floor) else percent(floor),
        floor_bad=floor > FLOOR_WARNING,
        horizon=line.horizon,
    )


@dataclass(frozen=True)
class ScenarioCells:
    """A scenario among others: its one number, the last day's, and odds."""

    scenario: str
    value: str
    interval: str
    money: str
    off: str
    end: str
    called: str
    unmet: str
    ruin: str


def scenario_cells(summary: Summary, scenario: int) -> ScenarioCells:
    """A scenario among others."""
    line = summary.headline_line(scenario)
    level = "99" if summary.level is None else level_text(summary.level)
    last = f"es_{level}_day_{summary.horizons[-1]}"
    names = (last, "p_margin_call", "p_call_unmet", "p_ruin")
    rest = (percent(summary.line(scenario, name).on.value) for name in names)
    first = (REFUSED, "", "", "")
    if line is not None:
        cells = line_cells(summary, line)
        first = (cells.value, cells.interval, cells.money, cells.off)
    return ScenarioCells(summary.scenarios[scenario], *first, *rest)


def varied_rows(summary: Summary) -> list[tuple[str, ...]]:
    """Scenarios that were varied and their variants: scenario, of variants none, parameter, value,
    ES, its interval, the paired change and its error."""
    return [
        (
            summary.scenarios[row.scenario] if row.change is None else "",
            row.parameter,
            row.value,
            percent(row.es.value),
            percent_range(row.es.low, row.es.high, row.es.value),
            *row.change_texts,
        )
        for row in summary.sensitivity
    ]


@dataclass(frozen=True)
class NameOdds:
    """Odds, each with its interval, that the price of a name peaks at or above multiples; `weight`
    of the position, nothing where the store has none."""

    name: int
    weight: str
    odds: tuple[tuple[str, str], ...]


def name_odds(summary: Summary, scenario: int) -> tuple[list[str], list[NameOdds]]:
    """The multiples, and every name, likeliest squeeze first."""
    squeeze = summary.tree["squeeze"].to_dataset().isel(scenario=scenario).load()
    odds, low, high = (squeeze[v].values for v in ("probability", "low", "high"))
    inputs = summary.tree["inputs"].to_dataset()
    weights = inputs["weight"].values if "weight" in inputs else None
    order = [int(i) for i in np.argsort(-odds[:, 0], kind="stable")]
    found = [
        NameOdds(
            i,
            "" if weights is None else percent(float(weights[i])),
            tuple(
                (percent(p), percent_range(a, b, p))
                for p, a, b in zip(odds[i], low[i], high[i], strict=True)
            ),
        )
        for i in order
    ]
    return [f"{m:g}x" for m in squeeze["multiple"].values], found

"""Limits on risk measures, from YAML:

    - {scenario: gme-2021, measure: es_99_day_10, below: 0.4}
    - {scenario: all, measure: p_margin_call, below: 0.05, confident: true}

Losses are fractions of equity and positive. `confident` holds the upper end of the 95 % interval
against the limit instead of the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError, did_you_mean, shown
from .timeline import ALL
from .yamlfile import Mapping, Place, Sequence, load_tree

FIELDS = ("scenario", "measure", "below", "confident")


@dataclass(frozen=True)
class Limit:
    """`measure` of `scenario` (or of all) must be below `below`; `places` are where each stands."""

    scenario: str
    measure: str
    below: float
    confident: bool
    places: dict[str, Place]

    def error(self, key: str, problem: str) -> InputError:
        """`limits.yaml:3: measure: <problem>`"""
        return InputError(f"{self.places[key]}: {key}: {problem}")


def load_limits(path: str | Path) -> tuple[Limit, ...]:
    """The limits of a file, in its order. Raises InputError with file and line."""
    tree, file = load_tree(Path(path)), str(path)
    if isinstance(tree, Mapping) and set(tree) == {"limits"}:
        tree = tree["limits"]
    if not isinstance(tree, Sequence) or not tree:
        raise InputError(
            f"{file}: no list of limits; write lines such as "
            "`- {scenario: all, measure: es_99_day_10, below: 0.4}`"
        )
    return tuple(_limit(item, place) for item, place in zip(tree, tree.places, strict=True))


def _limit(item: Any, place: Place) -> Limit:
    if not isinstance(item, Mapping):
        raise InputError(f"{place}: {shown(item)} is not a limit; give scenario, measure and below")
    for key in item:
        if key not in FIELDS:
            help_ = did_you_mean(key, FIELDS, f"; give {', '.join(FIELDS)}")
            raise InputError(f"{item.places[key]}: {key}: unknown field{help_}")
    for key in FIELDS[:3]:
        if item.get(key) is None:
            raise InputError(f"{item.places.get(key, place)}: {key}: is missing; add it")
    below, confident = item["below"], item.get("confident", False)
    if isinstance(below, bool) or not isinstance(below, int | float) or not math.isfinite(below):
        raise InputError(
            f"{item.places['below']}: below: {shown(below)} is not a number; "
            "give a fraction, .4 for 40 %"
        )
    if not isinstance(confident, bool):
        raise InputError(
            f"{item.places['confident']}: confident: {shown(confident)} is not true or false"
        )
    return Limit(str(item["scenario"]), str(item["measure"]), float(below), confident, item.places)


def check_limits(
    limits: Collection[Limit], scenarios: Collection[str], measures: Collection[str]
) -> None:
    """Raises InputError, with file and line, for a scenario or measure that a run does not have."""
    for limit in limits:
        scenario, measure, below = limit.scenario, limit.measure, limit.below
        if scenario != ALL and scenario not in scenarios:
            help_ = did_you_mean(scenario, scenarios, f"; it has {', '.join(scenarios)}")
            raise limit.error("scenario", f"the run has no {shown(scenario)}{help_}")
        if measure not in measures:
            help_ = did_you_mean(measure, measures)
            raise limit.error(
                "measure", f"the run has no {shown(measure)}{help_}; see /measures of the store"
            )
        if measure.startswith("p_") and not 0 < below <= 1:
            raise limit.error("below", f"{below:g} is no probability; give a fraction, .05 for 5 %")

"""What a reverse stress test answers, as plain records and as JSON."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from ...results.measures import statistics as st
from ...results.measures.path_loss import PathLoss
from ...scenarios import InputError, Scenario
from ..path_loss import path_loss
from .breach import Breach
from .nearest import Floats

_MEASURE = re.compile(r"(var|es)[ _-]?(\d{2}(?:\.\d+)?)(?:_(\w+))?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Measure:
    """VaR or ES at a level of what a path loses, as in the table of measures."""

    kind: str
    level: float
    loss: PathLoss

    def __str__(self) -> str:
        return f"{'VaR' if self.kind == 'var' else 'ES'} {100 * self.level:.6g} %"

    def __call__(self, losses: Floats) -> st.Estimate:
        """Of losses (n,). Raises TooFewPaths."""
        return st.var_es(losses, self.level)[self.kind == "es"]


def parse_measure(text: str, usual: str, horizons: tuple[int, ...]) -> Measure:
    """`var99`, `es_97.5_worst`, `var_99_day_10`; `usual` is the loss where none is named.

    Raises InputError.
    """
    found = _MEASURE.fullmatch(str(text).strip())
    level = float(found[2]) / 100 if found else 0.0
    if found is None or not 0.5 <= level < 1:
        raise InputError(
            f'measure: "{text}" is not var or es with a level from 50 to below 100, such as '
            "var99, es_97.5_worst or es_99_day_10"
        )
    loss = path_loss((found[3] or usual).lower(), horizons)
    return Measure(found[1].lower(), float(repr(round(level, 9))), loss)


@dataclass(frozen=True)
class Move:
    """What one axis does at a point: units and words."""

    axis: str
    what: str
    unit: str
    units: float
    words: str


@dataclass(frozen=True)
class Alone:
    """The smallest move along one axis, and the measure there.

    `move` is None where the loss is not reached within `tried` units; `value` is then the nearest
    to it. `effect` is the largest change of the measure that was seen.
    """

    move: Move | None
    axis: str
    what: str
    unit: str
    error: float
    value: st.Estimate
    tried: tuple[float, float]
    effect: float


@dataclass(frozen=True)
class Joint:
    """The nearest point over all axes; `shares` are parts of the squared distance."""

    moves: list[Move]
    shares: list[float]
    distance: float
    error: float
    value: st.Estimate
    scenario: Scenario


@dataclass(frozen=True)
class Reverse:
    """The answer. `loss` is a fraction of equity; `alone` is nearest first; `notes` say what could
    not be told and what to do."""

    store: str
    scenario: str
    loss: float
    equity: float
    currency: str
    paths: int
    probability: st.Estimate
    breaching: int
    measure: Measure
    base: st.Estimate
    search_paths: int
    points: int
    alone: list[Alone]
    joint: Joint | None
    breach: Breach | None
    notes: list[str]

    @property
    def beyond(self) -> bool:
        """Whether the measure is at the loss or beyond it as things are."""
        return self.base.value >= self.loss

    def as_json(self) -> dict[str, Any]:
        """Plain objects; what is not known is None. The nearest point is there as a scenario."""
        tree = asdict(self)
        tree["measure"] = f"{self.measure.kind}_{100 * self.measure.level:.6g}_{self.measure.loss}"
        tree["beyond"] = self.beyond
        if self.joint is not None:
            tree["joint"]["scenario"] = as_plain(self.joint.scenario)
        plain: dict[str, Any] = _without_nan(tree)
        return plain


def _without_nan(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _without_nan(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_nan(value) for value in tree]
    return None if isinstance(tree, float) and not math.isfinite(tree) else tree


def as_plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as a YAML file has it."""
    return scenario.model_dump(mode="json", exclude_unset=True)


def scenario_text(joint: Joint) -> str:
    """The nearest point as a scenario file."""
    text = yaml.safe_dump(as_plain(joint.scenario), sort_keys=False)  # type: ignore[no-untyped-call]
    return str(text)

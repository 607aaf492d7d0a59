"""A published table: what a paper reports, the same simulated, and where the two differ."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.packed import Simulate
from ....scenarios.agents.borrow import Borrow
from ....scenarios.agents.clearing import Clearing
from ..case import Array

GROUPS = 20
"""Parts of a sample that the jackknife leaves out in turn."""
CLEAR = 3.0
"""Standard errors by which a figure is larger than another before a claim counts it as larger."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "clearing": {**Clearing().model_dump(), "attention_volume": 0.0},
    "borrow": Borrow().model_dump(),
}
"""Sections of a name that trades under the model's own defaults, the square-root law among them,
and not as the quiet names of engine/validate/setting.py; without a crowd."""


@dataclass(frozen=True)
class Figure:
    """A simulated number, its standard error, and what the paper reports of it, if anything."""

    what: str
    value: float
    error: float
    reported: str = ""

    def above(self, other: Figure | float) -> bool:
        """Whether it is larger by more than three standard errors; NaN is not."""
        value, error = (other.value, other.error) if isinstance(other, Figure) else (other, 0.0)
        return self.value - value > CLEAR * math.hypot(self.error, error)

    def below(self, other: Figure | float) -> bool:
        """Whether it is smaller by more than three standard errors; NaN is not."""
        value, error = (other.value, other.error) if isinstance(other, Figure) else (other, 0.0)
        return value - self.value > CLEAR * math.hypot(self.error, error)


@dataclass(frozen=True)
class Claim:
    """What the model is said to share with the paper, and whether the figures show it."""

    what: str
    holds: bool


@dataclass(frozen=True)
class Measured:
    """The figures of a table and the claims about them."""

    figures: tuple[Figure, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Published:
    """One table.

    `reports` is what the paper says, `read` what of it was read to say so; `simulated` the
    scenario, `differs` where and why the model differs. `measure` runs it on a back end with
    `paths` paths.
    """

    id: str
    title: str
    paper: str
    reports: str
    read: str
    simulated: str
    differs: str
    paths: int
    measure: Callable[[Simulate, int], Measured] = field(repr=False)


@dataclass(frozen=True)
class Result:
    """A table as it came out."""

    table: Published
    measured: Measured
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.measured.claims)


def run(table: Published, simulate: Simulate, paths: int | None = None) -> Result:
    """Measures a table, with its own number of paths or another."""
    start = time.perf_counter()
    measured = table.measure(simulate, table.paths if paths is None else paths)
    return Result(table, measured, time.perf_counter() - start)


def figure(
    what: str, statistic: Callable[..., Any], *samples: npt.NDArray[Any], reported: str = ""
) -> Figure:
    """A statistic of samples whose rows are independent, with its standard error.

    The error is that of the delete-a-group jackknife (Kott 2001, J. Official Statistics 17).
    """
    group = np.arange(len(samples[0])) % GROUPS
    with np.errstate(invalid="ignore", divide="ignore"):  # a ratio to nothing is NaN
        value = float(statistic(*samples))
        each = [statistic(*(s[group != left_out] for s in samples)) for left_out in range(GROUPS)]
    without = np.array(each, float)
    error = math.sqrt((GROUPS - 1) / GROUPS * float(((without - without.mean()) ** 2).sum()))
    return Figure(what, value, error, reported)


def mean(what: str, values: Array, reported: str = "") -> Figure:
    """The mean of independent values."""
    return figure(what, np.mean, values, reported=reported)

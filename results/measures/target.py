"""The error that a run goes on for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import statistics as st
from .levels import ES, VAR, percent
from .path_loss import PathLoss

NAMES = {VAR: "VaR", ES: "ES"}
SAFETY = 1.1
"""On the paths that an estimated error asks for, itself known to some per cent."""

LEAST_GROWTH, MOST_GROWTH = 1.25, 4.0


@dataclass(frozen=True)
class Until:
    """Go on until VaR or ES of the run's measure has this relative standard error, everywhere.

    `kind` is that of a measure of the table, `most` the paths at which the run stops all the same.
    """

    kind: str
    level: float
    error: float
    most: int

    def __str__(self) -> str:
        return f"{NAMES[self.kind]} {percent(self.level)} %"

    def measure(self, loss: PathLoss) -> str:
        """Its id among the measures of a store."""
        return f"{NAMES[self.kind].lower()}_{percent(self.level)}_{loss}"

    def reached(self, losses: npt.NDArray[np.float64]) -> float:
        """Relative standard error over losses, shape (paths,); infinite where they are too few."""
        try:
            var, es = st.var_es(losses, self.level)
        except st.TooFewPaths:
            return math.inf
        return relative(var if self.kind == VAR else es)

    def first(self, block: int, least: int = 1) -> int:
        """Paths of the first stage: whole blocks with enough tail, and at least so many."""
        tail = math.ceil(st.WARN / (1 - self.level) - 1e-6)
        return self._whole(max(tail, least), block)

    def following(self, paths: int, error: float, block: int) -> int:
        """Paths of the next stage; `paths` again where the error is met or no more may be run."""
        if error <= self.error or paths >= self.most:
            return paths
        wanted = SAFETY * (error / self.error) ** 2
        growth = min(max(wanted, LEAST_GROWTH), MOST_GROWTH)
        return self._whole(math.ceil(growth * paths), block)

    def _whole(self, paths: int, block: int) -> int:
        return min(-(-paths // block) * block, self.most)


def relative(estimate: st.Estimate) -> float:
    """Standard error over the size of the estimate; of a number without error 0."""
    error, size = estimate.standard_error, abs(estimate.value)
    return 0.0 if error == 0 else error / size if size > 0 else math.inf


def error_text(error: float) -> str:
    """A relative error as people write it: 1.25 %."""
    return f"{100 * error:.3g} %"


def asked(attributes: Mapping[Any, Any]) -> Until | None:
    """What the attributes of a store's root say was asked for."""
    given = attributes.get("until")
    return Until(**given) if isinstance(given, dict) else None

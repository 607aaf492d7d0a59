"""What a fit says of the ten sessions from the first close: unconditional, and if a crowd comes.

The unconditional law is that of both cases by their weights: its quantiles are those of all paths
together (results/measures/mixture.py). Errors are over parameter sets and over the weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...results.measures import statistics as st
from ...results.measures.mixture import Mixture

Array = npt.NDArray[np.float64]

SESSIONS = 10
PATHS = 16_384
MULTIPLES = (2.0, 10.0)
LEVEL = 0.99


@dataclass(frozen=True)
class Told:
    """A number in the weighted law, if a crowd comes, and if none does."""

    name: str
    unconditional: st.Estimate
    crowd: st.Estimate
    nobody: st.Estimate


@dataclass(frozen=True)
class Outlook:
    """Losses of a short of one share at its worst close, in first prices, set by set.

    Shape: crowd, nobody (paths,); as many paths of each of `members` sets, whose path j has the
    same random numbers. `weight` is that of nobody.
    """

    crowd: Array
    nobody: Array
    members: int
    weight: float
    weight_error: float

    @classmethod
    def of(cls, crowd: Array, nobody: Array, members: int, weight: tuple[float, float]) -> Outlook:
        """From log closes. Shape: crowd, nobody (paths, sessions)."""
        with_, without = (np.expm1(np.maximum(x.max(axis=1), 0.0)) for x in (crowd, nobody))
        return cls(with_, without, members, *weight)

    def told(self) -> tuple[Told, ...]:
        """P(peak close >= a multiple) for MULTIPLES, then ES at LEVEL."""
        odds = (
            Told(f"P(peak >= {multiple:g}x)", *(self._odds(law, multiple) for law in self._laws))
            for multiple in MULTIPLES
        )
        return *odds, Told(f"ES {LEVEL:.0%} of a short", *map(self._es, self._laws))

    @property
    def _laws(self) -> tuple[Mixture, Mixture, Mixture]:
        both, weights = (self.crowd, self.nobody), (1 - self.weight, self.weight)
        return (
            Mixture(both, weights, self.members),
            Mixture((self.crowd,), (1.0,), self.members),
            Mixture((self.nobody,), (1.0,), self.members),
        )

    def _odds(self, law: Mixture, multiple: float) -> st.Estimate:
        found = law.probability(lambda loss: loss >= multiple - 1)
        means = [float((sample >= multiple - 1).mean()) for sample in law.samples]
        return self._with_weight(law, found, means)

    def _es(self, law: Mixture) -> st.Estimate:
        var, found = law.var_es(LEVEL)
        means = [float(np.maximum(x - var.value, 0).mean()) / (1 - LEVEL) for x in law.samples]
        return self._with_weight(law, found, means)

    def _with_weight(self, law: Mixture, found: st.Estimate, means: list[float]) -> st.Estimate:
        """The estimate with the error of the weight, which moves it by the difference of means."""
        if len(law.samples) == 1:
            return found
        by = self.weight_error * abs(means[0] - means[1])
        wider = float(np.hypot(found.standard_error, by)) - found.standard_error
        return replace(
            found,
            standard_error=found.standard_error + wider,
            low=max(found.low - st.Z * wider, 0.0),
            high=found.high + st.Z * wider,
        )

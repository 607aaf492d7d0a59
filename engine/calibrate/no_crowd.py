"""The case that no crowd comes, held against the same closes by the same loss.

Everything but the crowd is drawn from the same priors and runs as before, and is fitted as the
crowd is: an ensemble of its own, and its evidence, the prior mean of e^(-RATE loss). Bayes' rule
makes of both evidences and of a base rate the weight that is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from ...scenarios.overrides import ATTENTION, without_crowd
from .simulator import Simulator
from .smc import Evidence

Array = npt.NDArray[np.float64]

DRAWS = 1024


@dataclass(frozen=True)
class NoCrowd:
    """`prior` and `weight` are its probabilities before and after the closes, `crowd` the evidence
    against it. Shape: members (members, parameters) in the order of `simulator.priors`.
    """

    simulator: Simulator
    prior: float
    evidence: Evidence
    crowd: Evidence
    members: Array

    @property
    def weight(self) -> float:
        """Probability that no crowd comes, after the closes."""
        return float(expit(logit(self.prior) + self.evidence.log - self.crowd.log))

    @property
    def weight_error(self) -> float:
        """Its standard error, of the evidence alone."""
        error = np.hypot(self.evidence.standard_error, self.crowd.standard_error)
        return float(self.weight * (1 - self.weight) * error)


def without(simulator: Simulator) -> tuple[Simulator, list[int]]:
    """The simulator in whose paths no crowd comes, and the places of the parameters it has left."""
    laws = simulator.priors.laws
    kept = [place for place, key in enumerate(laws) if not _of_the_crowd(key)]
    priors = replace(
        simulator.priors, laws={key: law for key, law in laws.items() if not _of_the_crowd(key)}
    )
    base = without_crowd(simulator.base, simulator.base.ensemble)
    return replace(simulator, base=base, priors=priors), kept


def _of_the_crowd(key: str) -> bool:
    """Whether a parameter is of the crowd that may come, not of what one holds from before."""
    return key == ATTENTION or (key.startswith("crowd.") and not key.startswith("crowd.initial_"))

"""The case that no crowd comes, as a weighted member of a scenario's law.

    no_crowd:
      weight: 0.97
      ensemble:
        names.GME.anchor.clustering: [0.06, 0.11, 0.08, 0.09]

In it nobody attends, and the crowd neither grows nor trades; all else runs as the scenario says, on
the same random numbers, its columns in place of the ensemble's. The scenario itself stays
conditional on its crowd: `weight` tells how a run's unconditional measures are made of both.
"""

from __future__ import annotations

from pydantic import Field

from .ensemble import Members
from .parameter import Section, parameter

YEAR = 252  # sessions
CROWDS_PER_YEAR = 0.25
"""Part of all names that a crowd comes to within a year. About a quarter of stocks see a squeeze in
a year (Swiss Finance Institute Research Paper 23-63); that it may begin on any day is assumed."""


class NoCrowd(Section):
    """How likely it is that no crowd comes, and the parameter sets that hold then."""

    weight: float = parameter(
        ...,
        "probability that no crowd comes",
        "1",
        "required; powderkeg calibrate writes it",
        ge=0,
        le=1,
    )
    ensemble: dict[str, Members] = Field(
        {}, description="columns that stand in for those of the scenario's `ensemble`"
    )


def prior_weight(sessions: int, per_year: float = CROWDS_PER_YEAR) -> float:
    """Probability that no crowd comes within so many sessions, if it may begin on any of them.

    (1 - per_year)^(sessions/252): a quarter a year is 1.1 % in ten sessions.
    """
    return float((1 - per_year) ** (sessions / YEAR))

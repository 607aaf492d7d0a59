"""A factor that scales with attention: the common move of names that one crowd looks at."""

from __future__ import annotations

from .parameter import parameter
from .whom import Touching

LEAST_SHARE, MOST_SHARE = 0.3, 0.65
"""What the data leave open: the range that is tried around a scenario."""


class AttentionFactor(Touching):
    """One factor for all names it touches, independent of the others (docs/model.md, 6).

    Its variance in a name grows with the name's own variance, so that a squeeze does not drown it.
    """

    share: float = parameter(
        0.5,
        "part of a name's daily variance that it is, at rest; in a squeeze it is the same part of "
        "what attention and clustering make of the variance beyond `factors`",
        "1",
        "seven names of January 2021: mean pairwise correlation of daily returns .64 from 13 "
        "January to 12 February (block bootstrap, 90 %: .39 to .80), .13 in the quarter before",
        ge=0,
        le=0.99,
    )

"""Validation: every channel alone against what theory says about it (`powderkeg validate`)."""

from .case import CASES, Case, Computed, Kind, Sampled
from .cases import (
    anchor,
    authority,
    clearing,
    crowd,
    dealers,
    funds,
    margin_cohort,
    policy,
    shorts,
    tails,
    timeline,
    whole,
)
from .runner import Outcome, judge, validate

# Importing these registers their cases, in the order of the table.
FAMILIES = (
    anchor, tails, clearing, dealers, crowd, shorts, margin_cohort, funds, policy, authority,
    timeline, whole,
)  # fmt: skip

__all__ = [
    "CASES", "FAMILIES", "Case", "Computed", "Kind", "Outcome", "Sampled", "judge", "validate",
]  # fmt: skip

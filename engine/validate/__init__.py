"""Validation: every channel alone against what theory says about it (`powderkeg validate`)."""

from . import anchor, authority, clearing, crowd, dealers, funds, shorts, tails, timeline, whole
from .case import CASES, Case, Computed, Kind, Sampled
from .runner import Outcome, judge, validate

# Importing these registers their cases, in the order of the table.
FAMILIES = (anchor, tails, clearing, dealers, crowd, shorts, funds, authority, timeline, whole)

__all__ = [
    "CASES", "FAMILIES", "Case", "Computed", "Kind", "Outcome", "Sampled", "judge", "validate",
]  # fmt: skip

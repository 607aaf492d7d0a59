"""Validation: every channel alone against what theory says about it (`powderkeg validate`)."""

from . import anchor, authority, clearing, crowd, dealers, funds, shorts, tails, timeline, whole
from .case import CASES, Case, Kind
from .runner import Outcome, judge, validate

__all__ = [
    "CASES",
    "Case",
    "Kind",
    "Outcome",
    "anchor",
    "clearing",
    "crowd",
    "dealers",
    "judge",
    "validate",
]

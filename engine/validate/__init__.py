"""Validation: every channel alone against what theory says about it (`powderkeg validate`)."""

from importlib import import_module
from pkgutil import iter_modules

from . import cases
from .case import CASES, Case, Computed, Kind, Sampled
from .runner import Outcome, judge, validate

# Importing a file of cases registers them: that it stands in the folder is enough.
FAMILIES = tuple(
    import_module(f"{cases.__name__}.{module.name}") for module in iter_modules(cases.__path__)
)

__all__ = [
    "CASES", "FAMILIES", "Case", "Computed", "Kind", "Outcome", "Sampled", "judge", "validate",
]  # fmt: skip

"""The group /conventions: ES with what nobody knows at other values, on a run's first paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
import zarr

from ..store.layout import full_array, new_group
from .estimates import write_estimates
from .statistics import Estimate

FLOOR, SIGN = "max_multiple", "dealer_sign"
SHARE = 0.1
"""A convention that moves ES by a larger part of it, or decides a larger part of its tail, is named
beside the interval."""


@dataclass(frozen=True)
class Convention:
    """ES of a scenario on its first `paths` as it is, with a convention at another value (or a
    factor on it), and the paired change; fractions of equity.
    """

    scenario: str
    parameter: str
    value: float
    level: float
    paths: int
    before: Estimate
    after: Estimate
    change: Estimate


def write_conventions(root: zarr.Group, found: Sequence[Convention]) -> None:
    """Add the group /conventions to `root`, if anything was tried."""
    if not found:
        return
    group = new_group(
        root,
        "conventions",
        "ES with what nobody knows at other values: the first paths again, same random numbers.",
        level=found[0].level,
        paths=found[0].paths,
    )
    for name, texts, words in (
        ("base", [each.scenario for each in found], "scenario"),
        ("parameter", [each.parameter for each in found], "what is at another value"),
    ):
        full_array(group, name, ("trial",), texts, "1", words)
    value = np.array([each.value for each in found])
    full_array(group, "value", ("trial",), value, "1", "its value, or the factor on max_multiple")
    about = "Fraction of equity, losses positive."
    for name, words in (
        ("before", "expected shortfall of these paths as the scenario is"),
        ("after", "expected shortfall of these paths with the convention at this value"),
        ("change", "expected shortfall with it less that without, same paths"),
    ):
        table = np.array([astuple(getattr(each, name)) for each in found]).T
        write_estimates(group, name, ("trial",), table, words, about)

"""Limits held against the measures of a store: what is broken, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ..measures import statistics as st
from .summary import Line, Summary

ALL = "all"


class LimitLike(Protocol):
    """A limit (scenarios.limits.Limit)."""

    @property
    def scenario(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def below(self) -> float: ...
    @property
    def confident(self) -> bool: ...


@dataclass(frozen=True)
class Verdict:
    """A limit against one scenario. `held` is what was compared: estimate, or upper end; NaN where
    the sample supports none, and then `reason` says why."""

    scenario: str
    limit: LimitLike
    line: Line
    held: float
    reason: str

    @property
    def broken(self) -> bool:
        """Whether the measure is not below the limit, or is not known to be."""
        return not self.held < self.limit.below


def verdicts(summary: Summary, limits: Iterable[LimitLike]) -> list[Verdict]:
    """Every limit against every scenario it is for, in the order of the file; `all` leaves out
    scenarios that only vary another one. Errors: ValueError for a scenario or measure not there.
    """
    found = []
    for limit in limits:
        given = summary.given
        if limit.scenario != ALL:
            given = [summary.scenarios.index(limit.scenario)]
        found += [_verdict(summary, scenario, limit) for scenario in given]
    return found


def _verdict(summary: Summary, scenario: int, limit: LimitLike) -> Verdict:
    line = summary.line(scenario, limit.measure)
    held = line.on.high if limit.confident else line.on.value
    reason = ""
    if math.isnan(held):
        paths = "path" if line.tail_paths == 1 else "paths"
        reason = f"refused: {line.tail_paths} tail {paths}, it takes {st.REFUSE}"
    elif not held < limit.below:
        reason = "above the limit" if held > limit.below else "at the limit"
    return Verdict(summary.scenarios[scenario], limit, line, held, reason)

"""Limits held against the measures of a store: what is broken, and why, and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..formats import clean, money, percent, percent_range
from ..measures import statistics as st
from ..measures.limits import LimitLike
from .explained import Rows
from .summary import Line, Summary

ALL = "all"


@dataclass(frozen=True)
class Verdict:
    """A limit against one scenario. `held` is what was compared: estimate, or upper end; NaN where
    the sample supports none, and then `reason` says why. `equity` is what both are fractions of.
    """

    scenario: str
    limit: LimitLike
    line: Line
    held: float
    reason: str
    equity: float

    @property
    def broken(self) -> bool:
        """Whether the measure is not below the limit, or is not known to be."""
        return not self.held < self.limit.below

    @property
    def refused(self) -> bool:
        """Whether it is broken because too few paths say what the measure is."""
        return math.isnan(self.held)

    @property
    def words(self) -> str:
        """The verdict as a table says it."""
        if self.refused:
            return f"refused: {self.reason}"
        return f"broken: {self.reason}" if self.broken else "kept"

    @property
    def held_amount(self) -> float | None:
        """`held` as money, where the limit is an amount and the sample supports it."""
        return None if self.limit.amount is None or self.refused else self.held * self.equity


def verdicts(summary: Summary) -> list[Verdict]:
    """Every limit of a store against every scenario it is for, in the order they were given; `all`
    leaves out scenarios that only vary another one. Errors: ValueError for a scenario or measure
    not there.
    """
    found = []
    for limit in summary.limits:
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
        reason = f"{line.tail_paths} tail {paths}, it takes {st.REFUSE}"
    elif not held < limit.below:
        reason = "above the limit" if held > limit.below else "at the limit"
    return Verdict(summary.scenarios[scenario], limit, line, held, reason, summary.equity)


def limits_words(found: Sequence[Verdict]) -> str:
    """How many are broken, in words; nothing where there is no limit."""
    broken = sum(verdict.broken for verdict in found)
    refused = sum(verdict.refused for verdict in found)
    if not broken:
        return "every limit is kept" if found else ""
    text = f"{broken} of {len(found)} limits broken"
    return f"{text}, {refused} of them for want of paths" if refused else text


def limit_rows(found: Sequence[Verdict]) -> Rows | None:
    """Verdicts as a table, broken ones first, then refused; nothing where there is no limit."""
    if not found:
        return None
    ordered = sorted(found, key=lambda verdict: (not verdict.broken, verdict.refused))
    return Rows(
        "Limits",
        ("scenario", "measure", "verdict", "held", "95 % interval", "limit"),
        [_row(verdict) for verdict in ordered],
        "held: the estimate, or the upper end of its interval; it must be below the limit",
    )


def _row(verdict: Verdict) -> tuple[str, ...]:
    limit, on = verdict.limit, verdict.line.on
    return (
        verdict.scenario,
        verdict.line.name + (" (upper end)" if limit.confident else ""),
        verdict.words,
        _said(verdict, verdict.held),
        percent_range(on.low, on.high, on.value),
        _said(verdict, limit.below),
    )


def _said(verdict: Verdict, fraction: float) -> str:
    """A number of a verdict: per cent, and money first where the limit is an amount."""
    share = percent(fraction)
    if verdict.limit.amount is None or math.isnan(fraction):
        return share
    return f"{money(fraction, verdict.equity, clean(verdict.limit.currency))}, {share}"

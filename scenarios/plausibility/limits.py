"""Limits that hold whatever happens, or never do: per cent against fraction.

A limit above ten times equity, and a probability above 1, are refused where they are read.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..limits import MOST, Limit
from ..table import Row
from .finding import WARNING
from .rule import Hit, hit, rule
from .said import Said


def _row(limit: Limit) -> Row:
    place = limit.places.get("below")
    return Row(str(place) if place else "limits", 0, {})


def _fraction(limit: Limit, said: Said) -> float | None:
    """What it is in fractions of equity, None where that is not known."""
    if limit.amount is None:
        return limit.below
    return limit.amount / said.book.equity if said.book else None


@rule(
    "limits.above-equity",
    "`below` of a limit on a loss, fractions of equity",
    1.0,
    "a book that has lost all of its equity is closed",
    WARNING,
    "{measure} may be {percent:,.4g} % of equity; write {fraction:g} for {below:g} %",
)
def above_equity(said: Said, threshold: float) -> Iterator[Hit]:
    for limit in said.limits:
        below = _fraction(limit, said)
        if not limit.is_probability and below is not None and threshold < below <= MOST:
            words = {"measure": limit.measure, "percent": 100 * below, "fraction": below / 100}
            yield hit(_row(limit), "below", below=below, **words)


@rule(
    "limits.certain",
    "`below` of a limit on a probability",
    0.99,
    "what holds with a probability of 99 % is no limit",
    WARNING,
    "{measure} may be {below:.0%}, which never breaks; write .01 for 1 %",
)
def certain(said: Said, threshold: float) -> Iterator[Hit]:
    for limit in said.limits:
        if limit.is_probability and limit.below >= threshold:
            yield hit(_row(limit), "below", measure=limit.measure, below=limit.below)


@rule(
    "limits.always-broken",
    "`below` of a limit on a loss, fractions of equity",
    0.002,
    "a diversified book moves by more on a quiet day",
    WARNING,
    "{measure} may be {below:.3%} of equity; write .4 for 40 %",
)
def always_broken(said: Said, threshold: float) -> Iterator[Hit]:
    for limit in said.limits:
        below = _fraction(limit, said)
        if not limit.is_probability and below is not None and 0 < below < threshold:
            yield hit(_row(limit), "below", measure=limit.measure, below=below)

"""Whether what a run is asked for is possible: counts, blocks, days in common, limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...results.measures.levels import LEVELS
from ...results.measures.limits import KeptLimit
from ...results.measures.statistics import REFUSE
from ...results.measures.table import list_measures
from ...scenarios.book import Book
from ...scenarios.errors import InputError
from ...scenarios.limits import Limit, check_limits, read_limits
from ...scenarios.scenario import Scenario
from ..checks import whole
from .importance import NEAR

LARGEST_BLOCK = 1 << 20


def check_block(block: float | None) -> int | None:
    """Paths of a piece of work. Raises InputError."""
    if block is None:
        return None
    size = whole("block", block)
    if size < 1 or size & (size - 1) or size > LARGEST_BLOCK:
        raise InputError(f"block: {size} is not a power of two up to {LARGEST_BLOCK:,}")
    return size


def check_attribution(attribution: int, paths: int) -> int:
    """Paths that also run with one channel off, 0 for none. Raises InputError."""
    attribution = whole("attribution", attribution)
    least = round(REFUSE / (1 - LEVELS[0]))
    if attribution and not least <= attribution <= paths:
        raise InputError(
            f"attribution: {attribution:,} is not between {least:,}, the fewest that say anything "
            f"about a tail, and the {paths:,} paths of the run"
        )
    return attribution


def check_importance(importance: int, paths: int) -> int:
    """Weighted paths of every scenario, 0 for none. Raises InputError."""
    importance = whole("importance", importance)
    least = round(REFUSE / NEAR)
    if importance and not least <= importance <= paths:
        raise InputError(
            f"importance: {importance:,} is not between {least:,}, the fewest that say where the "
            f"tail is, and the {paths:,} paths of the run"
        )
    return importance


def check_grid(scenarios: Sequence[Scenario]) -> None:
    """Scenarios of one store have names of their own, and days and horizons in common."""
    ids = [scenario.id for scenario in scenarios]
    for name in ids:
        if ids.count(name) > 1:
            raise InputError(f"scenario {name} is given twice; give each an id of its own")
    first = scenarios[0]
    for other in scenarios[1:]:
        if (first.horizon_days, first.horizons) != (other.horizon_days, other.horizons):
            raise InputError(
                f"scenarios {first.id} ({first.horizon_days} days, losses at "
                f"{_days(first)}) and {other.id} ({other.horizon_days} days, losses at "
                f"{_days(other)}) do not share their days; run them separately"
            )


def check_bounds(
    limits: str | Path | Sequence[Limit], scenarios: Sequence[Scenario], book: Book
) -> tuple[KeptLimit, ...]:
    """What the store keeps of limits; a run is not worth its hours if they cannot hold it.

    Raises InputError.
    """
    measures = [measure.measure for measure in list_measures(scenarios[0].horizons)]
    ids = [scenario.id for scenario in scenarios]
    found = check_limits(read_limits(limits), ids, measures, book)
    return tuple(KeptLimit.of(limit) for limit in found)


def _days(scenario: Scenario) -> str:
    return ", ".join(str(day) for day in scenario.horizons)

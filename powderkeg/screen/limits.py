"""Verdicts on limits as a table of the terminal, and as plain objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from ..results.formats import clean, decimals, percent
from ..results.report.limits import Verdict
from .cells import places_of
from .console import table


def limits_table(found: Sequence[Verdict]) -> Table:
    """Every limit with the number it was held against, in the order of the file."""
    rows = []
    for verdict in found:
        value, limit = verdict.held, verdict.limit
        places = decimals(100 * limit.below) if math.isnan(value) else places_of(value, limit.below)
        held = percent(value, places) + (" (upper end)" if limit.confident else "")
        bound = percent(limit.below, places)
        word = f"broken, {verdict.reason}" if verdict.broken else "kept"
        rows.append((clean(verdict.scenario), limit.measure, word, held, bound))
    columns = ("scenario", "measure", "verdict", "value", "must be below")
    return table("Limits", columns, rows, left=3)


def limits_json(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The same as plain objects; a refused number is None."""
    return [
        {
            "scenario": verdict.scenario,
            "measure": verdict.limit.measure,
            "below": verdict.limit.below,
            "confident": verdict.limit.confident,
            "value": None if math.isnan(verdict.held) else verdict.held,
            "broken": verdict.broken,
            "reason": verdict.reason,
        }
        for verdict in found
    ]

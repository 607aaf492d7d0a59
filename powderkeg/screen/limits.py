"""Verdicts on limits as a table of the terminal, and as plain objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from ..results.report.limits import Verdict, limit_rows
from .console import table

TEXTS = 3
"""Columns of the table that are words."""


def limits_table(found: Sequence[Verdict]) -> Table | None:
    """Every limit with the number it was held against, broken ones first; nothing without any."""
    rows = limit_rows(found)
    if rows is None:
        return None
    # money above its share of equity: side by side they leave words no room in 80 columns
    cells = [
        (*row[:TEXTS], *(cell.replace(", ", "\n") for cell in row[TEXTS:])) for row in rows.rows
    ]
    made = table(rows.title, rows.columns, cells, left=TEXTS)
    made.caption = f"{rows.note}\n"
    return made


def limits_json(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The same as plain objects in the order of the limits; a refused number is None, and so is
    money in a limit without."""
    return [
        {
            "scenario": verdict.scenario,
            "measure": verdict.limit.measure,
            "below": verdict.limit.below,
            "confident": verdict.limit.confident,
            "value": None if verdict.refused else verdict.held,
            "broken": verdict.broken,
            "reason": verdict.reason,
            "currency": verdict.limit.currency or None,
            "below_amount": verdict.limit.amount,
            "value_amount": verdict.held_amount,
        }
        for verdict in found
    ]

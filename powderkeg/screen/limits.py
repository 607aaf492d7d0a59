"""Verdicts on limits as a table of the terminal, and as plain objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from ..results.formats import clean, decimals, money, percent
from ..results.report.limits import Verdict
from ..scenarios.limits import Limit
from .cells import places_of
from .console import table


def limits_table(found: Sequence[Verdict]) -> Table:
    """Every limit with the number it was held against, in the order of the file."""
    rows = []
    for verdict in found:
        value, limit = verdict.held, verdict.limit
        places = decimals(100 * limit.below) if math.isnan(value) else places_of(value, limit.below)
        held = _said(verdict, value, places) + (" (upper end)" if limit.confident else "")
        bound = _said(verdict, limit.below, places)
        word = f"broken, {verdict.reason}" if verdict.broken else "kept"
        rows.append((clean(verdict.scenario), limit.measure, word, held, bound))
    columns = ("scenario", "measure", "verdict", "value", "must be below")
    return table("Limits", columns, rows, left=3)


def _said(verdict: Verdict, fraction: float, places: int) -> str:
    """A number of a verdict: per cent, and money first where the limit is an amount."""
    share, limit = percent(fraction, places), _in_money(verdict)
    if limit is None or math.isnan(fraction):
        return share
    return f"{money(fraction, _equity(limit), clean(limit.currency))}, {share}"


def _in_money(verdict: Verdict) -> Limit | None:
    """The limit, if it is an amount of money."""
    limit = verdict.limit
    return limit if isinstance(limit, Limit) and limit.amount is not None else None


def _equity(limit: Limit) -> float:
    """What the amount was made a fraction of."""
    return math.nan if limit.amount is None else limit.amount / limit.below


def limits_json(found: Sequence[Verdict]) -> list[dict[str, Any]]:
    """The same as plain objects; a refused number is None, and so is money in a limit without."""
    return [
        {
            "scenario": verdict.scenario,
            "measure": verdict.limit.measure,
            "below": verdict.limit.below,
            "confident": verdict.limit.confident,
            "value": None if math.isnan(verdict.held) else verdict.held,
            "broken": verdict.broken,
            "reason": verdict.reason,
            **_money_json(verdict),
        }
        for verdict in found
    ]


def _money_json(verdict: Verdict) -> dict[str, Any]:
    """Limit and value as amounts, of a limit that is one."""
    limit = _in_money(verdict)
    if limit is None:
        return {"currency": None, "below_amount": None, "value_amount": None}
    held = None if math.isnan(verdict.held) else verdict.held * _equity(limit)
    return {"currency": limit.currency, "below_amount": limit.amount, "value_amount": held}

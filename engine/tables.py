"""What-if, comparison and limits as tables of the terminal, at home in 100 columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from ..results import statistics as st
from ..results.formats import clean, decimals, money, percent
from ..results.limits import Verdict
from ..results.measures import percent as level_text
from .compare import Comparison, Difference
from .screen import plural, table
from .whatif import Effect, Question, WhatIf

NONE = "-"
WHATIF_NOTE = (
    "error, interval: of the change, paired on the same paths. cost: half the linear impact of "
    "trading shares at once, 1/2 lambda q^2 P(0), unless --cover-cost is given, and for options "
    "what is paid beyond their mark (--spread, or the ask given); it is not in the losses. That "
    "dealers hedge the options we buy or sell, and so move the price, is not simulated. "
    "relief per cost: fall of the first ES over the cost; - where the interval holds 0 or trading "
    "is free."
)
COMPARE_NOTE = (
    "Parts add up to the total. error: standard error of the part, paired on the same paths. A "
    "part is 0 exactly where both sides have the same inputs."
)


def about_to_run(question: Question) -> str:
    """What a what-if will take, in one line."""
    text = f"{plural(question.runs, 'run')} of {plural(question.paths, 'path')}"
    if question.again:
        text += ", the book as it is among them (the store is of another build or back end)"
    if question.seconds is not None:
        text += f", about {_duration(question.seconds)} on the machine that made the store"
    return text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def whatif_tables(result: WhatIf) -> list[Table]:
    """A table for every scenario: each change with its measures before, after, and the change."""
    made = []
    heads = ("change", "% of equity", "before", "after", "by", "error", "95 % interval")
    for scenario, found in result.effects.items():
        blocks = [_effect_rows(result, effect) for effect in found]
        title = f"{clean(scenario)}: day {result.day}, most relief per cost first"
        columns = (*heads, f"cost {result.currency}", "relief per cost")
        made.append(_sections(title, columns, blocks, left=2))
    return made


def _sections(
    title: str, columns: Sequence[str], blocks: Sequence[list[tuple[str, ...]]], left: int
) -> Table:
    """A table whose blocks of rows are set apart."""
    made = table(title, columns, [row for block in blocks for row in block], left)
    last = -1
    for block in blocks:
        last += len(block)
        made.rows[last].end_section = True
    return made


def _effect_rows(result: WhatIf, effect: Effect) -> list[tuple[str, ...]]:
    ratio = effect.relief_per_cost
    per_cost = NONE if math.isnan(ratio) else f"{ratio:,.{0 if abs(ratio) >= 10 else 1}f}"
    first = (clean(effect.change), money(effect.cost, result.equity, "").strip(), per_cost)
    rows: list[tuple[str, ...]] = []
    measures = {f"ES {level_text(p)} %": shift for p, shift in effect.es.items()}
    for name, shift in (measures | {"margin call": effect.margin_call}).items():
        places = _places(shift.before.value, shift.after.value)
        sides = (_bare(side.value, places) for side in (shift.before, shift.after))
        label, *rest = first if not rows else ("", "", "")
        rows.append((label, name, *sides, *_change(shift.change, places), *rest))
    return rows


def _places(*fractions: float) -> int:
    """Decimals that suit the largest of numbers side by side."""
    return decimals(100 * max(abs(x) for x in fractions))


def _change(change: st.Estimate, places: int) -> tuple[str, str, str]:
    """A change with its error and interval, more decimals where it is small; a bare 0 if exact."""
    if change.value == change.standard_error == 0:
        return "0", "", ""
    places = max(places, min(decimals(100 * change.value), places + 2)) if change.value else places
    ends = " to ".join(_signed(end, places) for end in (change.low, change.high))
    return _signed(change.value, places), _bare(change.standard_error, places), ends


def _bare(fraction: float, places: int) -> str:
    return percent(fraction, places).removesuffix(" %")


def _signed(fraction: float, places: int) -> str:
    if fraction == 0:
        return "0"
    text = _bare(fraction, places)
    return f"+{text}" if fraction > 0 else text


def compare_tables(result: Comparison) -> list[Table]:
    """A table for every scenario: ES before, the parts of its change, ES after."""
    return [_parts(result, difference) for difference in result.differences]


def _parts(result: Comparison, difference: Difference) -> Table:
    what = f"ES {level_text(result.level)} %, day {result.day}"
    before, after = difference.yesterday, difference.tonight
    places = _places(before.value, after.value)
    rows = [("yesterday", *_level(before, places))]
    rows += [(name, *_change(part, places)) for name, part in difference.parts.items()]
    rows += [("total", *_change(difference.total, places)), ("tonight", *_level(after, places))]
    columns = ("", f"{what}, % of equity", "error", "95 % interval")
    made = table(clean(difference.scenario), columns, rows)
    for number in (0, len(rows) - 3, len(rows) - 2):
        made.rows[number].end_section = True
    return made


def _level(es: st.Estimate, places: int) -> tuple[str, str, str]:
    value, error = _bare(es.value, places), _bare(es.standard_error, places)
    return value, error, f"{_bare(es.low, places)} to {_bare(es.high, places)}"


def compare_notes(result: Comparison) -> list[str]:
    """What a reader must know besides, one line each."""
    notes = []
    if result.bought:
        notes.append(f"only in tonight's book: {', '.join(map(clean, result.bought))}")
    if result.sold:
        notes.append(f"only in yesterday's book: {', '.join(map(clean, result.sold))}")
    if result.only_yesterday:
        notes.append(f"only in yesterday's store: {', '.join(map(clean, result.only_yesterday))}")
    if result.only_tonight:
        notes.append(f"only in tonight's store: {', '.join(map(clean, result.only_tonight))}")
    return notes


def limits_table(found: Sequence[Verdict]) -> Table:
    """Every limit with the number it was held against, in the order of the file."""
    rows = []
    for verdict in found:
        value, limit = verdict.held, verdict.limit
        places = decimals(100 * limit.below) if math.isnan(value) else _places(value, limit.below)
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

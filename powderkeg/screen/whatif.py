"""A what-if as tables of the terminal, at home in 100 columns."""

from __future__ import annotations

import math

from rich.table import Table

from ..engine.whatif.effects import Effect, Question, WhatIf
from ..results.formats import clean, money
from ..results.measures.levels import percent as level_text
from .cells import NONE, bare, change_cells, duration, places_of, sections
from .console import plural

WHATIF_NOTE = (
    "error, interval: of the change, paired on the same paths. outlay: half the linear impact of "
    "trading shares at once, 1/2 lambda q^2 P(0), unless --cover-cost is given, and for options "
    "what is paid beyond their mark (--spread, or the ask given), which are not in the losses; and "
    "the premium of options bought, which becomes the options. That dealers hedge the options we "
    "buy or sell, and so move the price, is not simulated. relief per outlay: fall of the first ES "
    "over it; - where the interval holds 0 or trading is free."
)


def about_to_run(question: Question) -> str:
    """What a what-if will take, in one line."""
    text = f"{plural(question.runs, 'run')} of {plural(question.paths, 'path')}"
    if question.again:
        text += ", the book as it is among them (the store is of another build or back end)"
    if question.seconds is not None:
        text += f", about {duration(question.seconds)} on the machine that made the store"
    return text


def whatif_tables(result: WhatIf) -> list[Table]:
    """A table for every scenario: each change with its measures before, after, and the change."""
    made = []
    heads = ("change", "% of equity", "before", "after", "by", "error", "95 % interval")
    for scenario, found in result.effects.items():
        blocks = [_effect_rows(result, effect) for effect in found]
        title = f"{clean(scenario)}: losses {result.measure.words}, most relief per outlay first"
        columns = (*heads, f"outlay {result.currency}", "relief per outlay")
        made.append(sections(title, columns, blocks, left=2))
    return made


def _effect_rows(result: WhatIf, effect: Effect) -> list[tuple[str, ...]]:
    ratio = effect.relief_per_cost
    per_cost = NONE if math.isnan(ratio) else f"{ratio:,.{0 if abs(ratio) >= 10 else 1}f}"
    outlay = money(effect.outlay, result.equity, "").strip()
    first = (clean(effect.change), outlay, per_cost)
    rows: list[tuple[str, ...]] = []
    measures = {f"ES {level_text(p)} %": shift for p, shift in effect.es.items()}
    for name, shift in (measures | {"margin call": effect.margin_call}).items():
        places = places_of(shift.before.value, shift.after.value)
        sides = (bare(side.value, places) for side in (shift.before, shift.after))
        label, *rest = first if not rows else ("", "", "")
        rows.append((label, name, *sides, *change_cells(shift.change, places), *rest))
    return rows

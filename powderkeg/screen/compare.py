"""A comparison of two stores as tables of the terminal."""

from __future__ import annotations

from rich.table import Table

from ..engine.compare.plan import BOOK, MARKET, Comparing
from ..engine.compare.result import Comparison, Difference
from ..results.formats import MINUS, clean
from ..results.measures import statistics as st
from ..results.measures.levels import percent as level_text
from .cells import bare, change_cells, level_cells, places_of
from .console import plural, table

SHOWN = 12
INDENT = "\N{NO-BREAK SPACE}" * 2

SAID = 3
"""Causes that the sentence names."""

COMPARE_NOTE = (
    "Parts add up to the total, and those of the market to it twice, by input and by name. error: "
    "standard error of the part, paired on the same paths. A part is 0 exactly where both sides "
    "have the same inputs."
)


def about_to_run(plan: Comparing) -> str:
    """What a comparison will take, in one line."""
    if not plan.todo and not plan.more:
        return "everything is known from the two stores; nothing runs"
    text = f"{plural(len(plan.todo), 'run')} of {plural(plan.paths, 'path')}"
    if plan.more:
        text += f", then at most {plan.more} more for the inputs of the names that matter most"
    return text


def sentence(result: Comparison, difference: Difference) -> str:
    """What moved ES most, by input and name."""
    before, after, total = difference.yesterday, difference.tonight, difference.total
    places = places_of(before.value, after.value)
    what = f"{clean(difference.scenario)}: ES {level_text(result.level)} % {result.measure.words}"
    if total.value == 0:
        return f"{what} did not change"
    said = [
        f"{clean(words)} {_with_error(part, places)}"
        for words, part in list(difference.causes.items())[:SAID]
        if part.value
    ]
    way = "rose" if total.value > 0 else "fell"
    size, error, _ = change_cells(total, places)
    return (
        f"{what} {way} {size.lstrip('+' + MINUS)} points (error {error}), from "
        f"{bare(before.value, places)} to {bare(after.value, places)} % of equity: "
        f"{', '.join(said)}"
    )


def _with_error(change: st.Estimate, places: int) -> str:
    value, error, _ = change_cells(change, places)
    return f"{value} (error {error})"


def compare_tables(result: Comparison) -> list[Table]:
    """For every scenario ES before, the parts of its change, ES after; and the market by name."""
    made = []
    for difference in result.differences:
        made.append(_parts(result, difference))
        if len(_there(difference.names)) > 1:
            made.append(_names(result, difference))
    return made


def _there(parts: dict[str, st.Estimate]) -> dict[str, st.Estimate]:
    """Parts that are not 0 exactly."""
    return {name: part for name, part in parts.items() if part.value or part.standard_error}


def _below(parts: dict[str, st.Estimate], places: int) -> list[tuple[str, ...]]:
    """Rows of what a row above is made of."""
    there = _there(parts)
    return [(INDENT + clean(name), *change_cells(part, places)) for name, part in there.items()]


def _heads(result: Comparison, what: str) -> tuple[str, ...]:
    es = f"ES {level_text(result.level)} % {result.measure.words}"
    return what, f"{es}, % of equity", "error", "95 % interval"


def _parts(result: Comparison, difference: Difference) -> Table:
    before, after = difference.yesterday, difference.tonight
    places = places_of(before.value, after.value)
    rows: list[tuple[str, ...]] = [("yesterday", *level_cells(before, places))]
    for name, part in difference.parts.items():
        rows.append((name, *change_cells(part, places)))
        if name == BOOK:
            rows += _below(difference.trades, places)
        elif MARKET in name:
            rows += _below(difference.inputs, places)
    rows += [
        ("total", *change_cells(difference.total, places)),
        ("tonight", *level_cells(after, places)),
    ]
    made = table(clean(difference.scenario), _heads(result, ""), rows)
    for number in (0, len(rows) - 3, len(rows) - 2):
        made.rows[number].end_section = True
    return made


def _names(result: Comparison, difference: Difference) -> Table:
    """The part of the market once more, name by name, those that matter most by input."""
    places = places_of(difference.yesterday.value, difference.tonight.value)
    rows: list[tuple[str, ...]] = []
    for name, part in _there(difference.names).items():
        rows.append((clean(name), *change_cells(part, places)))
        rows += _below(difference.cells.get(name, {}), places)
    return table(f"{clean(difference.scenario)}: market by name", _heads(result, "name"), rows)


def book_tables(result: Comparison) -> list[Table]:
    """Positions that changed, and what the day made of yesterday's book."""
    made = []
    if result.moves:
        rows = [
            (clean(m.label), f"{m.before:,.0f}", f"{m.after:,.0f}", f"{m.after - m.before:+,.0f}")
            for m in result.moves[:SHOWN]
        ]
        made.append(table("Positions that changed", ("position", "was", "is", "change"), rows))
    earned = {name: value for name, value in result.day_pnl.items() if value}
    if earned:
        names = sorted(earned, key=lambda name: -abs(earned[name]))[:SHOWN]
        by_name = [(clean(name), f"{earned[name]:+,.0f}") for name in names]
        by_name.append(("all", f"{sum(earned.values()):+,.0f}"))
        title = f"P&L of yesterday's shares by tonight's prices, {result.currency}"
        made.append(table(title, ("position", "P&L"), by_name))
    return made


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

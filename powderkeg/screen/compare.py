"""A comparison of two stores as tables of the terminal."""

from __future__ import annotations

from rich.table import Table

from ..engine.compare import MARKET, Comparison, Difference
from ..results.formats import clean
from ..results.measures.levels import percent as level_text
from .cells import change_cells, level_cells, places_of
from .console import table

SHOWN = 12
INDENT = "\N{NO-BREAK SPACE}" * 2

COMPARE_NOTE = (
    "Parts add up to the total. error: standard error of the part, paired on the same paths. A "
    "part is 0 exactly where both sides have the same inputs."
)


def compare_tables(result: Comparison) -> list[Table]:
    """A table for every scenario: ES before, the parts of its change, ES after."""
    return [_parts(result, difference) for difference in result.differences]


def _parts(result: Comparison, difference: Difference) -> Table:
    what = f"ES {level_text(result.level)} % {result.measure.words}"
    before, after = difference.yesterday, difference.tonight
    places = places_of(before.value, after.value)
    rows = [("yesterday", *level_cells(before, places))]
    for name, part in difference.parts.items():
        rows.append((name, *change_cells(part, places)))
        if MARKET in name:
            rows += [
                (f"{INDENT}{words}", *change_cells(each, places))
                for words, each in difference.inputs.items()
                if each.value or each.standard_error
            ]
    rows += [
        ("total", *change_cells(difference.total, places)),
        ("tonight", *level_cells(after, places)),
    ]
    columns = ("", f"{what}, % of equity", "error", "95 % interval")
    made = table(clean(difference.scenario), columns, rows)
    for number in (0, len(rows) - 3, len(rows) - 2):
        made.rows[number].end_section = True
    return made


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

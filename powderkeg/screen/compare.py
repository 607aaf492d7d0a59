"""A comparison of two stores as tables of the terminal."""

from __future__ import annotations

from rich.table import Table

from ..engine.compare import Comparison, Difference
from ..results.formats import clean
from ..results.measures.levels import percent as level_text
from .cells import change_cells, level_cells, places_of
from .console import table

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
    rows += [(name, *change_cells(part, places)) for name, part in difference.parts.items()]
    rows += [
        ("total", *change_cells(difference.total, places)),
        ("tonight", *level_cells(after, places)),
    ]
    columns = ("", f"{what}, % of equity", "error", "95 % interval")
    made = table(clean(difference.scenario), columns, rows)
    for number in (0, len(rows) - 3, len(rows) - 2):
        made.rows[number].end_section = True
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

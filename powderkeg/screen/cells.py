"""Numbers side by side in tables: equal decimals, signs, intervals."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from ..results.formats import decimals, percent
from ..results.measures import statistics as st
from .console import table

NONE = "-"


def duration(seconds: float) -> str:
    """About how long: seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def sections(
    title: str, columns: Sequence[str], blocks: Sequence[list[tuple[str, ...]]], left: int
) -> Table:
    """A table whose blocks of rows are set apart."""
    made = table(title, columns, [row for block in blocks for row in block], left)
    last = -1
    for block in blocks:
        last += len(block)
        made.rows[last].end_section = True
    return made


def places_of(*fractions: float) -> int:
    """Decimals that suit the largest of numbers side by side."""
    return decimals(100 * max(abs(x) for x in fractions))


def change_cells(change: st.Estimate, places: int) -> tuple[str, str, str]:
    """A change with its error and interval, more decimals where it is small; a bare 0 if exact."""
    if change.value == change.standard_error == 0:
        return "0", "", ""
    places = max(places, min(decimals(100 * change.value), places + 2)) if change.value else places
    ends = " to ".join(signed(end, places) for end in (change.low, change.high))
    return signed(change.value, places), bare(change.standard_error, places), ends


def bare(fraction: float, places: int) -> str:
    """A fraction in per cent without the sign."""
    return percent(fraction, places).removesuffix(" %")


def signed(fraction: float, places: int) -> str:
    """The same with a plus; a bare 0."""
    if fraction == 0:
        return "0"
    text = bare(fraction, places)
    return f"+{text}" if fraction > 0 else text


def level_cells(es: st.Estimate, places: int) -> tuple[str, str, str]:
    """Value, standard error, interval."""
    value, error = bare(es.value, places), bare(es.standard_error, places)
    return value, error, f"{bare(es.low, places)} to {bare(es.high, places)}"

"""Numbers side by side in tables: equal decimals, signs, intervals."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from ..results.formats import decimals, percent
from ..results.measures import statistics as st
from .console import table

NONE = "-"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


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


def _level(es: st.Estimate, places: int) -> tuple[str, str, str]:
    value, error = _bare(es.value, places), _bare(es.standard_error, places)
    return value, error, f"{_bare(es.low, places)} to {_bare(es.high, places)}"

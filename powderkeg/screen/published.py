"""What `powderkeg validate --published` prints, and its part of docs/validation.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from ..engine.validate.published import TABLES, Figure, Published, Result
from .console import plural, table
from .validate import matching

COLUMNS = ("figure", "simulated", "error", "published")

INTRODUCTION = """\
What the literature reports, simulated: `powderkeg validate --published` runs these tables, and
`--write` puts them here. The model was fitted to none of them. A claim is what it is said to
share with a paper, and one that does not hold is exit code 3; more and less mean by over three
standard errors. The other figures are there to be looked at, and what differs is said below them.
Errors are those of a jackknife over 20 groups of paths, events or worlds.
"""


def choose(patterns: Sequence[str]) -> list[Published]:
    """Tables whose id matches one of the patterns, all where none is given.

    Raises InputError for a pattern that matches nothing.
    """
    there_are = f"published table; they are {', '.join(TABLES)}"
    return matching(TABLES.values(), lambda each: (each.id,), patterns, there_are)


def cells(figure: Figure) -> tuple[str, str, str, str]:
    """A row: the value to the second digit of its error, four digits at most."""
    value, error = figure.value, figure.error
    digits = 3 - math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 3
    if error > 0 and math.isfinite(error):
        digits = min(digits, 1 - math.floor(math.log10(error)))
    return (figure.what, f"{value:.{max(digits, 0)}f}", f"{error:.2g}", figure.reported)


def show(to: Console, results: Sequence[Result]) -> None:
    """Every table, what is claimed of it, and where it differs."""
    for result in results:
        title = f"{result.table.id}: {result.table.title}"
        to.print(table(title, COLUMNS, map(cells, result.measured.figures)))
        to.print(result.table.paper, markup=False)
        for claim in result.measured.claims:
            to.print(f"{'holds' if claim.holds else 'FAILS'}: {claim.what}", markup=False)
        to.print(f"Differs: {result.table.differs}\n", markup=False)


def verdict(results: Sequence[Result], where: str) -> str:
    """The last line: how many hold where, and how long it took."""
    failed = [result for result in results if not result.passed]
    seconds = sum(result.seconds for result in results)
    said = (
        f"{plural(len(failed), 'published table')} of {len(results)} failed"
        if failed
        else f"{plural(len(results), 'published table')} passed"
    )
    return f"{said} on {where} in {seconds:.0f} s"


def as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Plain rows for a script."""
    return [
        {
            "table": result.table.id,
            "paper": result.table.paper,
            "seconds": round(result.seconds, 3),
            "passed": result.passed,
            "figures": [
                {
                    "figure": figure.what,
                    "simulated": figure.value if math.isfinite(figure.value) else None,
                    "standard_error": figure.error if math.isfinite(figure.error) else None,
                    "published": figure.reported or None,
                }
                for figure in result.measured.figures
            ],
            "claims": [
                {"claim": claim.what, "holds": claim.holds} for claim in result.measured.claims
            ],
        }
        for result in results
    ]


def section(results: Sequence[Result]) -> list[str]:
    """Lines of the page."""
    lines = [INTRODUCTION]
    for result in results:
        lines += [
            *heading(result.table),
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|---|---:|---:|---:|",
            *(f"| {' | '.join(cells(figure))} |" for figure in result.measured.figures),
            "",
            *(
                f"* {'Holds' if claim.holds else 'FAILS'}: {claim.what}."
                for claim in result.measured.claims
            ),
            "",
            differs(result.table),
            "",
        ]
    return lines


def heading(these: Published) -> list[str]:
    """What stands above the figures."""
    return [
        f"### {these.id}: {these.title}",
        "",
        f"{these.paper}. {these.reports}",
        f"(Read: {these.read}.)",
        "",
        f"Simulated: {these.simulated}",
    ]


def differs(these: Published) -> str:
    """What stands below them."""
    return f"Where we differ: {these.differs}"

"""`powderkeg compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Json, Measure, Place, placed, print_json


@placed
def compare(
    yesterday: Annotated[Path, typer.Argument(metavar="YESTERDAY", help="A results store.")],
    tonight: Annotated[Path, typer.Argument(metavar="TONIGHT", help="A later one.")],
    paths: Annotated[
        str | None,
        typer.Option(metavar="N", help="Paths of every step; default: 100,000 or the fewer there."),
    ] = None,
    measure: Measure = None,
    as_json: Json = False,
    *,
    placement: Place,
) -> None:
    """Why ES changed between two stores: by book, market, scenario, version, name and input."""
    from ..engine.compare.compare import run_comparison
    from ..engine.compare.plan import plan_comparison
    from ..screen.compare import (
        COMPARE_NOTE,
        about_to_run,
        book_tables,
        compare_notes,
        compare_tables,
        sentence,
    )
    from ..screen.console import console, fit
    from ..screen.progress import progress_for
    from .arguments import count
    from .exits import stoppable

    wanted = None if paths is None else count("--paths", paths)
    plan = plan_comparison(yesterday, tonight, paths=wanted, measure=measure)
    aside, screen = console(stderr=True), console()
    aside.print(about_to_run(plan), markup=False)
    with stoppable():
        result = run_comparison(plan, placement=placement, progress=progress_for(aside))
    if as_json:
        print_json(result.as_json())
        return
    for difference in result.differences:
        screen.print(sentence(result, difference), markup=False)
    for made in (*compare_tables(result), *book_tables(result)):
        screen.print(fit(made, screen))
    for note in compare_notes(result):
        screen.print(f"note: {note}", markup=False)
    screen.print(COMPARE_NOTE, markup=False)

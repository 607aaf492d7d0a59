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
    """Why ES changed between two stores: book, market, scenario, model version, noise."""
    from ..engine.compare import plan_comparison, run_comparison
    from ..screen.compare import COMPARE_NOTE, book_tables, compare_notes, compare_tables
    from ..screen.console import console, fit, plural
    from ..screen.progress import progress_for
    from .arguments import count
    from .exits import stoppable

    wanted = None if paths is None else count("--paths", paths)
    plan = plan_comparison(yesterday, tonight, paths=wanted, measure=measure)
    aside, screen = console(stderr=True), console()
    if plan.todo:
        runs = plural(len(plan.todo), "run")
        aside.print(f"{runs} of {plural(plan.paths, 'path')}", markup=False)
    else:
        aside.print("everything is known from the two stores; nothing runs", markup=False)
    with stoppable():
        result = run_comparison(plan, placement=placement, progress=progress_for(aside))
    if as_json:
        print_json(result.as_json())
        return
    for made in (*compare_tables(result), *book_tables(result)):
        screen.print(fit(made, screen))
    for note in compare_notes(result):
        screen.print(f"note: {note}", markup=False)
    screen.print(COMPARE_NOTE, markup=False)

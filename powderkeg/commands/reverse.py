"""`powderkeg reverse`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .options import Json, Place, Store, placed, print_json


# long: its signature is the command line
@placed
def reverse(
    store: Store,
    loss: Annotated[
        str, typer.Option(metavar="LOSS", help="20% of equity, or an amount such as 25e6.")
    ],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario of the store; needed if it has several.")
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            metavar="MEASURE",
            help="What is to reach it: var99, es_97.5_worst ...",
        ),
    ] = "var99",
    axes: Annotated[
        list[str] | None,
        typer.Option(
            "--axis", metavar="AXIS", help="What may move; may be repeated; default: everything."
        ),
    ] = None,
    paths: Annotated[
        str | None,
        typer.Option(metavar="N", help="Paths of every point; default: 10,000 or the fewer there."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the nearest point as a scenario, YAML."),
    ] = None,
    as_json: Json = False,
    *,
    placement: Place,
) -> None:
    """The most likely way to a loss: what drives it, the smallest move to it, paths to replay."""
    from ..engine.reverse.answer import answer
    from ..engine.reverse.question import ask
    from ..engine.reverse.result import scenario_text
    from ..screen import reverse as say
    from ..screen.console import console, fit
    from ..screen.progress import progress_for
    from .arguments import count, refuse_folder
    from .exits import stoppable, with_options

    if output is not None:
        refuse_folder(output)
    question = ask(
        store,
        loss,
        scenario=scenario,
        measure=measure,
        axes=axes or (),
        paths=None if paths is None else count("--paths", paths),
    )
    aside, screen = console(stderr=True), console()
    with stoppable():
        result = answer(question, placement=placement, progress=progress_for(aside))
    said = [with_options(note, {"loss": "--loss"}) for note in result.notes]
    result = replace(result, notes=said)
    if output is not None and result.joint is not None:
        with output.open("x") as file:
            file.write(scenario_text(result.joint))
    if as_json:
        print_json(result.as_json())
        return
    for line in say.headline(result):
        screen.print(line, markup=False)
    for made in say.tables(result):
        screen.print()
        screen.print(fit(made, screen))
    for note in say.notes(result):
        screen.print(f"note: {note}", markup=False)
    if again := say.to_replay(result):
        print(again)
    if output is not None:
        print(f"wrote {output}" if result.joint else f"no point to write: {output} is not there")

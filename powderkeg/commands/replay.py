"""`powderkeg replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exits import UNVERIFIED
from .options import Store


def replay(
    store: Store,
    path: Annotated[str, typer.Option(metavar="N", help="Id of the path.")],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario of the store; needed if it has several.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder for CSV, Zarr and picture.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="Back end; default: the one of the store.")
    ] = None,
) -> None:
    """Run one path again and show everything that happened on it."""
    from ..engine.replay.path import replay as replay_path
    from ..screen import replay as replay_output
    from ..screen.console import console, fit, table
    from ..screen.replay_files import write
    from .arguments import refuse_folder, whole

    number = whole("--path", path) or 0
    if output is not None:
        refuse_folder(output)
    replayed = replay_path(store, number, scenario, backend=backend)
    screen = console()
    screen.print(replay_output.headline(replayed), markup=False)
    title = "Names, largest effect first; shorts in floats"
    names = table(title, replay_output.COLUMNS, replay_output.rows(replayed))
    screen.print(fit(names, screen))
    if held := replay_output.holder_rows(replayed):
        title = "Holdings that moved, in floats"
        screen.print(fit(table(title, replay_output.HOLDER_COLUMNS, held, left=2), screen))
    if stopped := replay_output.stop_rows(replayed):
        title = "Stopped, in days"
        screen.print(fit(table(title, replay_output.STOP_COLUMNS, stopped), screen))
    screen.print(replayed.verdict(), markup=False)
    if output is not None:
        for file in write(replayed, output):
            print(f"wrote {file}")
    if replayed.wrong:
        raise typer.Exit(UNVERIFIED)

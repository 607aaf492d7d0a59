"""`powderkeg demo`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from .options import Paths, Place, placed
from .run import run_request


@placed
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="New folder for what the demo makes; default: demo-output, numbered."),
    ] = None,
    paths: Paths = "100000",
    *,
    placement: Place,
) -> None:
    """Run the example book of January 2021 under the presets of its day, then show and report."""
    from ..engine.report import report
    from ..engine.run.request import RunRequest
    from ..scenarios.example import STORIES, example
    from ..screen.console import console
    from ..screen.store import show as show_store
    from .arguments import count, refuse_folder, unused

    number = count("--paths", paths)
    folder = folder or unused("demo-output")
    refuse_folder(folder)
    source, store = example(), folder / "january-2021.zarr"
    inputs = source / "book.csv", source / "market.csv", list(STORIES)
    folder.mkdir(mode=0o700)
    try:
        run_request(RunRequest(*inputs, store, paths=number, placement=placement))
    finally:
        with suppress(OSError):  # what holds a store stays
            folder.rmdir()
    # sealed a moment ago: every byte was checked then
    show_store(store, console(), verify=False)
    report(store, folder / "january-2021.html", verify=False)
    print(f"\nstore   {store}\nreport  {folder / 'january-2021.html'}")

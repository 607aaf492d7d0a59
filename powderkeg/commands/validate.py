"""`powderkeg validate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from .exits import UNVERIFIED
from .options import BackEnd


def validate(
    backend: BackEnd = "auto",
    vary: Annotated[
        str | None,
        typer.Option(metavar="SEED", help="Draw the parameters of every case by this seed."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Cases or channels, such as 'fund-*'; may be repeated."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write docs/validation.md here as well.")
    ] = None,
) -> None:
    """Compare every channel alone with its exact limit; exit code 3 if one fails."""
    from ..engine.executors import check_back_end
    from ..engine.validate import validate as run_cases
    from ..kernels.backends import backend as back_end
    from ..results.store.durable import write_file
    from ..scenarios import InputError
    from ..screen import validate as show
    from ..screen import validation_page as document
    from ..screen.console import console
    from .arguments import whole

    check_back_end(backend)
    seed = whole("--vary", vary)
    if seed is not None and not 0 <= seed < 2**32:
        raise InputError(f"--vary: {seed} is not between 0 and 4294967295")
    if write is not None:
        if seed is not None or only:
            raise InputError(
                "--write: the page shows every case as given; leave --vary and --only out"
            )
        if not write.absolute().parent.is_dir():
            raise InputError(f"{write}: the folder {write.parent} does not exist")
    cases = show.choose(only or [])
    chosen = back_end(backend)
    if chosen.note:
        print(f"powderkeg: {chosen.note}", file=sys.stderr)
    where = f"{chosen.name} ({chosen.device})"
    running = run_cases(cases, chosen.simulate, vary=seed)
    outcomes = list(show.with_progress(running, len(cases), console(stderr=True)))
    if as_json:
        print(json.dumps(show.as_json(outcomes), indent=2))
    else:
        show.show(console(), outcomes)
        console().print(show.verdict(outcomes, where), markup=False)
    if write is not None:
        write_file(write, document.document(outcomes, where).encode())
        print(f"wrote {write}", file=sys.stderr)
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(UNVERIFIED)

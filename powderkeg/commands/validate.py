"""`powderkeg validate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .exits import UNVERIFIED
from .options import BackEnd

if TYPE_CHECKING:
    from ..engine.validate import Case, Outcome
    from ..engine.validate.published import Published, Result
    from ..kernels.packed import Simulate


def validate(
    backend: BackEnd = "auto",
    vary: Annotated[
        str | None,
        typer.Option(metavar="SEED", help="Draw the parameters of every case by this seed."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Cases, channels or published tables, such as 'fund-*'; may be repeated.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    published: Annotated[
        bool,
        typer.Option("--published", help="Simulate what the literature reports instead."),
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Run both and write docs/validation.md here."),
    ] = None,
) -> None:
    """Compare every channel with its exact limit, or published tables; exit code 3 if one fails."""
    from ..engine.executors import check_back_end
    from ..kernels.backends import backend as back_end
    from ..results.store.durable import write_file
    from ..screen import published as tables_of
    from ..screen import validate as cases_of
    from ..screen import validation_page as document

    check_back_end(backend)
    seed = seed_of(vary, published)
    if write is not None:
        check_page(write, seed is not None or bool(only) or published)
    cases = [] if published else cases_of.choose(only or [])
    tables = tables_of.choose(only or []) if published or write is not None else []
    chosen = back_end(backend)
    if chosen.note:
        print(f"powderkeg: {chosen.note}", file=sys.stderr)
    where = f"{chosen.name} ({chosen.device})"
    outcomes = run_cases(cases, chosen.simulate, seed, where, as_json) if cases else []
    results = run_published(tables, chosen.simulate, where, as_json) if tables else []
    if as_json:
        rows = [*cases_of.as_json(outcomes), *tables_of.as_json(results)]
        print(json.dumps(rows, indent=2))
    if write is not None:
        write_file(write, document.document(outcomes, where, results).encode())
        print(f"wrote {write}", file=sys.stderr)
    if not (all(each.passed for each in outcomes) and all(each.passed for each in results)):
        raise typer.Exit(UNVERIFIED)


def seed_of(vary: str | None, published: bool) -> int | None:
    """What --vary says. Raises InputError."""
    from ..scenarios import InputError
    from .arguments import whole

    seed = whole("--vary", vary)
    if seed is not None and not 0 <= seed < 2**32:
        raise InputError(f"--vary: {seed} is not between 0 and 4294967295")
    if seed is not None and published:
        raise InputError("--vary: published tables have no parameters to draw; leave one out")
    return seed


def check_page(path: Path, partly: bool) -> None:
    """Refuses a page of a part of the cases, or where there is no folder. Raises InputError."""
    from ..scenarios import InputError

    if partly:
        raise InputError(
            "--write: the page shows every case as given and every published table; leave --vary, "
            "--only and --published out"
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist")


def run_cases(
    cases: Sequence[Case], simulate: Simulate, seed: int | None, where: str, as_json: bool
) -> list[Outcome]:
    """Runs the cases and shows them, unless JSON will."""
    from ..engine.validate import validate as run
    from ..screen import validate as show
    from ..screen.console import console

    running = run(cases, simulate, vary=seed)
    ids = [case.id for case in cases]
    outcomes = list(show.with_progress(running, ids, console(stderr=True)))
    if not as_json:
        show.show(console(), outcomes)
        console().print(show.verdict(outcomes, where), markup=False)
    return outcomes


def run_published(
    tables: Sequence[Published], simulate: Simulate, where: str, as_json: bool
) -> list[Result]:
    """Runs the published tables and shows them, unless JSON will."""
    from ..engine.validate.published import run
    from ..screen import published as show
    from ..screen.console import console
    from ..screen.validate import with_progress

    running = (run(each, simulate) for each in tables)
    ids = [each.id for each in tables]
    results = list(with_progress(running, ids, console(stderr=True), "table"))
    if not as_json:
        show.show(console(), results)
        console().print(show.verdict(results, where), markup=False)
    return results

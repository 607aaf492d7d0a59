"""Commands about this machine and this build: doctor, bench, validate."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from .cli_decide import UNVERIFIED

BackEnd = Annotated[str, typer.Option(help="auto, cuda, native or reference.")]


def doctor() -> None:
    """Say what this machine has and what a run will use."""
    from .engine.doctor import examine
    from .engine.screen import console, table

    console().print(table("powderkeg on this machine", ("what", "found"), examine(), left=2))


def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure the speed of every back end on gme-2021, and what each channel costs."""
    from .engine.bench import NAMES, bench_channels
    from .engine.bench import as_json as plain
    from .engine.bench import bench as measure
    from .engine.screen import console, table

    speeds, costs = measure(), bench_channels()
    if as_json:
        print(json.dumps(plain(speeds, costs), indent=2))
        return
    rows = [
        (s.name, s.device, f"{s.name_steps_per_second / 1e6:,.1f}", f"{s.ratio:,.1f}x")
        for s in speeds
    ]
    columns = ("back end", "device", "million name-steps/s", "to reference")
    title = f"One thread, {NAMES} names with the whole gme-2021 model, medians"
    screen = console()
    screen.print(table(title, columns, rows, left=2))
    models = [(c.model, f"{c.name_steps_per_second / 1e6:,.1f}", f"{c.ratio:.2f}") for c in costs]
    heads = ("model", "million name-steps/s", "time to gme-2021")
    title = f"What channels cost: {costs[0].back_end}, one thread, {NAMES} names, medians"
    screen.print(table(title, heads, models))


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
    from .engine.arguments import check_back_end, whole
    from .engine.screen import console
    from .engine.validate import document, show
    from .engine.validate import validate as run_cases
    from .kernels.backends import backend as back_end
    from .results.durable import write_file
    from .scenarios import InputError

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

"""`powderkeg run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .check import hold
from .options import Accept, BackEnd, Limits, Place, Seed, Strict, Yesterday, placed

if TYPE_CHECKING:
    from ..engine.run.request import RunRequest
    from ..scenarios.limits import Limit


# long: its signature is the command line
@placed
def run(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="Positions and cash, CSV.")],
    market: Annotated[Path, typer.Option(help="Market snapshot, CSV.")],
    scenarios: Annotated[
        list[str], typer.Option("--scenario", help="Preset or YAML file; may be repeated.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Results store to create.")],
    chain: Annotated[Path | None, typer.Option(help="Option chain, CSV.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="GME=XYZ tells GME's story on XYZ; may be repeated."),
    ] = None,
    paths: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Paths per scenario, 1e6 is a million; default 100000. With --until the most, "
            "default 5e6.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="ES99=1%",
            help="Run until this relative standard error of ES or VaR of the measure is met; "
            "exit code 2 if it is not.",
        ),
    ] = None,
    seed: Seed = "1",
    backend: BackEnd = "auto",
    block: Annotated[
        str | None,
        typer.Option(metavar="N", help="Paths per block, a power of two; default: by model size."),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity",
            help="Also vary what nobody knows: impact, max_multiple, dealers' sign. Multiplies "
            "the run; the plan says by how much.",
        ),
    ] = False,
    survival: Annotated[
        bool,
        typer.Option(
            "--survival",
            help="Also run with the book sold out by its broker on a margin call (house margin): "
            "what staying alive costs.",
        ),
    ] = False,
    attribution: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="Run the first N paths again without each channel: what ES is due to."
        ),
    ] = None,
    importance: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Also run N weighted paths, drawn where losses are large: a sharper tail.",
        ),
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            metavar="MEASURE",
            help="Loss of a path that headline, tail, attribution, --until and --importance are "
            "about: worst (at its worst moment), worst_close or day_N.",
        ),
    ] = "worst",
    limits: Limits = None,
    strict: Strict = False,
    accept: Accept = None,
    yesterday: Yesterday = None,
    *,
    placement: Place,
) -> None:
    """Simulate a book under scenarios and write a results store."""
    from ..engine.run.request import RunRequest
    from .arguments import count, symbol_map, whole

    request = RunRequest(
        book,
        market,
        scenarios,
        output,
        chain=chain,
        mapping=symbol_map(mapping or []),
        paths=None if paths is None else count("--paths", paths),
        until=until,
        seed=whole("--seed", seed) or 0,
        backend=backend,
        block=None if block is None else count("--block", block),
        sensitivity=sensitivity,
        survival=survival,
        attribution=0 if attribution is None else count("--attribution", attribution),
        importance=0 if importance is None else count("--importance", importance),
        measure=measure,
        limits=limits or (),
        strict=strict,
        accept=accept or (),
        yesterday=yesterday,
        today=date.today(),
        placement=placement,
    )
    run_request(request)
    headline(output)
    print(f"\npowderkeg show {output}\npowderkeg report {output}")
    conclude(output)


def run_request(request: RunRequest) -> None:
    """Plan, show the plan, run."""
    from ..engine.executors.placement import default_workers
    from ..engine.run.execute import run_plan
    from ..engine.run.plan import make_plan
    from ..screen.console import console
    from ..screen.plan import show_plan
    from ..screen.progress import progress_for
    from .exits import stoppable, with_options

    plan, placement = make_plan(request), request.placement
    if plan.back_end.note:
        print(f"powderkeg: {plan.back_end.note}", file=sys.stderr)
    workers = placement.workers or default_workers(plan.back_end.name)
    notes = [with_options(note, {"chain": "--chain"}) for note in plan.inputs.warnings]
    show_plan(console(), plan, notes, workers, placement.cluster)
    with stoppable():
        run_plan(plan, progress_for(console(stderr=True)))


def conclude(store: Path, limits: Sequence[Limit] | None = None) -> None:
    """What a scheduler asks of a store that is sealed: exit code 3 where a limit is broken, of
    those given or its own, else 2 where errors are larger than was asked for."""
    from ..results import open_results
    from ..results.report.summary import Summary
    from .exits import INCOMPLETE

    summary = Summary(open_results(store, verify=False))
    if limits or summary.limits:
        hold(store, limits, verify=False)  # every byte was checked when it was sealed
    if missed := summary.missed:
        print(f"powderkeg: {missed}", file=sys.stderr)
        raise typer.Exit(INCOMPLETE)


def headline(store: Path) -> None:
    from ..results import open_results
    from ..results.report.headline import headline as sentence
    from ..results.report.summary import Summary
    from ..screen.console import console, fit
    from ..screen.store import sensitivity_table

    screen, summary = console(), Summary(open_results(store, verify=False))
    screen.print(f"\n{sentence(summary)}", markup=False)
    if summary.sensitivity:
        screen.print()
        screen.print(fit(sensitivity_table(summary), screen))

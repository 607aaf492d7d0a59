"""The `powderkeg` command.

Exit codes: 0 fine, 1 user error, 2 incomplete, 3 verification failed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import __version__
from .cli_decide import UNVERIFIED, Store, Workers, check, compare, hold, reverse, whatif
from .cli_history import calibrate
from .cli_machine import BackEnd, bench, doctor, validate
from .cli_scenarios import scenarios

if TYPE_CHECKING:
    from .scenarios.limits import Limit

app = typer.Typer(
    name="powderkeg",
    help="How much can a short-heavy book lose when the market turns its own hedging against it?",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Cluster = Annotated[
    str,
    typer.Option(help="embedded (threads), local (processes) or an address tcp://HOST:PORT."),
]
Paths = Annotated[str, typer.Option(metavar="N", help="Paths per scenario; 1e6 is a million.")]
Seed = Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")]


@app.callback(invoke_without_command=True)
def _front(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"powderkeg {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def run(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="Positions and cash, CSV.")],
    market: Annotated[Path, typer.Option(help="Market snapshot, CSV.")],
    scenario: Annotated[list[str], typer.Option(help="Preset or YAML file; may be repeated.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Results store to create.")],
    chain: Annotated[Path | None, typer.Option(help="Option chain, CSV.")] = None,
    map: Annotated[
        list[str] | None, typer.Option(help="GME=XYZ tells GME's story on XYZ; may be repeated.")
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
            help="Run until this relative standard error of ES or VaR at the last horizon is met; "
            "exit code 2 if it is not.",
        ),
    ] = None,
    seed: Seed = "1",
    backend: BackEnd = "auto",
    workers: Workers = None,
    cluster: Cluster = "embedded",
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
    limits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Limits on measures, YAML; exit code 3 if one breaks."),
    ] = None,
) -> None:
    """Simulate a book under scenarios and write a results store."""
    from .engine.arguments import count, symbol_map, whole
    from .scenarios.limits import load_limits

    bounds = () if limits is None else load_limits(limits)
    _run(
        book,
        market,
        scenario,
        output,
        chain=chain,
        mapping=symbol_map(map or []),
        paths=None if paths is None else count("--paths", paths),
        until=until,
        seed=whole("--seed", seed) or 0,
        backend=backend,
        workers=whole("--workers", workers),
        cluster=cluster,
        block=None if block is None else count("--block", block),
        sensitivity=sensitivity,
        limits=bounds,
        attribution=0 if attribution is None else count("--attribution", attribution),
        importance=0 if importance is None else count("--importance", importance),
    )
    _headline(output)
    print(f"\npowderkeg show {output}\npowderkeg report {output}")
    if bounds:
        hold(output, bounds, verify=False)
    _met(output)


def _met(store: Path) -> None:
    """Exit code 2 where a store's errors are larger than was asked for."""
    from .engine.failure import INCOMPLETE
    from .results import open_results
    from .results.summary import Summary

    if missed := Summary(open_results(store, verify=False)).missed:
        print(f"powderkeg: {missed}", file=sys.stderr)
        raise typer.Exit(INCOMPLETE)


def _headline(store: Path) -> None:
    from .engine.screen import console
    from .results import open_results
    from .results.show import fit, sensitivity_table
    from .results.summary import Summary

    screen, summary = console(), Summary(open_results(store, verify=False))
    screen.print(f"\n{summary.headline()}", markup=False)
    if summary.sensitivity:
        screen.print()
        screen.print(fit(sensitivity_table(summary), screen))


def _run(
    book: Path,
    market: Path,
    scenarios: list[str],
    output: Path,
    *,
    chain: Path | None = None,
    mapping: dict[str, str] | None = None,
    paths: int | None,
    until: str | None = None,
    seed: int = 1,
    backend: str = "auto",
    workers: int | None = None,
    cluster: str = "embedded",
    block: int | None = None,
    sensitivity: bool = False,
    limits: Sequence[Limit] = (),
    attribution: int = 0,
    importance: int = 0,
) -> None:
    from .engine.arguments import check_placement, default_workers
    from .engine.failure import stoppable
    from .engine.plan import PATHS, make_plan, parse_until, with_variants
    from .engine.progress import progress_for
    from .engine.run import read_inputs, refuse_existing, run_plan
    from .engine.screen import console, show_plan
    from .results.measures import list_measures
    from .scenarios.limits import check_limits

    refuse_existing(output)
    check_placement(cluster, workers, backend)
    goal = parse_until(until, paths)
    inputs = read_inputs(book, market, scenarios, chain, mapping)
    plan = make_plan(
        inputs.book,
        inputs.market,
        inputs.chain,
        with_variants(inputs.scenarios) if sensitivity else inputs.scenarios,
        paths=goal.most if goal else PATHS if paths is None else paths,
        seed=seed,
        back_end=backend,
        block=block,
        attribution=attribution,
        until=goal,
        importance=importance,
    )
    ids = [scenario.id for scenario in plan.job.scenarios]
    measures = list_measures(plan.job.scenarios[0].horizons)
    check_limits(limits, ids, [measure.measure for measure in measures])
    if plan.back_end.note:
        print(f"powderkeg: {plan.back_end.note}", file=sys.stderr)
    count = workers or default_workers(plan.back_end.name)
    show_plan(console(), plan, inputs.warnings, count, cluster)
    with stoppable():
        run_plan(
            plan,
            output,
            inputs=inputs,
            workers=workers,
            cluster=cluster,
            progress=progress_for(console(stderr=True)),
        )


@app.command()
def resume(store: Store, workers: Workers = None, cluster: Cluster = "embedded") -> None:
    """Finish a run that was stopped or lost blocks."""
    from .engine.arguments import check_placement, whole
    from .engine.failure import stoppable
    from .engine.progress import progress_for
    from .engine.run import resume as resume_run
    from .engine.screen import console

    number = whole("--workers", workers)
    check_placement(cluster, number)
    progress = progress_for(console(stderr=True))
    with stoppable():
        resume_run(store, workers=number, cluster=cluster, progress=progress)
    _headline(store)
    _met(store)


@app.command()
def show(store: Store) -> None:
    """Print headline, risk measures, squeeze odds and warnings of a store."""
    from .engine.screen import console
    from .results.show import show as show_store

    show_store(store, console())


@app.command()
def report(
    store: Store,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML file; default: STORE without .zarr, .html."),
    ] = None,
) -> None:
    """Write a self-contained HTML report of a store."""
    from .results.report import write_report

    out = output or Path(f"{str(store).rstrip('/').removesuffix('.zarr')}.html")
    write_report(store, out)
    print(f"wrote {out}")


@app.command()
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
    from .engine import replay_output
    from .engine.arguments import check_back_end, refuse_folder, whole
    from .engine.replay import replay as replay_path
    from .engine.screen import console, table
    from .results.show import fit

    number = whole("--path", path) or 0
    if output is not None:
        refuse_folder(output)
    if backend is not None:
        check_back_end(backend)
    replayed = replay_path(store, number, scenario, back_end=backend)
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
        for file in replay_output.write(replayed, output):
            print(f"wrote {file}")
    if replayed.wrong:
        raise typer.Exit(UNVERIFIED)


@app.command()
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="New folder for what the demo makes; default: demo-output, numbered."),
    ] = None,
    paths: Paths = "100000",
    workers: Workers = None,
) -> None:
    """Run the example book of January 2021 under the presets of its day, then show and report."""
    from .engine.arguments import count, refuse_folder, unused, whole
    from .engine.catalogue import STORIES, example
    from .engine.screen import console
    from .results.report import write_report
    from .results.show import show as show_store

    number = count("--paths", paths)
    folder = folder or unused("demo-output")
    refuse_folder(folder)
    source, store = example(), folder / "january-2021.zarr"
    chosen = list(STORIES)
    _run(
        source / "book.csv",
        source / "market.csv",
        chosen,
        store,
        paths=number,
        workers=whole("--workers", workers),
    )
    # sealed a moment ago: every byte was checked then
    show_store(store, console(), verify=False)
    write_report(store, folder / "january-2021.html", verify=False)
    print(f"\nstore   {store}\nreport  {folder / 'january-2021.html'}")


for command in (
    scenarios, whatif, reverse, compare, check, calibrate, doctor, bench, validate,
):  # fmt: skip
    app.command()(command)


def main() -> None:
    """Run the command; every failure is one line on stderr and an exit code."""
    from .engine.failure import explain

    try:
        code = app(prog_name="powderkeg", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        message, code = explain(error)
        if message:
            print(f"powderkeg: {message}", file=sys.stderr)
    sys.exit(code)

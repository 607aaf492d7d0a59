"""The `powderkeg` command.

Exit codes: 0 fine, 1 user error, 2 incomplete, 3 verification failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import __version__

app = typer.Typer(
    name="powderkeg",
    help="How much can a short-heavy book lose when the market turns its own hedging against it?",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

USER_ERROR, INCOMPLETE, UNVERIFIED = 1, 2, 3

Store = Annotated[Path, typer.Argument(metavar="STORE", help="A results store.")]
Workers = Annotated[
    str | None,
    typer.Option(metavar="N", help="Threads or processes; default: one per core or GPU."),
]
Cluster = Annotated[
    str,
    typer.Option(help="embedded (threads), local (processes) or an address tcp://HOST:PORT."),
]
BackEnd = Annotated[str, typer.Option(help="auto, cuda, native or reference.")]
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
    paths: Paths = "100000",
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
) -> None:
    """Simulate a book under scenarios and write a results store."""
    from .engine.arguments import count, symbol_map, whole

    _run(
        book,
        market,
        scenario,
        output,
        chain=chain,
        mapping=symbol_map(map or []),
        paths=count("--paths", paths),
        seed=whole("--seed", seed) or 0,
        backend=backend,
        workers=whole("--workers", workers),
        cluster=cluster,
        block=None if block is None else count("--block", block),
        sensitivity=sensitivity,
        attribution=0 if attribution is None else count("--attribution", attribution),
    )
    _headline(output)
    print(f"\npowderkeg show {output}\npowderkeg report {output}")


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
    paths: int,
    seed: int = 1,
    backend: str = "auto",
    workers: int | None = None,
    cluster: str = "embedded",
    block: int | None = None,
    sensitivity: bool = False,
    attribution: int = 0,
) -> None:
    from .engine.arguments import check_placement, default_workers
    from .engine.failure import stoppable
    from .engine.plan import make_plan, with_variants
    from .engine.progress import progress_for
    from .engine.run import read_inputs, refuse_existing, run_plan
    from .engine.screen import console, show_plan

    refuse_existing(output)
    check_placement(cluster, workers, backend)
    inputs = read_inputs(book, market, scenarios, chain, mapping)
    plan = make_plan(
        inputs.book,
        inputs.market,
        inputs.chain,
        with_variants(inputs.scenarios) if sensitivity else inputs.scenarios,
        paths=paths,
        seed=seed,
        back_end=backend,
        block=block,
        attribution=attribution,
    )
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
def scenarios(
    name: Annotated[
        str | None, typer.Argument(help="A preset to print, or a word to look parameters up by.")
    ] = None,
) -> None:
    """List presets and parameters; print a preset as YAML."""
    from .engine.catalogue import print_scenarios
    from .engine.screen import console

    print_scenarios(console(), name)


@app.command()
def doctor() -> None:
    """Say what this machine has and what a run will use."""
    from .engine.doctor import examine
    from .engine.screen import console, table

    console().print(table("powderkeg on this machine", ("what", "found"), examine(), left=2))


@app.command()
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


@app.command()
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

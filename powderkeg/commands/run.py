"""`powderkeg run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .check import hold
from .options import BackEnd, Workers

if TYPE_CHECKING:
    from ..scenarios.limits import Limit
from .options import Cluster, Seed


# long: its signature is the command line
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
    from ..scenarios.limits import load_limits
    from .arguments import count, symbol_map, whole

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
    headline(output)
    print(f"\npowderkeg show {output}\npowderkeg report {output}")
    if bounds:
        hold(output, bounds, verify=False)
    met(output)


def met(store: Path) -> None:
    """Exit code 2 where a store's errors are larger than was asked for."""
    from ..results import open_results
    from ..results.report.summary import Summary
    from .exits import INCOMPLETE

    if missed := Summary(open_results(store, verify=False)).missed:
        print(f"powderkeg: {missed}", file=sys.stderr)
        raise typer.Exit(INCOMPLETE)


def headline(store: Path) -> None:
    from ..results import open_results
    from ..results.report.summary import Summary
    from ..screen.console import console, fit
    from ..screen.store import sensitivity_table

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
    from ..engine.executors import default_workers
    from ..engine.run.execute import run_plan
    from ..engine.run.inputs import read_inputs, refuse_existing
    from ..engine.run.plan import PATHS, make_plan, parse_until, with_variants
    from ..results.measures.table import list_measures
    from ..scenarios.limits import check_limits
    from ..screen.console import console
    from ..screen.plan import show_plan
    from ..screen.progress import progress_for
    from .arguments import check_placement
    from .exits import stoppable

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

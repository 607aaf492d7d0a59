"""Commands about finished stores that somebody has to act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

UNVERIFIED = 3

Store = Annotated[Path, typer.Argument(metavar="STORE", help="A results store.")]
Workers = Annotated[
    str | None,
    typer.Option(metavar="N", help="Threads or processes; default: one per core or GPU."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Symbols = list[str] | None


def whatif(
    store: Store,
    close: Annotated[
        Symbols, typer.Option(metavar="NAME", help="Close it; may be repeated.")
    ] = None,
    halve: Annotated[
        Symbols, typer.Option(metavar="NAME", help="Halve it; may be repeated.")
    ] = None,
    scale: Annotated[
        Symbols, typer.Option(metavar="NAME=X", help="BB=0.7 keeps 70 % of BB; may be repeated.")
    ] = None,
    hedge: Annotated[
        Symbols,
        typer.Option(
            metavar="OPTION=N",
            help="Buy N contracts of a listed option at the ask, by its OCC symbol: "
            "GME210129C00115000=2500, or =2500@3.40 with the ask; may be repeated.",
        ),
    ] = None,
    cover_cost: Annotated[
        str | None,
        typer.Option(
            metavar="FRACTION",
            help="Cost of trading shares as a fraction of their value, 0 for none; default: half "
            "the impact of the scenario.",
        ),
    ] = None,
    spread: Annotated[
        str | None,
        typer.Option(
            metavar="FRACTION",
            help="Half the spread of options as a fraction of their mark; default: .05.",
        ),
    ] = None,
    paths: Annotated[
        str | None, typer.Option(metavar="N", help="First N paths of the store; default: all.")
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """What closing, shrinking or hedging positions does to the tail, same paths, and its cost."""
    from .engine.arguments import check_placement, count, fraction, whole
    from .engine.change import SPREAD, parse_changes
    from .engine.failure import stoppable
    from .engine.progress import progress_for
    from .engine.screen import console
    from .engine.tables import WHATIF_NOTE, about_to_run, whatif_tables
    from .engine.whatif import answer, ask
    from .results.show import fit

    number, changes = whole("--workers", workers), parse_changes(close, halve, scale)
    check_placement("embedded", number)
    half = fraction("--spread", spread)
    question = ask(
        store,
        changes,
        hedges=hedge or (),
        paths=None if paths is None else count("--paths", paths),
        rate=fraction("--cover-cost", cover_cost),
        spread=SPREAD if half is None else half,
    )
    aside, screen = console(stderr=True), console()
    aside.print(about_to_run(question), markup=False)
    with stoppable():
        result = answer(question, workers=number, progress=progress_for(aside))
    if as_json:
        _print_json(result.as_json())
        return
    for made in whatif_tables(result):
        screen.print(fit(made, screen))
    screen.print(WHATIF_NOTE, markup=False)


def compare(
    yesterday: Annotated[Path, typer.Argument(metavar="YESTERDAY", help="A results store.")],
    tonight: Annotated[Path, typer.Argument(metavar="TONIGHT", help="A later one.")],
    paths: Annotated[
        str | None,
        typer.Option(metavar="N", help="Paths of every step; default: 100,000 or the fewer there."),
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Why ES changed between two stores: book, market, scenario, model version, noise."""
    from .engine.arguments import check_placement, count, whole
    from .engine.compare import plan_comparison, run_comparison
    from .engine.failure import stoppable
    from .engine.progress import progress_for
    from .engine.screen import console, plural
    from .engine.tables import COMPARE_NOTE, compare_notes, compare_tables
    from .results.show import fit

    number = whole("--workers", workers)
    check_placement("embedded", number)
    wanted = None if paths is None else count("--paths", paths)
    plan = plan_comparison(yesterday, tonight, paths=wanted)
    aside, screen = console(stderr=True), console()
    if plan.todo:
        runs = plural(len(plan.todo), "run")
        aside.print(f"{runs} of {plural(plan.paths, 'path')}", markup=False)
    else:
        aside.print("everything is known from the two stores; nothing runs", markup=False)
    with stoppable():
        result = run_comparison(plan, workers=number, progress=progress_for(aside))
    if as_json:
        _print_json(result.as_json())
        return
    for made in compare_tables(result):
        screen.print(fit(made, screen))
    for note in compare_notes(result):
        screen.print(f"note: {note}", markup=False)
    screen.print(COMPARE_NOTE, markup=False)


def check(
    store: Store,
    limits: Annotated[Path, typer.Option(metavar="FILE", help="Limits on measures, YAML.")],
    as_json: Json = False,
) -> None:
    """Hold a store against limits; exit code 3 if one is broken."""
    from .scenarios.limits import load_limits

    hold(store, load_limits(limits), as_json=as_json)


def hold(store: Path, limits: Any, *, as_json: bool = False, verify: bool = True) -> None:
    """Print what limits say of a store; exit code 3 if one is broken."""
    from .engine.screen import console
    from .engine.tables import limits_json, limits_table
    from .results import open_results
    from .results.limits import verdicts
    from .results.show import fit
    from .results.summary import Summary
    from .scenarios.limits import check_limits

    summary = Summary(open_results(store, verify=verify))
    check_limits(limits, summary.scenarios, summary.ids)
    found = verdicts(summary, limits)
    if as_json:
        _print_json(limits_json(found))
    else:
        screen = console()
        screen.print(fit(limits_table(found), screen))
        broken = sum(verdict.broken for verdict in found)
        words = f"{broken} of {len(found)} limits broken" if broken else "every limit is kept"
        screen.print(words, markup=False)
    if any(verdict.broken for verdict in found):
        raise typer.Exit(UNVERIFIED)


def reverse(
    store: Store,
    loss: Annotated[
        str, typer.Option(metavar="LOSS", help="20% of equity, or an amount such as 25e6.")
    ],
    scenario: Annotated[
        str | None, typer.Option(help="Scenario of the store; needed if it has several.")
    ] = None,
    measure: Annotated[
        str, typer.Option(metavar="MEASURE", help="What is to reach the loss: var99, es97.5 ...")
    ] = "var99",
    day: Annotated[
        str | None, typer.Option(metavar="D", help="Day of the losses; default: the last.")
    ] = None,
    axis: Annotated[
        list[str] | None,
        typer.Option(metavar="AXIS", help="What may move; may be repeated; default: everything."),
    ] = None,
    paths: Annotated[
        str | None,
        typer.Option(metavar="N", help="Paths of every point; default: 10,000 or the fewer there."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the nearest point as a scenario, YAML."),
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """The most likely way to a loss: what drives it, the smallest move to it, paths to replay."""
    from .engine import reverse_tables as say
    from .engine.arguments import check_placement, count, refuse_folder, whole
    from .engine.failure import stoppable
    from .engine.progress import progress_for
    from .engine.reverse import answer, ask
    from .engine.reverse_result import scenario_text
    from .engine.screen import console
    from .results.show import fit

    number = whole("--workers", workers)
    check_placement("embedded", number)
    if output is not None:
        refuse_folder(output)
    question = ask(
        store,
        loss,
        scenario=scenario,
        measure=measure,
        day=whole("--day", day),
        axes=axis or (),
        paths=None if paths is None else count("--paths", paths),
    )
    aside, screen = console(stderr=True), console()
    with stoppable():
        result = answer(question, workers=number, progress=progress_for(aside))
    if output is not None and result.joint is not None:
        with output.open("x") as file:
            file.write(scenario_text(result.joint))
    if as_json:
        _print_json(result.as_json())
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


def _print_json(tree: Any) -> None:
    print(json.dumps(tree, indent=2, allow_nan=False))

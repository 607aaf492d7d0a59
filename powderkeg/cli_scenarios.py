"""The command `scenarios`: what there is, and what scenarios make of the past."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from .cli_decide import Workers
from .cli_history import one_of, score
from .cli_machine import BackEnd

PAST = ("score", "decompose", "forecast")
MEMBERS = 64
FEWEST_DECOMPOSED = 5100  # paths of which ES 99 % can be told


def scenarios(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A preset to print, a word of parameters, or score, decompose, forecast."
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="After one of these: a preset or YAML file."),
    ] = None,
    as_of: Annotated[
        list[str] | None,
        typer.Option(metavar="DATE", help="For forecast: last close known; may be repeated."),
    ] = None,
    short_interest: Annotated[
        str | None,
        typer.Option(
            metavar="SHARES",
            help="For forecast: sold short as last reported then; default: the episode's.",
        ),
    ] = None,
    draws: Annotated[
        str, typer.Option(metavar="N", help="For forecast: draws of the prior of every fit.")
    ] = "2048",
    priors: Annotated[
        str, typer.Option(help="For forecast: what is fitted, a name or a YAML file.")
    ] = "squeeze",
    symbol: Annotated[
        str | None, typer.Option(help="For score, decompose: one name of several.")
    ] = None,
    chain: Annotated[Path | None, typer.Option(help="Option chain of the past, CSV.")] = None,
    paths: Annotated[str, typer.Option(metavar="N", help="For score, decompose: paths.")] = "16384",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")] = "2",
    backend: BackEnd = "auto",
    workers: Workers = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="For score: picture, .png or .svg.")
    ] = None,
) -> None:
    """List presets and parameters; print a preset as YAML. Of a scenario that has a past: score it
    against that, decompose its peak by channels, forecast it from what was known on a day.
    """
    from .engine.arguments import check_placement, count, seed_of, whole
    from .engine.catalogue import print_scenarios
    from .engine.screen import console
    from .scenarios import InputError
    from .scenarios.table import parse_date

    if name not in PAST:
        if scenario is not None:
            raise InputError(
                f"scenarios {name} {scenario}: give one word, or `scenarios score {scenario}`"
            )
        print_scenarios(console(), name)
        return
    if scenario is None:
        raise InputError(f"scenarios {name}: which one? give a preset or a YAML file")
    for option, given, words in (
        ("--as-of", as_of, ("forecast",)),
        ("--short-interest", short_interest, ("forecast",)),
        ("--symbol", symbol, ("score", "decompose")),
        ("--output", output, ("score",)),
    ):
        if given and name not in words:
            raise InputError(f"{option}: goes with {' and '.join(words)}; leave it out of {name}")
    threads = whole("--workers", workers)
    check_placement("embedded", threads, backend)
    if name == "score":
        score(scenario, symbol=symbol, chain=chain, paths=paths, seed=seed, backend=backend,
              output=output)  # fmt: skip
    elif name == "decompose":
        _decompose(scenario, symbol, chain, count("--paths", paths), seed_of(seed), backend,
                   threads)  # fmt: skip
    else:
        days = [parse_date(text, "--as-of") for text in as_of or ()]
        short = None if short_interest is None else count("--short-interest", short_interest)
        _forecast(scenario, days, short, chain, priors, count("--draws", draws), seed_of(seed),
                  backend, threads)  # fmt: skip


def _decompose(
    scenario: str,
    symbol: str | None,
    chain: Path | None,
    paths: int,
    seed: int,
    backend: str,
    workers: int | None,
) -> None:
    from .engine.arguments import default_workers
    from .engine.calibrate import show_history as say
    from .engine.calibrate.decompose import LEVEL, decompose
    from .engine.calibrate.inputs import read_scored
    from .engine.failure import stoppable
    from .engine.screen import console, table
    from .kernels import backend as back_end
    from .results.show import fit
    from .scenarios import InputError

    if paths < FEWEST_DECOMPOSED:
        raise InputError(
            f"--paths: {paths:,} do not tell ES {LEVEL:.0%}; give {FEWEST_DECOMPOSED:,} or more"
        )
    story, options = read_scored(scenario, chain)
    wanted = one_of(symbol, [episode.symbol for episode in story.pasts])
    engine = back_end(backend)
    aside = console(stderr=True)
    aside.print(f"{paths:,} paths again without each channel, and by dealers' sign", markup=False)
    with stoppable():
        every = decompose(story, options, paths=paths, seed=seed, engine=engine,
                          workers=workers or default_workers(engine.name))  # fmt: skip
    screen = console()
    for found in every:
        if found.episode.symbol in wanted:
            rows = (*found.rows, *found.signs)
            title = f"{story.id}: peak close of {found.episode.symbol}, multiples of the first"
            made = table(title, say.peak_columns(found), say.peak_rows(rows))
            screen.print(fit(made, screen))
            title = f"ES {LEVEL:.0%} of a short of one share of {found.episode.symbol}"
            made = table(title, say.loss_columns(found), say.loss_rows(rows))
            screen.print(fit(made, screen))
            for note in say.notes(found):
                screen.print(note, markup=False)


def _forecast(
    scenario: str,
    days: list[date],
    short_interest: int | None,
    chain: Path | None,
    priors: str,
    draws: int,
    seed: int,
    backend: str,
    workers: int | None,
) -> None:
    from .engine.arguments import default_workers
    from .engine.calibrate import show_history as say
    from .engine.calibrate.fit import PER_DRAW, Size
    from .engine.calibrate.forecast import forecast, known_at, reported
    from .engine.calibrate.inputs import read_scored
    from .engine.failure import stoppable
    from .engine.progress import progress_for
    from .engine.screen import console, table
    from .kernels import backend as back_end
    from .results.show import fit
    from .scenarios import InputError

    if not days:
        raise InputError("scenarios forecast: --as-of is missing; give the last close known")
    size = Size(draws=draws, members=min(MEMBERS, draws // PER_DRAW))
    size.check()
    story, options = read_scored(scenario, chain)
    for as_of in days:
        known_at(story, as_of)
    if short_interest is not None:
        story = reported(story, short_interest)
    engine, aside, screen = back_end(backend), console(stderr=True), console()
    found = []
    with stoppable():
        for as_of in days:
            each = forecast(
                story,
                options,
                as_of,
                size=size,
                seed=seed,
                engine=engine,
                workers=workers or default_workers(engine.name),
                priors=priors,
                progress=progress_for(aside),
            )
            title = f"{story.id}: what was to come on {as_of}, close {each.close:g}"
            screen.print(fit(table(title, say.AHEAD_COLUMNS, say.ahead_rows(each)), screen))
            found.append(each)
    title = "Ten sessions ahead: closes in bands, the highest close, the last"
    screen.print(fit(table(title, say.OUTLOOK_COLUMNS, say.outlook_rows(found)), screen))
    title = "Mean CRPS of log returns, less is better"
    screen.print(fit(table(title, say.OUTLOOK_SCORES, say.outlook_scores(found)), screen))
    for note in say.outlook_notes(found):
        screen.print(note, markup=False)

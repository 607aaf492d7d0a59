"""The command `scenarios`: what there is, and what scenarios make of the past."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .decompose import decompose
from .forecast import forecast
from .options import BackEnd, Workers
from .score import score

PAST = ("score", "decompose", "forecast")


# long: its signature is the command line
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
    from ..scenarios import InputError
    from ..scenarios.table import parse_date
    from ..screen.console import console
    from ..screen.scenarios import print_scenarios
    from .arguments import check_placement, count, seed_of, whole

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
        decompose(scenario, symbol, chain, count("--paths", paths), seed_of(seed), backend,
                   threads)  # fmt: skip
    else:
        days = [parse_date(text, "--as-of") for text in as_of or ()]
        short = None if short_interest is None else count("--short-interest", short_interest)
        forecast(scenario, days, short, chain, priors, count("--draws", draws), seed_of(seed),
                  backend, threads)  # fmt: skip

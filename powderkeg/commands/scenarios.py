"""The command `scenarios`: what there is, and what scenarios make of the past."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .decompose import decompose
from .forecast import forecast
from .options import BackEnd, Place, placed
from .past import Story
from .score import score

PAST = ("score", "decompose", "forecast")


# long: its signature is the command line
@placed
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
        str, typer.Option(metavar="N", help="For forecast: draws of the prior, 32 paths each.")
    ] = "2048",
    priors: Annotated[
        str, typer.Option(help="For forecast: what is fitted, a name or a YAML file.")
    ] = "squeeze",
    no_crowd_prior: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="For forecast: probability, before the closes, that no crowd comes; by default "
            "from the base rate of the priors.",
        ),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="For score, decompose: one name of several.")
    ] = None,
    chain: Annotated[Path | None, typer.Option(help="Option chain of the past, CSV.")] = None,
    paths: Annotated[str, typer.Option(metavar="N", help="For score, decompose: paths.")] = "16384",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")] = "2",
    backend: BackEnd = "auto",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="For score: picture, .png or .svg.")
    ] = None,
    *,
    placement: Place,
) -> None:
    """List presets and parameters; print a preset as YAML. Of a scenario that has a past: score it
    against that, decompose its peak by channels, forecast it from what was known on a day.
    """
    from ..engine.executors import check_back_end
    from ..scenarios import InputError
    from ..scenarios.table import parse_date
    from ..screen.console import console
    from ..screen.scenarios import print_scenarios
    from .arguments import count, seed_of

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
        ("--no-crowd-prior", no_crowd_prior, ("forecast",)),
        ("--symbol", symbol, ("score", "decompose")),
        ("--output", output, ("score",)),
    ):
        if given and name not in words:
            raise InputError(f"{option}: goes with {' and '.join(words)}; leave it out of {name}")
    check_back_end(backend)
    story = Story(scenario, chain, seed_of(seed), backend, placement)
    if name == "score":
        score(story, symbol, count("--paths", paths), output)
    elif name == "decompose":
        decompose(story, symbol, count("--paths", paths))
    else:
        days = [parse_date(text, "--as-of") for text in as_of or ()]
        short = None if short_interest is None else count("--short-interest", short_interest)
        forecast(story, days, short, priors, count("--draws", draws), no_crowd_prior)

"""`powderkeg calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import BackEnd, Place, placed

Series = Path | None


# long: its signature is the command line
@placed
def calibrate(
    prices: Annotated[Path, typer.Argument(metavar="PRICES", help="Dates and closes, CSV.")],
    market: Annotated[Path, typer.Option(help="Market snapshot of the first close, CSV.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Scenario to write, YAML.")],
    symbol: Annotated[
        str | None, typer.Option(help="Whose prices; needed if the market file has several names.")
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First close; default: the market file's."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last close; default: the last.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Use nothing after this day's close.")
    ] = None,
    short_interest: Annotated[
        Series, typer.Option(metavar="CSV", help="date, short_interest by settlement dates.")
    ] = None,
    volume: Annotated[
        Series, typer.Option(metavar="CSV", help="date, volume; may be the file of prices.")
    ] = None,
    iv: Annotated[
        Series, typer.Option(metavar="CSV", help="date, implied_vol per annum as a decimal.")
    ] = None,
    attention: Annotated[
        Series, typer.Option(metavar="CSV", help="date, attention in any unit.")
    ] = None,
    events: Annotated[
        Series,
        typer.Option(
            metavar="CSV",
            help="date, event, size, duration of what is known to have happened; an empty size is "
            "fitted.",
        ),
    ] = None,
    chain: Annotated[Path | None, typer.Option(help="Option chain of the first close.")] = None,
    base: Annotated[
        str | None,
        typer.Option(help="Preset or YAML file whose events and other parameters hold."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SYMBOL",
            help="Another name of the market file that is simulated with it, under --base; may be "
            "repeated.",
        ),
    ] = None,
    priors: Annotated[
        str, typer.Option(help="What is fitted and believed before: a name or a YAML file.")
    ] = "squeeze",
    no_crowd_prior: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Probability, before the closes, that no crowd comes; by default from the base "
            "rate of the priors.",
        ),
    ] = None,
    members: Annotated[
        str, typer.Option(metavar="N", help="Parameter sets of the ensemble.")
    ] = "64",
    draws: Annotated[
        str, typer.Option(metavar="N", help="Draws of the prior; the sampler's size goes with it.")
    ] = "4096",
    paths: Annotated[str, typer.Option(metavar="N", help="Paths of every parameter set.")] = "160",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")] = "1",
    backend: BackEnd = "auto",
    *,
    placement: Place,
) -> None:
    """Fit a scenario to an episode; writes an ensemble of parameter sets that the data allow."""
    from ..engine.calibrate.calibrate import plan_calibration, run_calibration
    from ..engine.calibrate.fit import Size
    from ..engine.calibrate.inputs import SERIES
    from ..engine.calibrate.request import CalibrationRequest
    from ..engine.calibrate.sentences import described, verdict, weight
    from ..screen import calibrate as say
    from ..screen.console import console, table
    from ..screen.console import fit as fitting
    from ..screen.progress import progress_for
    from .arguments import count, day, seed_of
    from .exits import stoppable

    files = zip(SERIES, (short_interest, volume, iv, attention), strict=True)
    request = CalibrationRequest(
        prices,
        market,
        output,
        symbol=symbol,
        first=day("--from", first),
        last=day("--to", last),
        as_of=day("--as-of", as_of),
        series={name: file for name, file in files if file is not None},
        chain=chain,
        base=base,
        priors=priors,
        beside=beside or (),
        events=events,
        no_crowd_prior=no_crowd_prior,
        size=Size(count("--draws", draws), count("--paths", paths), count("--members", members)),
        seed=seed_of(seed),
        backend=backend,
        placement=placement,
    )
    plan = plan_calibration(request)
    episode, engine, size = plan.episode, plan.simulator.engine, request.size
    aside, screen = console(stderr=True), console()
    for note in dict.fromkeys(episode.notes):
        aside.print(f"note: {note}", markup=False)
    aside.print(
        f"{len(episode.priors.parameters)} parameters, {len(episode.prices.dates)} closes of "
        f"{episode.symbol}: {size.sets:,} sets of {size.paths} paths on {engine.name} "
        f"({engine.device})",
        markup=False,
    )
    with stoppable():
        found = run_calibration(plan, progress_for(aside))
    title = "Ten sessions from the first close"
    screen.print(fitting(table(title, say.OUTLOOK_COLUMNS, say.outlook_rows(found)), screen))
    for sentence in (*weight(found), *verdict(found)):
        screen.print(sentence, markup=False)
    closes = len(episode.prices.dates)
    title = f"If a crowd comes: what {closes} closes tell, and what stays as believed"
    screen.print(fitting(table(title, say.COLUMNS, say.rows(found)), screen))
    for sentence in described(found):
        screen.print(sentence, markup=False)
    print(f"wrote {output}\n\npowderkeg run BOOK --market MARKET --scenario {output} -o STORE")

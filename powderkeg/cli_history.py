"""Commands about the past: calibrate, scenarios score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_decide import Workers
from .cli_machine import BackEnd

if TYPE_CHECKING:
    from rich.console import Console

    from .engine.calibrate.scorecard import Scorecard

Series = Path | None
FEWEST_SCORED = 200


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
    members: Annotated[
        str, typer.Option(metavar="N", help="Parameter sets of the ensemble.")
    ] = "64",
    draws: Annotated[
        str, typer.Option(metavar="N", help="Draws of the prior; the sampler's size goes with it.")
    ] = "4096",
    paths: Annotated[str, typer.Option(metavar="N", help="Paths of every parameter set.")] = "160",
    seed: Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")] = "1",
    backend: BackEnd = "auto",
    workers: Workers = None,
) -> None:
    """Fit a scenario to an episode; writes an ensemble of parameter sets that the data allow."""
    from .engine.arguments import check_placement, count, day, default_workers, seed_of, whole
    from .engine.calibrate import document
    from .engine.calibrate.fit import Size, fit
    from .engine.calibrate.inputs import SERIES, read_episode
    from .engine.failure import stoppable
    from .engine.progress import progress_for
    from .engine.screen import console, table
    from .kernels import backend as back_end
    from .results.durable import write_file
    from .results.show import fit as fitting

    check_output(output)
    number = whole("--workers", workers)
    check_placement("embedded", number, backend)
    size = Size(count("--draws", draws), count("--paths", paths), count("--members", members))
    size.check()
    files = zip(SERIES, (short_interest, volume, iv, attention), strict=True)
    episode = read_episode(
        prices,
        market,
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
    )
    episode.check_members(size.members)
    engine = back_end(backend)
    simulator = episode.simulator(size.paths, seed_of(seed), engine)
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
        found = fit(
            simulator,
            episode.observed,
            size,
            workers=number or default_workers(engine.name),
            progress=progress_for(aside),
        )
    write_file(output, document.yaml(found, episode, output).encode())
    title = f"What {len(episode.prices.dates)} closes tell, and what stays as believed"
    screen.print(fitting(table(title, document.COLUMNS, document.rows(found)), screen))
    for sentence in document.sentences(found, episode):
        screen.print(sentence, markup=False)
    print(f"wrote {output}\n\npowderkeg run BOOK --market MARKET --scenario {output} -o STORE")


def check_output(output: Path) -> None:
    """Raises InputError for a file that is there, has no folder, or is no YAML."""
    from .scenarios import InputError

    if output.suffix not in (".yaml", ".yml"):
        raise InputError(f"--output: {output} is a scenario; let its name end in .yaml")
    if output.exists() or output.is_symlink():
        raise InputError(f"{output} exists; nothing is overwritten, choose another name")
    if not output.absolute().parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} does not exist")


def score(
    scenario: str,
    *,
    symbol: str | None,
    chain: Path | None,
    paths: str,
    seed: str,
    backend: str,
    output: Path | None,
) -> None:
    """Hold a scenario against its episode: tables, a verdict, a picture. Of several names a summary
    first, then every name's.
    """
    from .engine.arguments import check_back_end, count, seed_of
    from .engine.calibrate import show_score
    from .engine.calibrate.inputs import read_scored
    from .engine.calibrate.scorecard import score_all
    from .engine.screen import console, table
    from .kernels import backend as back_end
    from .results.show import fit
    from .scenarios import InputError

    if output is not None and (output.suffix not in (".png", ".svg") or output.exists()):
        raise InputError(f"--output: {output}: give a new .png or .svg file")
    if output is not None and not output.absolute().parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} does not exist")
    check_back_end(backend)
    if (number := count("--paths", paths)) < FEWEST_SCORED:
        raise InputError(f"--paths: {number} say little about a band; give {FEWEST_SCORED} or more")
    story, options = read_scored(scenario, chain)
    wanted = one_of(symbol, [episode.symbol for episode in story.pasts])
    cards = score_all(
        story,
        options,
        paths=number,
        seed=seed_of(seed),
        engine=back_end(backend),
    )
    cards = tuple(card for card in cards if card.episode.symbol in wanted)
    screen = console()
    if len(cards) > 1:
        rows = show_score.summary_rows(cards)
        title = f"{story.id}: names simulated together, peaks as multiples of the first close"
        screen.print(fit(table(title, show_score.SUMMARY_COLUMNS, rows), screen))
    for card in cards:
        show_card(card, screen)
    if output is not None:
        show_score.draw(cards, output)
        print(f"wrote {output}")


def one_of(symbol: str | None, known: list[str]) -> list[str]:
    """The name that is asked for, or all. Raises InputError for one without an episode."""
    from .scenarios import InputError
    from .scenarios.errors import did_you_mean

    if symbol is None:
        return known
    if symbol.upper() not in known:
        help_ = did_you_mean(symbol.upper(), known, f"; it has {', '.join(known)}")
        raise InputError(f"--symbol: no episode of {symbol.upper()}{help_}")
    return [symbol.upper()]


def show_card(card: Scorecard, screen: Console) -> None:
    """One name's tables and verdict."""
    from .engine.calibrate import show_score
    from .engine.screen import table
    from .results.show import fit

    title = f"Closes of {card.episode.symbol} as multiples of the first"
    screen.print(fit(table(title, show_score.DAY_COLUMNS, show_score.day_rows(card), 2), screen))
    rows = show_score.figure_rows(card)
    screen.print(fit(table("The path", show_score.FIGURE_COLUMNS, rows), screen))
    rows = show_score.score_rows(card)
    screen.print(table("Scores of log closes, less is better", show_score.SCORE_COLUMNS, rows))
    for sentence in show_score.sentences(card):
        screen.print(sentence, markup=False)

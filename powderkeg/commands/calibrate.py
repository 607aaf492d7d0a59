"""`powderkeg calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import BackEnd, Workers

Series = Path | None


# long: its signature is the command line
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
    from ..engine.calibrate import document
    from ..engine.calibrate.fit import Size, fit
    from ..engine.calibrate.inputs import SERIES, read_episode
    from ..engine.calibrate.sentences import sentences
    from ..engine.executors import default_workers
    from ..kernels import backend as back_end
    from ..results.store.durable import write_file
    from ..screen import calibrate as say
    from ..screen.console import console, table
    from ..screen.console import fit as fitting
    from ..screen.progress import progress_for
    from .arguments import check_placement, count, day, seed_of, whole
    from .exits import stoppable

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
    screen.print(fitting(table(title, say.COLUMNS, say.rows(found)), screen))
    for sentence in sentences(found, episode):
        screen.print(sentence, markup=False)
    print(f"wrote {output}\n\npowderkeg run BOOK --market MARKET --scenario {output} -o STORE")


def check_output(output: Path) -> None:
    """Raises InputError for a file that is there, has no folder, or is no YAML."""
    from ..scenarios import InputError

    if output.suffix not in (".yaml", ".yml"):
        raise InputError(f"--output: {output} is a scenario; let its name end in .yaml")
    if output.exists() or output.is_symlink():
        raise InputError(f"{output} exists; nothing is overwritten, choose another name")
    if not output.absolute().parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} does not exist")

"""`powderkeg whatif`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Json, Measure, Place, Store, Symbols, placed, print_json


# long: its signature is the command line
@placed
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
    add: Annotated[
        Symbols,
        typer.Option(
            metavar="NAME=SHARES",
            help="SPY=10000 buys shares, SPY=-10000 sells them, short where none are held; the "
            "book need not hold the name; may be repeated.",
        ),
    ] = None,
    hedges: Annotated[
        Symbols,
        typer.Option(
            "--hedge",
            metavar="OPTION=N",
            help="Buy N contracts of a listed option at the ask, by its OCC symbol: "
            "GME210129C00115000=2500, or =2500@3.40 with the ask; may be repeated.",
        ),
    ] = None,
    trades: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Changes from a CSV file, which no list of processes shows: columns action, "
            "symbol, quantity, price; action close, halve, scale (quantity: the part that is "
            "kept), buy (an option by OCC symbol, contracts, the ask or empty; or a name and "
            "shares) or sell (shares).",
        ),
    ] = None,
    market: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Market snapshot with the rows of names to add that the run's lacks, CSV.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            "--cover-cost",
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
    measure: Measure = None,
    as_json: Json = False,
    *,
    placement: Place,
) -> None:
    """What closing, shrinking, adding or hedging positions does to the tail, and its cost."""
    from ..engine.whatif.book_change import SPREAD
    from ..engine.whatif.effects import answer
    from ..engine.whatif.question import ask
    from ..screen.console import console, fit
    from ..screen.progress import progress_for
    from ..screen.whatif import WHATIF_NOTE, about_to_run, whatif_tables
    from .arguments import count, fraction, numbers
    from .exits import stoppable

    half = fraction("--spread", spread)
    question = ask(
        store,
        close=close or (),
        halve=halve or (),
        scale=numbers("--scale", scale or [], "BB=0.7"),
        add=numbers("--add", add or [], "SPY=10000"),
        hedges=hedges or (),
        trades=trades,
        market=market,
        paths=None if paths is None else count("--paths", paths),
        measure=measure,
        rate=fraction("--cover-cost", rate),
        spread=SPREAD if half is None else half,
    )
    aside, screen = console(stderr=True), console()
    aside.print(about_to_run(question), markup=False)
    with stoppable():
        result = answer(question, placement=placement, progress=progress_for(aside))
    if as_json:
        print_json(result.as_json())
        return
    for made in whatif_tables(result):
        screen.print(fit(made, screen))
    screen.print(WHATIF_NOTE, markup=False)

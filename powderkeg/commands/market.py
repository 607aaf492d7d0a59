"""`powderkeg market build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exits import INCOMPLETE

market = typer.Typer(help="Market files from what a desk has downloaded.", no_args_is_help=True)
Several = list[str] | None


@market.callback()
def _several() -> None:
    """Market files from what a desk has downloaded."""


# long: its signature is the command line
@market.command()
def build(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="A book; its names are built.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Market file to write, CSV.")],
    prices: Annotated[
        Several, typer.Option(metavar="PATH", help="Daily prices: file, folder or GME=file.")
    ] = None,
    index: Annotated[
        Several, typer.Option(metavar="FACTOR=FILE", help="An index's prices, market=spy.csv.")
    ] = None,
    short_interest: Annotated[Several, typer.Option(metavar="FILE", help="FINRA's file.")] = None,
    shares: Annotated[
        Several, typer.Option(metavar="FILE", help="Floats and shares outstanding, CSV.")
    ] = None,
    borrow: Annotated[Several, typer.Option(metavar="FILE", help="IBKR's usa.txt.")] = None,
    chains: Annotated[
        Several, typer.Option(metavar="PATH", help="Chains of Cboe, OptionsDX, Yahoo.")
    ] = None,
    figures: Annotated[
        Several, typer.Option(metavar="FILE", help="symbol,field,value,source,as_of typed in.")
    ] = None,
    splits: Annotated[str | None, typer.Option(metavar="FILE", help="symbol,date,ratio.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="The close; default: the last of prices.")
    ] = None,
    known_by: Annotated[
        str | None, typer.Option(metavar="DATE", help="Published by then; default: the close.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day of volume and volatility.")
    ] = None,
    window: Annotated[str, typer.Option(metavar="N", help="Sessions of these.")] = "60",
    max_age: Annotated[
        Several, typer.Option(metavar="FIELD=DAYS", help="Older figures are refused.")
    ] = None,
    keep_old: Annotated[bool, typer.Option(help="Take what is too old, with a note.")] = False,
    vintages: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Keep all figures there, parquet.")
    ] = None,
    currency: Annotated[str, typer.Option(help="Of the results.")] = "USD",
    rate: Annotated[
        Several, typer.Option(metavar="CUR=RATE", help="Worth of a currency, EUR=1.21.")
    ] = None,
    index_fund: Annotated[
        Several, typer.Option(metavar="SYMBOL", help="A name that is a fund on an index.")
    ] = None,
) -> None:
    """Write a market file (and chain.csv beside it) for the names of a book. Exit code 2 where
    something is missing: it says what, and where to get it."""
    from ..engine.checks import check_folder
    from ..scenarios.desk.build import build_market
    from ..scenarios.desk.request import BuildRequest
    from ..scenarios.desk.written import write_market
    from ..screen.console import console
    from .arguments import count, day, numbers, texts_by

    check_folder(output)
    rates = numbers("--rate", rate or [], "EUR=1.21")
    ages = {k.lower(): int(v) for k, v in numbers("--max-age", max_age or [], "price=0").items()}
    built = build_market(
        BuildRequest(
            book,
            tuple(prices or ()),
            texts_by("--index", index or [], "market=spy.csv"),
            tuple(short_interest or ()),
            tuple(shares or ()),
            tuple(borrow or ()),
            tuple(chains or ()),
            tuple(figures or ()),
            splits,
            day("--as-of", as_of),
            day("--known-by", known_by),
            day("--until", until),
            count("--window", window),
            ages,
            keep_old,
            vintages,
            currency.upper(),
            rates,
            tuple(index_fund or ()),
        )
    )
    screen, aside = console(), console(stderr=True)
    for note in dict.fromkeys(built.notes):
        aside.print(f"note: {note}", markup=False)
    for path in write_market(built, output, currency.upper(), rates):
        screen.print(f"wrote {path}", markup=False)
    if built.missing:
        for what in built.missing:
            aside.print(f"missing: {what}", markup=False)
        raise typer.Exit(INCOMPLETE)

"""`powderkeg book`: a book at a glance, and books from what brokers export."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .book_import import import_
from .options import Accept, Json, Strict, Yesterday, print_json

DEFAULT = "show"


class Shown(TyperGroup):
    """`book BOOK` is short for `book show BOOK`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = [DEFAULT, *args]
        return list(super().parse_args(ctx, args))


book = typer.Typer(cls=Shown, help="A book at a glance; a book from what brokers export.",
                   no_args_is_help=True)  # fmt: skip
book.command("import")(import_)


# long: its signature is the command line
@book.command(DEFAULT)
def show(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="Positions and cash, CSV.")],
    market: Annotated[Path, typer.Option(help="Market snapshot, CSV.")],
    chain: Annotated[Path | None, typer.Option(help="Option chain, CSV.")] = None,
    scenarios: Annotated[
        list[str] | None,
        typer.Option("--scenario", help="Preset or YAML file to look at, too; may be repeated."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="GME=XYZ tells GME's story on XYZ; may be repeated."),
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Limits to look at, too, YAML.")
    ] = None,
    strict: Strict = False,
    accept: Accept = None,
    yesterday: Yesterday = None,
    as_json: Json = False,
) -> None:
    """The book at a glance and what looks odd in its inputs; nothing is simulated."""
    from ..engine.plausible import Judgement, look
    from ..screen.book import glance_table, print_findings
    from ..screen.console import console
    from .arguments import symbol_map

    seen = look(
        book,
        market,
        chain,
        scenarios=scenarios or (),
        mapping=symbol_map(mapping or []),
        limits=limits or (),
        judgement=Judgement(strict, accept or (), yesterday, date.today()),
    )
    found = [each.as_json() for each in seen.findings]
    if as_json:
        print_json({"glance": seen.glance.as_json(), "findings": found})
        return
    screen = console()
    screen.print(glance_table(seen.glance.as_json()))
    print_findings(screen, found)

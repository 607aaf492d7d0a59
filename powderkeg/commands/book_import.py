"""`powderkeg book import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_(
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="A broker's file, CSV.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Book to write, CSV.")],
    form: Annotated[
        str,
        typer.Option("--format", help="auto, ibkr-flex, ibkr-activity, schwab or fidelity."),
    ] = "auto",
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="YAML", help="What the columns of another system's export are."),
    ] = None,
    currency: Annotated[str, typer.Option(help="Of the account.")] = "USD",
) -> None:
    """Write a book file from a broker's export, and say what was left out."""
    from ..engine.checks import check_folder
    from ..scenarios.desk.figures import write_new
    from ..scenarios.desk.positions.imported import import_book
    from ..screen.console import console, plural

    check_folder(output)
    made = import_book(export, form, mapping, currency)
    write_new(output, made.text)
    aside = console(stderr=True)
    for note in made.notes:
        aside.print(f"note: {note}", markup=False)
    print(f"wrote {output}: {plural(made.rows, 'row')} from {made.form}")

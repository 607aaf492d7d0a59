"""`powderkeg check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .exits import UNVERIFIED
from .options import Json, Store, print_json


def check(
    store: Store,
    limits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Limits on measures, YAML; default: the store's own."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold a store against limits; exit code 3 if one is broken."""
    hold(store, limits, as_json=as_json)


def hold(store: Path, limits: Any, *, as_json: bool = False, verify: bool = True) -> None:
    """Print what limits, or a store's own, say of it; exit code 3 if one is broken."""
    from ..engine.check import check as verdicts
    from ..results.report.limits import limits_words
    from ..screen.console import console, fit
    from ..screen.limits import limits_json, limits_table

    found = verdicts(store, limits, verify=verify)
    if as_json:
        print_json(limits_json(found))
    elif (table := limits_table(found)) is not None:
        screen = console()
        screen.print(fit(table, screen))
        screen.print(limits_words(found), markup=False)
    if any(verdict.broken for verdict in found):
        raise typer.Exit(UNVERIFIED)

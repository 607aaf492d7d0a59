"""`powderkeg check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .exits import UNVERIFIED
from .options import Json, Store, print_json


def check(
    store: Store,
    limits: Annotated[Path, typer.Option(metavar="FILE", help="Limits on measures, YAML.")],
    as_json: Json = False,
) -> None:
    """Hold a store against limits; exit code 3 if one is broken."""
    hold(store, limits, as_json=as_json)


def hold(store: Path, limits: Any, *, as_json: bool = False, verify: bool = True) -> None:
    """Print what limits say of a store; exit code 3 if one is broken."""
    from ..engine.check import check as verdicts
    from ..screen.console import console, fit
    from ..screen.limits import limits_json, limits_table

    found = verdicts(store, limits, verify=verify)
    if as_json:
        print_json(limits_json(found))
    else:
        screen = console()
        screen.print(fit(limits_table(found), screen))
        broken = sum(verdict.broken for verdict in found)
        words = f"{broken} of {len(found)} limits broken" if broken else "every limit is kept"
        screen.print(words, markup=False)
    if any(verdict.broken for verdict in found):
        raise typer.Exit(UNVERIFIED)

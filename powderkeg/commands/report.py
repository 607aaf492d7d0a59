"""`powderkeg report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Store


def report(
    store: Store,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="HTML file; default: STORE without .zarr, .html."),
    ] = None,
    limits: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Limits on measures, YAML; default: the store's own."),
    ] = None,
) -> None:
    """Write a self-contained HTML report of a store."""
    from ..engine.report import report as write_report

    out = output or Path(f"{str(store).rstrip('/').removesuffix('.zarr')}.html")
    write_report(store, out, limits)
    print(f"wrote {out}")

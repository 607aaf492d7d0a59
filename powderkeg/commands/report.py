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
) -> None:
    """Write a self-contained HTML report of a store."""
    from ..engine.checks import check_folder
    from ..results.report.page import write_report

    if output is not None:
        check_folder(output)
    out = output or Path(f"{str(store).rstrip('/').removesuffix('.zarr')}.html")
    write_report(store, out)
    print(f"wrote {out}")

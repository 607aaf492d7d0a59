"""Options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Store = Annotated[Path, typer.Argument(metavar="STORE", help="A results store.")]
Paths = Annotated[str, typer.Option(metavar="N", help="Paths per scenario; 1e6 is a million.")]
Seed = Annotated[str, typer.Option(metavar="N", help="Seed of the random numbers.")]
BackEnd = Annotated[str, typer.Option(help="auto, cuda, native or reference.")]
Workers = Annotated[
    str | None,
    typer.Option(metavar="N", help="Threads or processes; default: one per core or GPU."),
]
Cluster = Annotated[
    str,
    typer.Option(help="embedded (threads), local (processes) or an address tcp://HOST:PORT."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Symbols = list[str] | None


def print_json(tree: Any) -> None:
    """Plain objects as JSON; NaN is refused."""
    print(json.dumps(tree, indent=2, allow_nan=False))

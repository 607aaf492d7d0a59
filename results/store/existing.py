"""What stands where a store is to go: results are never overwritten, and a run can go on."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import zarr

from ..formats import clean
from .arrays import texts_of
from .errors import StoreError, StoreExists
from .records import Grid, read_root

NAMED = 3
"""Scenarios that a line has room for."""


def exists(path: str | Path) -> StoreExists:
    """The refusal of a place that is taken; a store that waits for `resume` is told apart, since
    another name would throw away what it has."""
    try:
        root = read_root(path)
    except StoreError:
        root = {"commit": {}}
    if isinstance(root.get("commit"), dict):
        return StoreExists(f"{path} exists; results are never overwritten, choose another name")
    shown = shlex.quote(str(path))
    return StoreExists(
        f"{path} is an unfinished store of {_contents(path, root)}; powderkeg resume {shown} goes "
        "on, or choose another name"
    )


def _contents(path: str | Path, root: dict[str, Any]) -> str:
    """`1,000,000 paths of gme-2021, calm`, as far as it can be read."""
    paths = f"{Grid(**root['grid']).paths:,} paths"
    try:
        group = zarr.open_group(str(path), path="inputs", mode="r", zarr_format=3)
        names = texts_of(group, "scenario")
        bases = texts_of(group, "variant_of") if "variant_of" in group else ("",) * len(names)
    except (KeyError, ValueError, OSError):
        return paths
    given = [clean(name) for name, base in zip(names, bases, strict=True) if not base]
    more = f" and {len(given) - NAMED} more" if len(given) > NAMED else ""
    return f"{paths} of {', '.join(given[:NAMED])}{more}"

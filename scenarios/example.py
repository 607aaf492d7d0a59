"""The example book that comes with powderkeg, and the presets of its day."""

from __future__ import annotations

from pathlib import Path

import powderkeg

from .errors import InputError

EXAMPLE = Path("examples") / "january-2021"
STORIES = ("calm", "crowded-basket", "degross-2021", "gme-2021")
"""Presets that begin on the day of the example book."""


def example() -> Path:
    """Folder of the example book, in an installed package or a source tree. Raises InputError."""
    package = Path(powderkeg.__file__).parent
    for folder in (package, package.parent):
        if (folder / EXAMPLE / "book.csv").is_file():
            return folder / EXAMPLE
    raise InputError(
        f"the example book is not installed here; take {EXAMPLE.as_posix()}/ from the source "
        "archive and use `powderkeg run`"
    )

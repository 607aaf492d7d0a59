"""`powderkeg doctor`."""

from __future__ import annotations


def doctor() -> None:
    """Say what this machine has and what a run will use."""
    from ..engine.doctor import examine
    from ..screen.console import console, table

    console().print(table("powderkeg on this machine", ("what", "found"), examine(), left=2))

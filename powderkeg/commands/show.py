"""`powderkeg show`."""

from __future__ import annotations

from .options import Store


def show(store: Store) -> None:
    """Print headline, risk measures, squeeze odds and warnings of a store."""
    from ..screen.console import console
    from ..screen.store import show as show_store

    show_store(store, console())

"""What `scenarios score`, `decompose` and `forecast` have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .options import Place

if TYPE_CHECKING:
    from ..engine.campaign import Campaign
    from ..engine.progress import Progress
    from ..kernels import Backend


@dataclass(frozen=True)
class Story:
    """A scenario that has a past, and how it is simulated."""

    scenario: str
    chain: Path | None
    seed: int
    backend: str
    placement: Place

    @contextmanager
    def campaign(self, engine: Backend, progress: Progress | None = None) -> Iterator[Campaign]:
        """All that a command simulates; Ctrl-C ends it with a line."""
        from ..engine.campaign import campaign
        from .exits import stoppable

        with stoppable(), campaign(self.placement, engine.name, progress) as work:
            yield work


def one_of(symbol: str | None, known: list[str]) -> list[str]:
    """The name that is asked for, or all. Raises InputError for one without an episode."""
    from ..scenarios import InputError
    from ..scenarios.errors import did_you_mean

    if symbol is None:
        return known
    if symbol.upper() not in known:
        help_ = did_you_mean(symbol.upper(), known, f"; it has {', '.join(known)}")
        raise InputError(f"--symbol: no episode of {symbol.upper()}{help_}")
    return [symbol.upper()]

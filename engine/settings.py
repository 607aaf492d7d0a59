"""Settings of a run that decide its numbers: what a request says and a job keeps, said once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Plain values. `seed` of the random numbers; paths of every scenario that also run without
    each channel, `attribution`, and weighted paths, `importance`; the `measure`, which loss of a
    path tail, attribution and weighted paths are about (results/measures/path_loss.py).

    A field with a default that changes nothing: a job that was written without it has the default.
    """

    seed: int = 1
    attribution: int = 0
    importance: int = 0
    measure: str = "worst"

    def settings(self) -> dict[str, Any]:
        """The values by name."""
        return {field.name: getattr(self, field.name) for field in fields(Settings)}

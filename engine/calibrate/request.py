"""What a fit is asked for, said once: files and dates of an episode, sizes, where it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..executors.placement import EMBEDDED, Placement
from .fit import USUAL, Size


@dataclass(frozen=True)
class CalibrationRequest:
    """A fit. `prices` are closes, `market` the snapshot of the first of them, `output` the scenario
    to write (YAML, a new file), None for none.

    `first` and `last` bound the closes; with `as_of` nothing after that close is used. `series`
    gives further files by the names of SERIES in inputs.py. Names `beside` are simulated with it,
    under what the `base` says of them. `events` are added to the base's, those after `as_of` left
    out.
    """

    prices: str | Path
    market: str | Path
    output: str | Path | None = None
    symbol: str | None = None
    first: date | None = None
    last: date | None = None
    as_of: date | None = None
    series: Mapping[str, str | Path] = field(default_factory=dict)
    chain: str | Path | None = None
    base: str | None = None
    priors: str = "squeeze"
    beside: Sequence[str] = ()
    events: str | Path | None = None
    size: Size = USUAL
    seed: int = 1
    backend: str = "auto"
    placement: Placement = EMBEDDED

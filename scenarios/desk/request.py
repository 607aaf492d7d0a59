"""What a market file is built from, said once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

Files = tuple[str, ...]


@dataclass(frozen=True)
class BuildRequest:
    """Files by what they hold; those of one name may be given as `GME=file`, or in a folder.

    `indices` are price files by factor, the market first. `known_by`: the day by which figures
    must have been published, by default `as_of`; `until`: the last day of the windows of volume,
    volatility and betas, by default `as_of`.
    """

    book: str | Path
    prices: Files
    indices: Mapping[str, str] = field(default_factory=dict)
    short_interest: Files = ()
    shares: Files = ()
    borrow: Files = ()
    chains: Files = ()
    figures: Files = ()
    splits: str | None = None
    as_of: date | None = None
    known_by: date | None = None
    until: date | None = None
    window: int = 60
    oldest: Mapping[str, int] = field(default_factory=dict)
    flag: bool = False
    vintages: str | None = None
    currency: str = "USD"
    rates: Mapping[str, float] = field(default_factory=dict)
    index_funds: Files = ()

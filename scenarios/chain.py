"""The option chain: customers' open interest per symbol, expiry and strike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

SHARES_PER_CONTRACT = 100


@dataclass(frozen=True)
class ChainRow:
    """One listed option. Units: strike in currency, open_interest in contracts of 100 shares."""

    symbol: str
    expiry: date
    strike: float
    option_type: Literal["call", "put"]
    open_interest: float


@dataclass(frozen=True)
class Chain:
    """Every option read; empty where no file is given."""

    rows: tuple[ChainRow, ...] = ()
    file: str = ""
    text: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()

    def for_symbol(self, symbol: str) -> tuple[ChainRow, ...]:
        """The rows of one symbol, in file order."""
        return tuple(row for row in self.rows if row.symbol == symbol)

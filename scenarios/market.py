"""The market snapshot: one row per symbol as of one close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class MarketRow:
    """One symbol at the as-of close.

    Units: price in the market's currency; shares in shares; adv in shares a day; borrow_fee,
    volatility and implied_vol per annum as decimals. `lendable` is None where the file gives
    neither lendable nor utilisation.
    """

    symbol: str
    price: float
    float_shares: float
    short_interest: float
    adv: float
    volatility: float
    implied_vol: float
    borrow_fee: float
    shares_outstanding: float | None = None
    lendable: float | None = None
    betas: Mapping[str, float] = field(default_factory=dict)
    source: str = ""

    @property
    def utilisation(self) -> float | None:
        """Short interest / lendable, None where lendable is not known."""
        return self.short_interest / self.lendable if self.lendable else None


@dataclass(frozen=True)
class Market:
    """A market snapshot as read; `market["GME"]` is its row."""

    rows: Mapping[str, MarketRow]
    as_of: date | None = None
    currency: str = "USD"
    file: str = ""
    text: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()

    def __getitem__(self, symbol: str) -> MarketRow:
        return self.rows[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.rows

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors that have a beta_ column, in the order of the file."""
        return tuple(dict.fromkeys(name for row in self.rows.values() for name in row.betas))

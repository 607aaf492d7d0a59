"""The book: positions in shares, cash, margin rates."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Position:
    """One equity position.

    Units: quantity in signed shares; price in the book's currency (of the market snapshot);
    margin_rate maintenance margin as a fraction of the position's value; borrow_fee per annum, None
    to take the market's.
    """

    position_id: str
    symbol: str
    quantity: float
    price: float
    margin_rate: float
    borrow_fee: float | None = None

    @property
    def value(self) -> float:
        """Signed market value."""
        return self.quantity * self.price


@dataclass(frozen=True)
class Book:
    """Positions in file order, one per symbol, and cash (short-sale proceeds included)."""

    positions: tuple[Position, ...]
    cash: float
    currency: str = "USD"
    file: str = ""
    text: str = field(default="", repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def equity(self) -> float:
        """Sum of quantity x price, plus cash, at the as-of close."""
        return sum(position.value for position in self.positions) + self.cash

    @property
    def symbols(self) -> tuple[str, ...]:
        """Symbols in alphabetical order: the order in which names are packed."""
        return tuple(sorted(position.symbol for position in self.positions))

    @property
    def shorts(self) -> frozenset[str]:
        """Symbols the book is short: where the overrides under `names: shorts:` apply."""
        return frozenset(p.symbol for p in self.positions if p.quantity < 0)

    def __getitem__(self, symbol: str) -> Position:
        return next(position for position in self.positions if position.symbol == symbol)

"""Shares of a name bought or sold at the as-of price, whether the book holds the name or not.

Shares that are bought come from elastic holders, and shares of a long that are sold go to them. A
new short is the inverse of closing one: the shares are borrowed and sold to elastic holders, so
reported short interest and the elastic float rise by as much, and everybody else who is short stays
short (book_change.py). What cannot be borrowed is refused; so is a long above the float.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...scenarios.book import Book, Position, maintenance_margin
from ...scenarios.errors import InputError
from ...scenarios.market import Market, MarketRow
from .book_change import Terms, cost_of_shares
from .universe import row_of


@dataclass(frozen=True)
class Shares:
    """Signed shares of the name of `row`, the market's before any shift: bought, negative: sold."""

    row: MarketRow
    quantity: float

    def __str__(self) -> str:
        return f"{'buy' if self.quantity > 0 else 'sell'} {abs(self.quantity):,.15g} {self.symbol}"

    @property
    def symbol(self) -> str:
        """The name."""
        return self.row.symbol

    @property
    def subject(self) -> str:
        """What is traded."""
        return self.symbol

    def check(self, book: Book) -> None:
        """Raises InputError for no shares, more than can be borrowed, a long above the float."""
        before, row = self._held(book), self.row
        after = before + self.quantity
        if not math.isfinite(self.quantity) or self.quantity == 0:
            raise InputError(
                f"{self.symbol}: {self.quantity:g} is no number of shares; give those to buy, "
                "negative: to sell"
            )
        if after > row.float_shares:
            raise InputError(
                f"{self.symbol}: the book would be long {after:,.0f} shares and the float is "
                f"{row.float_shares:,.0f}; buy less"
            )
        borrowed = max(-after, 0.0) - max(-before, 0.0)
        if borrowed > 0 and row.lendable is not None:
            spare = max(row.lendable - row.short_interest, 0.0)
            if borrowed > spare:
                raise InputError(
                    f"{self.symbol}: {borrowed:,.0f} shares would be borrowed and {spare:,.0f} of "
                    f"{row.lendable:,.0f} lendable are left; sell less"
                )

    def cost(self, book: Book, terms: Terms) -> float:
        """1/2 lambda q^2 P(0) floats for q floats, or the terms' rate."""
        return cost_of_shares(self.symbol, abs(self.quantity), terms)

    def premium(self, book: Book) -> float:
        """None: shares are worth what is paid for them."""
        return 0.0

    def apply(self, book: Book) -> Book:
        """The book, which has a position in the name, with the shares added to it."""
        positions = tuple(self._traded(p) if p.symbol == self.symbol else p for p in book.positions)
        return replace(book, positions=positions)

    def _traded(self, held: Position) -> Position:
        """On the side that it was on a position keeps its margin rate, else it takes the rule's."""
        after = held.quantity + self.quantity
        if held.quantity * after > 0:
            return replace(held, quantity=after)
        rate = maintenance_margin(after, held.price * held.rate)
        return replace(held, quantity=after, margin_rate=rate, locate=None)

    def _held(self, book: Book) -> float:
        return book[self.symbol].quantity if self.symbol in book.symbols else 0.0


def shares_of(add: Mapping[str, float], market: Market) -> list[Shares]:
    """Signed shares by symbol, {"SPY": 10000}, of names of the market. Raises InputError."""
    made = []
    for symbol, quantity in add.items():
        try:
            made.append(Shares(row_of(symbol.upper(), market), float(quantity)))
        except InputError as error:
            raise InputError(f"add: {error}") from None
    return made

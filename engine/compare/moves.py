"""Positions that changed between two books, and what the day made of the first."""

from __future__ import annotations

from dataclasses import dataclass

from ...scenarios.book import Book
from ...scenarios.market import Market


@dataclass(frozen=True)
class Move:
    """A position that changed: shares or contracts before and after."""

    label: str
    before: float
    after: float


def moves(before: Book, after: Book) -> tuple[Move, ...]:
    """Positions that were bought, sold or changed, the largest change of value first."""
    held: list[dict[str, tuple[float, float]]] = []
    for book in (before, after):
        units = {p.symbol: (p.quantity, p.price * p.rate) for p in book.positions}
        for d in book.derivatives:
            old = units.get(d.label, (0.0, 0.0))[0]
            units[d.label] = (old + d.quantity, d.price * d.multiplier * d.rate)
        held.append(units)
    was, now = held
    found = []
    for label in dict.fromkeys([*was, *now]):
        (old, old_price), (new, price) = (each.get(label, (0.0, 0.0)) for each in held)
        if old != new:
            found.append((abs(new - old) * (price or old_price), Move(label, old, new)))
    return tuple(move for _, move in sorted(found, key=lambda pair: -pair[0]))


def day_pnl(before: Book, market: Market) -> dict[str, float]:
    """What the positions of a book earned by the closes of a later market, by symbol, the largest
    loss first, in the book's currency; options, futures, fees and trades are left out.
    """
    earned = {
        p.symbol: p.quantity * (market[p.symbol].price * market[p.symbol].rate - p.price * p.rate)
        for p in before.positions
        if p.symbol in market
    }
    return dict(sorted(earned.items(), key=lambda pair: pair[1]))

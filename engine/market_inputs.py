"""What changed between two market files, input by input, and what the day made of the book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..scenarios.book import Book
from ..scenarios.market import Market

INPUTS = {
    "price": ("price", "rate"),
    "float": ("float_shares", "shares_outstanding"),
    "short interest": ("short_interest",),
    "volatility": ("volatility", "implied_vol"),
    "borrow": ("borrow_fee", "lendable"),
    "volume": ("adv",),
}
"""Columns of the market file by the input they are, in the order in which they are swapped."""
REST = "dates, betas and chain"
"""What the last swap brings."""


def swapped(was: Market, now: Market) -> Iterator[tuple[str, Market]]:
    """The first market with one input after another of the second, by input; of names in both."""
    rows = dict(was.rows)
    for name, columns in INPUTS.items():
        for symbol in rows.keys() & now.rows.keys():
            new = {column: getattr(now[symbol], column) for column in columns}
            rows[symbol] = replace(rows[symbol], **new)
        yield name, replace(was, rows=dict(rows))


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

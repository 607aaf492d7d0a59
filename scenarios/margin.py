"""What a broker asks of the book at the start, by the book file's own rates (docs/model.md, 11)."""

from __future__ import annotations

from .book import Book
from .derivatives import Derivative

# FINRA rule 4210(f)(2)(E): a short option's 20 % of the underlying, at least 10 %; rule 4210(g):
# $.375 a share of every contract. A future: near what exchanges ask of broad indices.
SHORT_OPTION, LEAST, MINIMUM, FUTURE = 0.20, 0.10, 0.375, 0.10


def requirement(book: Book, prices: dict[str, float]) -> float:
    """Maintenance requirement at the start under the regime `position`.

    Units: the book's currency; `prices` in each name's.
    Source: FINRA rule 4210(c) and (f)(2).
    """
    shares = sum(abs(p.value) * p.margin_rate for p in book.positions)
    return shares + sum(_alone(d, prices[d.symbol]) for d in book.derivatives)


def _alone(d: Derivative, spot: float) -> float:
    """Of one row of options or futures."""
    size = abs(d.quantity) * d.multiplier * d.rate
    if d.kind == "future":
        return size * spot * (FUTURE if d.margin_rate is None else d.margin_rate)
    if d.quantity > 0:
        return d.value
    out = max(d.strike - spot if d.kind == "call" else spot - d.strike, 0.0)
    part = spot * (SHORT_OPTION if d.margin_rate is None else d.margin_rate)
    least = LEAST * (spot if d.kind == "call" else d.strike)
    return size * (max(part - out, least) + d.price)

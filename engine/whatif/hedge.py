"""A hedge: contracts of a listed option bought at the ask, on a name of the book or another one.

The mark is the model's, Black & Scholes (1973) at the implied volatility of the market file, or the
book's where it holds the contract. What is paid beyond it is lost at once: that is the cost; the
rest of the premium is cash that becomes options. That dealers hedge what they sell us is not
simulated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ...scenarios.book import Book
from ...scenarios.capacity import MAX_DERIVATIVES
from ...scenarios.derivatives import Derivative, contract_of, underlying_of
from ...scenarios.errors import InputError, shown
from ...scenarios.market import Market
from ...scenarios.table import Row
from .book_change import SPREAD, Terms
from .universe import row_of

_FORM = "write GME210129C00115000=2500, or =2500@3.40 with an ask per share"


@dataclass(frozen=True)
class Hedge:
    """`contract.quantity` contracts more, bought at `ask` per share, at least `contract.price`."""

    contract: Derivative
    ask: float

    def __str__(self) -> str:
        return f"buy {self.contract.quantity:,.0f} {self.contract.label} at {self.ask:.4g}"

    @property
    def symbol(self) -> str:
        """The name that the option is on."""
        return self.contract.symbol

    @property
    def subject(self) -> str:
        """What is traded."""
        return self.contract.label

    def check(self, book: Book) -> None:
        """Raises InputError where the book would hold more contracts than can be simulated."""
        if len(self.apply(book).derivatives) > MAX_DERIVATIVES:
            raise InputError(
                f"{self}: the book holds {MAX_DERIVATIVES} options and futures; no more can be "
                "simulated"
            )

    def cost(self, book: Book, terms: Terms) -> float:
        """What is paid above the mark, in the book's currency."""
        bought = self.contract
        return bought.quantity * bought.multiplier * (self.ask - bought.price) * bought.rate

    def premium(self, book: Book) -> float:
        """What they are worth at their mark."""
        bought = self.contract
        return bought.quantity * bought.multiplier * bought.price * bought.rate

    def apply(self, book: Book) -> Book:
        """The book with the contracts, added to those of the kind that it holds."""
        bought = self.contract
        others = [d for d in book.derivatives if not _same(d, bought)]
        total = bought.quantity + sum(d.quantity for d in book.derivatives if _same(d, bought))
        kept = (replace(bought, quantity=total),) if total else ()
        return replace(book, derivatives=(*others, *kept))


def hedge_of(text: str, book: Book, market: Market, spread: float = SPREAD) -> Hedge:
    """The hedge of `GME210129C00115000=2500` or `=2500@3.40`; `market` as the book is marked.

    Without an ask it is the mark x (1 + spread). Raises InputError.
    """
    symbol, equals, rest = text.partition("=")
    number, at, price = rest.partition("@")
    quantity, ask = _number(number), _number(price) if at else None
    if not equals or underlying_of(symbol) is None:
        raise InputError(f"hedges: {shown(text)} is no option and number of contracts; {_FORM}")
    if not (quantity >= 1 and quantity == math.floor(quantity)):
        raise InputError(f"hedges: {shown(number)} is not a whole number of contracts; {_FORM}")
    if ask is not None and math.isnan(ask):
        raise InputError(f"hedges: {shown(price)} is not an ask per share; {_FORM}")
    row = Row("hedges", 0, {})
    check_underlying(row, symbol, market)
    try:
        contract = contract_of(symbol, quantity, market, row.file)
    except InputError as error:  # there is no row to remove
        raise InputError(str(error).removesuffix("; remove the row")) from None
    return hedge_at(row, contract, ask, book, spread)


def check_underlying(row: Row, symbol: str, market: Market) -> None:
    """Raises InputError for an option on a name without a market row."""
    root = underlying_of(symbol)
    if root is not None:
        try:
            row_of(root, market)
        except InputError as error:
            raise _error(row, "symbol", str(error)) from None


def hedge_at(
    row: Row, contract: Derivative, ask: float | None, book: Book, spread: float = SPREAD
) -> Hedge:
    """A contract bought at an ask per share, or at its mark and half the spread; `row` opens the
    error. Raises InputError.
    """
    for held_already in book.derivatives:
        if _same(held_already, contract):
            contract = replace(held_already, quantity=contract.quantity)
    mark = contract.price
    if ask is None:
        return Hedge(contract, mark * (1 + spread))
    least = float(f"{mark:.4g}")  # as it is shown
    if ask < least:
        raise _error(
            row,
            "price",
            f"an ask of {ask:g} is below {least:g}, what the model marks {contract.label} at "
            f"(implied volatility {contract.implied_vol:.0%}); give more, or a better implied_vol "
            "in the market file and a new run",
        )
    return Hedge(contract, max(ask, mark))


def _error(row: Row, column: str, problem: str) -> InputError:
    """A word of the command line has no columns."""
    return row.error(column, problem) if row.number else InputError(f"{row.file}: {problem}")


def _same(one: Derivative, other: Derivative) -> bool:
    return (one.label, one.multiplier) == (other.label, other.multiplier)


def _number(text: str) -> float:
    """A finite number, NaN where there is none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan

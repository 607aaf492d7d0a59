"""Missing cash: equity is the value of all positions plus what the account holds."""

from __future__ import annotations

from collections.abc import Iterator

from ..margin import requirement
from .finding import WARNING
from .rule import Hit, hit, rule
from .said import Said

WAY_OUT = "add cash rows that hold all of the account's money, proceeds of short sales included"


def gross(said: Said) -> float:
    """Value of all shares, longs and shorts alike."""
    return sum(abs(p.value) for p in said.book.positions) if said.book else 0.0


@rule(
    "cash.gross",
    "gross value of shares over equity",
    6.67,
    "portfolio margin asks .15 of every share (FINRA 4210(g)), so nobody holds 1/.15 times equity",
    WARNING,
    f"the book holds {{ratio:,.1f}} times its equity of {{equity:,.0f}}; {WAY_OUT}",
)
def much_gross(said: Said, threshold: float) -> Iterator[Hit]:
    if said.book and gross(said) >= threshold * said.book.equity:
        ratio = gross(said) / said.book.equity
        yield hit(said.whole_book, "cash", ratio=ratio, equity=said.book.equity)


@rule(
    "cash.none",
    "cash rows of a book that is short: fewest",
    1,
    "short sales leave their proceeds in the account",
    WARNING,
    f"no row of cash, though the book is short; {WAY_OUT}",
)
def none(said: Said, threshold: float) -> Iterator[Hit]:
    if said.book is None or any(p.quantity < 0 for p in said.book.positions) is False:
        return
    rows = sum(row.text("instrument_type").lower() == "cash" for _, row in said.held)
    if said.book.text and rows < threshold:
        yield hit(said.whole_book, "cash")


@rule(
    "cash.called",
    "equity over the requirement at the start, by the book file's margin rates",
    1.0,
    "an account below its requirement is called at once (FINRA 4210(f)(6))",
    WARNING,
    f"the requirement of {{needed:,.0f}} is above the equity of {{equity:,.0f}}; {WAY_OUT}, or "
    "correct "
    "margin_rate",
)
def called(said: Said, threshold: float) -> Iterator[Hit]:
    if said.book is None:
        return
    prices = {symbol: said.market[symbol].price for symbol in said.book.symbols}
    needed, equity = requirement(said.book, prices), said.book.equity
    if equity < threshold * needed:
        yield hit(said.whole_book, "cash", needed=needed, equity=equity)


@rule(
    "cash.idle",
    "gross value of shares, and of what options and futures stand for, over equity",
    0.02,
    "a fund that invests a fiftieth of its money is none",
    WARNING,
    "the book holds {ratio:.2%} of its equity of {equity:,.0f}; give quantities in shares, not in "
    "thousands, and cash in {currency}, not in cents",
)
def idle(said: Said, threshold: float) -> Iterator[Hit]:
    if said.book is None:
        return
    book, market = said.book, said.market
    notional = sum(
        abs(d.quantity) * d.multiplier * market[d.symbol].price * d.rate for d in book.derivatives
    )
    if gross(said) + notional < threshold * book.equity:
        ratio = (gross(said) + notional) / book.equity
        words = {"equity": book.equity, "currency": book.currency}
        yield hit(said.whole_book, "cash", ratio=ratio, **words)

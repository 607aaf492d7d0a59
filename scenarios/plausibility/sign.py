"""Signs: shorts written as longs, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from ..book import Position
from ..derivatives import Derivative
from .finding import NOTE, WARNING
from .index_funds import is_index
from .rule import Hit, hit, rule
from .said import Said


def _key(held: Position | Derivative) -> tuple[object, ...]:
    if isinstance(held, Derivative):
        # the strike of a future is the price it was last settled at
        strike = None if held.kind == "future" else held.strike
        return held.symbol, held.kind, strike, held.expiry
    return (held.symbol,)


@rule(
    "sign.turned",
    "size of a position over yesterday's of the other sign, or the other way round",
    1.34,
    "who turns a position seldom ends at the same size; three quarters of it or more is a sign",
    WARNING,
    "{now:+,.0f} {symbol}, and {before:+,.0f} in {file}; a short is negative: correct the sign",
)
def turned(said: Said, threshold: float) -> Iterator[Hit]:
    if said.book is None or said.before is None:
        return
    old = said.before.book
    before = {_key(each): each.quantity for each in old.positions}
    before |= {_key(each): each.quantity for each in old.derivatives}
    for held, row in said.holdings:
        was = before.get(_key(held), 0.0)
        ratio = -held.quantity / was if was else 0.0
        if 1 / threshold <= ratio <= threshold:
            words = {"now": held.quantity, "symbol": held.symbol, "before": was}
            yield hit(row, "quantity", file=said.before.file, **words)


@rule(
    "sign.cash-turned",
    "cash over yesterday's of the other sign, or the other way round",
    1.34,
    "as sign.turned",
    WARNING,
    "cash of {now:+,.0f}, and {before:+,.0f} in {file}; money of the account is positive",
)
def cash_turned(said: Said, threshold: float) -> Iterator[Hit]:
    if said.book is None or said.before is None or not said.before.book.cash:
        return
    now, was = said.book.cash, said.before.book.cash
    if 1 / threshold <= -now / was <= threshold:
        yield hit(said.whole_book, "cash", now=now, before=was, file=said.before.file)


@rule(
    "sign.loan-of-a-long",
    "borrow_fee in a row of a long position, per annum",
    0.0,
    "nobody borrows what is owned",
    WARNING,
    "long {quantity:,.0f} {symbol} with a fee for its loan; a short is negative: write "
    "{short:,.0f}, "
    "or leave borrow_fee empty",
)
def loan_of_a_long(said: Said, threshold: float) -> Iterator[Hit]:
    for held, row in said.positions:
        if held.quantity > 0 and (held.borrow_fee or 0) > threshold:
            words = {"quantity": held.quantity, "short": -held.quantity}
            yield hit(row, "quantity", symbol=held.symbol, **words)


@rule(
    "sign.long-among-shorts",
    "short_interest over float_shares of a name that a book with shorts is long",
    0.15,
    "one US name in twenty has more (January 2021)",
    NOTE,
    "long {quantity:,.0f} {symbol}, of whose float {part:.0%} is short; if it is the book's "
    "short, write "
    "{short:,.0f}",
)
def long_among_shorts(said: Said, threshold: float) -> Iterator[Hit]:
    if not any(held.quantity < 0 for held, _ in said.positions):
        return
    for held, row in said.positions:
        quote = said.market[held.symbol]
        part = quote.short_interest / quote.float_shares
        if held.quantity > 0 and part >= threshold and not is_index(quote):
            words = {"quantity": held.quantity, "short": -held.quantity, "part": part}
            yield hit(row, "quantity", symbol=held.symbol, **words)


@rule(
    "sign.none-short",
    "cash over the value of a book of five positions or more that is short of nothing",
    0.5,
    "so much cash beside positions is what short sales leave; exports often lose the sign",
    WARNING,
    "nothing is short, and cash is {ratio:.0%} of the positions; a short is negative: write "
    "-400000",
)
def none_short(said: Said, threshold: float) -> Iterator[Hit]:
    book = said.book
    quantities = [held.quantity for held, _ in said.holdings]
    if book is None or len(quantities) < 5 or min(quantities) < 0:
        return
    value = sum(p.value for p in book.positions)
    if value and book.cash >= threshold * value:
        yield hit(said.whole_book, "quantity", ratio=book.cash / value)

"""A book that is changed today: positions closed, scaled or added, and what it costs.

The book changes, the story does not. A squeeze comes to a name whether or not we are short it, so
the names that were short before keep what a scenario says about `shorts`, a fund that copies the
book goes on copying the book as it was, and a closed name stays among the simulated ones.

Closing a short of c shares is buying them from elastic holders and giving them back to the lender:
reported short interest falls by c, whoever else is short stays short, and the elastic float falls
by c (a bought share that was borrowed is one long holder less; docs/model.md, 2). Selling a long
gives its shares to elastic holders. The impact of the trade is a cost and no move: paths start at
the as-of price. A name's options and futures are scaled with its shares, at their marks and for
half a spread; that dealers change their hedge when we trade options is not simulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

from ...scenarios.book import Book, ChangedBook
from ...scenarios.bound import Bound
from ...scenarios.errors import InputError, did_you_mean, shown
from ...scenarios.market import Market
from ...scenarios.scenario import Scenario
from ..checks import texts

CLOSE, HALVE = 0.0, 0.5
SPREAD = 0.05
"""Half the spread of options as a fraction of their mark: a convention, no estimate."""


@dataclass(frozen=True)
class Terms:
    """What trading costs: by name the log price per float (lambda) at once, or `rate`, a fraction
    of the value of shares; `spread`, a fraction of the value of options."""

    market: Market
    impact: Mapping[str, float]
    rate: float | None = None
    spread: float = SPREAD


class Trade(Protocol):
    """A change of the book; `str` is its label."""

    @property
    def symbol(self) -> str:
        """The name that is traded, or that the options are on."""

    @property
    def subject(self) -> str:
        """What is traded."""

    def check(self, book: Book) -> None:
        """Raises InputError where it cannot be done."""

    def cost(self, book: Book, terms: Terms) -> float:
        """What it costs, in the book's currency."""

    def premium(self, book: Book) -> float:
        """Money that becomes options at their mark, in the book's currency."""

    def apply(self, book: Book) -> Book:
        """The book with what it then holds, its cash untouched."""


@dataclass(frozen=True)
class Change:
    """All that is held on a name multiplied by `factor`, between 0 (closed) and 1 (left alone)."""

    symbol: str
    factor: float

    def __str__(self) -> str:
        words = {CLOSE: f"close {self.symbol}", HALVE: f"halve {self.symbol}"}
        return words.get(self.factor, f"{self.symbol} x {self.factor:g}")

    @property
    def subject(self) -> str:
        """The name."""
        return self.symbol

    def check(self, book: Book) -> None:
        """Raises InputError for a name that is not held, a wrong factor."""
        symbol = self.symbol
        if symbol not in book.symbols:
            held = did_you_mean(symbol, book.symbols, f"; it holds {', '.join(book.symbols)}")
            raise InputError(f"{shown(symbol)} is not in the book{held}")
        if not 0 <= self.factor <= 1:
            raise InputError(
                f"{symbol}: factor {self.factor:g} is not between 0 (closed) and 1 (left alone)"
            )

    def cost(self, book: Book, terms: Terms) -> float:
        """1/2 lambda q^2 P(0) floats for q floats of shares; half a spread for options.

        The first is half the linear impact of trading q at once. Futures cost nothing.
        """
        part = 1 - self.factor
        options = sum(abs(d.value) for d in book.derivatives if d.symbol == self.symbol)
        shares = cost_of_shares(self.symbol, part * abs(book[self.symbol].quantity), terms)
        return shares + terms.spread * part * options

    def premium(self, book: Book) -> float:
        """None: nothing is bought."""
        return 0.0

    def apply(self, book: Book) -> Book:
        """The book with the name's shares, options and futures scaled."""
        positions = tuple(
            replace(p, quantity=p.quantity * self.factor + 0.0) if p.symbol == self.symbol else p
            for p in book.positions
        )
        derivatives = tuple(
            replace(d, quantity=d.quantity * self.factor) if d.symbol == self.symbol else d
            for d in book.derivatives
            if self.factor or d.symbol != self.symbol
        )
        return replace(book, positions=positions, derivatives=derivatives)


def cost_of_shares(symbol: str, traded: float, terms: Terms) -> float:
    """Half the linear impact of trading so many shares at once, or the terms' rate of their value,
    in the book's currency."""
    row = terms.market[symbol]
    impact = 0.5 * terms.impact[symbol] * traded / row.float_shares
    return (impact if terms.rate is None else terms.rate) * traded * row.price * row.rate


def changes_of(
    close: Sequence[str] = (), halve: Sequence[str] = (), scale: Mapping[str, float] | None = None
) -> list[Change]:
    """Changes by symbol; `scale` holds factors, {"BB": 0.7}."""
    made = [Change(symbol.upper(), CLOSE) for symbol in texts("close", close)]
    made += [Change(symbol.upper(), HALVE) for symbol in texts("halve", halve)]
    return [*made, *(Change(symbol.upper(), x + 0.0) for symbol, x in (scale or {}).items())]


def check_changes(changes: Sequence[Trade], book: Book) -> None:
    """Raises InputError for no change, something that comes twice or that cannot be done."""
    if not changes:
        words = "`close`, `halve`, `scale`, `add`, `hedges` or `trades`"
        raise InputError(f"nothing to change; give {words}")
    seen: set[str] = set()
    for change in changes:
        change.check(book)
        if change.subject in seen:
            raise InputError(f"{change.subject} is changed twice; give it one change")
        seen.add(change.subject)


def cost_of(changes: Sequence[Trade], book: Book, terms: Terms) -> float:
    """What trading costs, in the book's currency."""
    return sum(change.cost(book, terms) for change in changes)


def applied(book: Book, changes: Sequence[Trade]) -> Book:
    """The book with what it holds after trading, its cash untouched.

    Names are scaled before anything is bought, so a hedge beside its name's closing stays.
    """
    for change in sorted(changes, key=lambda change: not isinstance(change, Change)):
        book = change.apply(book)
    return book


def changed_book(book: Book, changes: Sequence[Trade], cost: float) -> ChangedBook:
    """The book after trading at its own marks and paying `cost`; equity falls by that alone."""
    after = applied(book, changes)
    bought = (after.equity - after.cash) - (book.equity - book.cash)
    given = {field.name: getattr(after, field.name) for field in fields(Book)}
    return ChangedBook(**given | {"cash": book.cash - bought - cost}, before=book.shorts)


def changed(bound: Bound, after: Book) -> Bound:
    """A bound scenario for the book `after` a change of its own."""
    book, rows = bound.book, dict(bound.market.rows)
    for old, new in zip(book.positions, after.positions, strict=True):
        covered = min(new.quantity, 0.0) - min(old.quantity, 0.0)
        row = rows[old.symbol]
        rows[old.symbol] = replace(row, short_interest=row.short_interest - covered)
    story = _with_own_funds(bound.scenario, book, bound.market)
    return bound.with_scenario(story).with_book(after, replace(bound.market, rows=rows))


def _with_own_funds(scenario: Scenario, book: Book, market: Market) -> Scenario:
    """Funds that copy the book hold what they copied before: weights for every name of the book."""
    funds = {}
    for name, fund in scenario.funds.items():
        copied = {
            p.symbol: fund.copies * p.quantity * market[p.symbol].price * p.rate / book.equity
            for p in book.positions
        }
        funds[name] = fund.model_copy(
            update={"copies": 0.0, "positions": {**copied, **fund.positions}}
        )
    return scenario.model_copy(update={"funds": funds})

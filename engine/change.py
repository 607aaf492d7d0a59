"""A book that is changed today: positions closed or scaled at the as-of price, and what it costs.

The book changes, the story does not. A squeeze comes to a name whether or not we are short it, so
the names that were short before keep what a scenario says about `shorts`, a fund that copies the
book goes on copying the book as it was, and a closed name stays among the simulated ones.

Closing a short of c shares is buying them from elastic holders and giving them back to the lender:
reported short interest falls by c, whoever else is short stays short, and the elastic float falls
by c (a bought share that was borrowed is one long holder less; docs/model.md, 2). Selling a long
gives its shares to elastic holders. The impact of the trade is a cost and no move: paths start at
the as-of price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from ..kernels.layout import Packed
from ..kernels.pack import pack
from ..kernels.pack_name import Impact
from ..scenarios.book import Book
from ..scenarios.chain import Chain
from ..scenarios.errors import InputError, did_you_mean, shown
from ..scenarios.market import Market
from ..scenarios.scenario import Scenario

CLOSE, HALVE = 0.0, 0.5


@dataclass(frozen=True)
class Change:
    """A position multiplied by `factor`, between 0 (closed) and 1 (left alone)."""

    symbol: str
    factor: float

    def __str__(self) -> str:
        words = {CLOSE: f"close {self.symbol}", HALVE: f"halve {self.symbol}"}
        return words.get(self.factor, f"{self.symbol} x {self.factor:g}")


@dataclass(frozen=True)
class ChangedBook(Book):
    """A book after a change; `shorts` are those before, since scenarios speak of them."""

    before: frozenset[str] = frozenset()

    @property
    def shorts(self) -> frozenset[str]:
        """Symbols that the book was short before it was changed."""
        return self.before


def parse_changes(
    close: Sequence[str] | None = None,
    halve: Sequence[str] | None = None,
    scale: Sequence[str] | None = None,
) -> list[Change]:
    """Changes as the command line gives them; `scale` holds `BB=0.7`. Raises InputError."""
    made = [Change(symbol.upper(), CLOSE) for symbol in close or ()]
    made += [Change(symbol.upper(), HALVE) for symbol in halve or ()]
    for text in scale or ():
        symbol, equals, number = text.partition("=")
        if not (symbol and equals):
            raise InputError(f"--scale: {shown(text)} is not of the form BB=0.7")
        try:
            factor = float(number)
        except ValueError:
            raise InputError(f"--scale: {shown(number)} is not a number; write BB=0.7") from None
        made.append(Change(symbol.upper(), factor + 0.0))
    return made


def check_changes(changes: Sequence[Change], book: Book) -> None:
    """Raises InputError for no change, a name that is not held or comes twice, a wrong factor."""
    if not changes:
        raise InputError("nothing to change; give --close, --halve or --scale")
    seen: set[str] = set()
    for change in changes:
        symbol = change.symbol
        if symbol not in book.symbols:
            held = did_you_mean(symbol, book.symbols, f"; it holds {', '.join(book.symbols)}")
            raise InputError(f"{shown(symbol)} is not in the book{held}")
        if symbol in seen:
            raise InputError(f"{symbol} is changed twice; give it one change")
        if not 0 <= change.factor <= 1:
            raise InputError(
                f"{symbol}: factor {change.factor:g} is not between 0 (closed) and 1 (left alone)"
            )
        seen.add(symbol)


def cost_of(
    changes: Sequence[Change],
    book: Book,
    market: Market,
    impacts: Sequence[Impact],
    rate: float | None = None,
) -> float:
    """What trading costs, in the book's currency: the sum of 1/2 lambda q^2 P(0) floats over names.

    q is what is traded in floats, lambda the impact per float of the packed scenario: half the
    linear impact of buying or selling q at once. `rate` replaces it by a fraction of the value.
    """
    impact = {each.symbol: each.per_float for each in impacts}
    total = 0.0
    for change in changes:
        row = market[change.symbol]
        traded = (1 - change.factor) * abs(book[change.symbol].quantity)
        share = 0.5 * impact[change.symbol] * traded / row.float_shares if rate is None else rate
        total += share * traded * row.price * row.rate
    return total


def changed_book(book: Book, changes: Sequence[Change], cost: float) -> ChangedBook:
    """The book after trading at its own prices and paying `cost`; equity falls by that alone."""
    factor = {change.symbol: change.factor for change in changes}
    positions = tuple(
        replace(p, quantity=p.quantity * factor.get(p.symbol, 1.0) + 0.0) for p in book.positions
    )
    bought = sum(p.value for p in positions) - sum(p.value for p in book.positions)
    given = {field.name: getattr(book, field.name) for field in fields(Book)}
    given |= {"positions": positions, "cash": book.cash - bought - cost}
    return ChangedBook(**given, before=book.shorts)


def pack_changed(
    book: Book, after: Book, market: Market, chain: Chain, scenario: Scenario, *, seed: int
) -> Packed:
    """The arrays of a scenario for the book `after` a change of `book`.

    `market` is the snapshot with the scenario's shifts, as the book before saw it. Raises
    InputError.
    """
    rows = dict(market.rows)
    for old, new in zip(book.positions, after.positions, strict=True):
        covered = min(new.quantity, 0.0) - min(old.quantity, 0.0)
        row = rows[old.symbol]
        rows[old.symbol] = replace(row, short_interest=row.short_interest - covered)
    story = _with_own_funds(scenario, book, market)
    return pack(after, replace(market, rows=rows), chain, story, seed=seed)


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

"""Yesterday's inputs become tonight's: which are swapped, in what order, under what name.

A swap of the market is made twice, each way from the same state to the same state, so each adds up
to the same change: input by input over all names, and name by name with all its inputs. The step of
one name can be taken input by input once more. What belongs to no name, the date, comes first, so
that both ways share it. A book is swapped name by name: a position is traded at yesterday's price
and paid in cash, so that it moves no equity; cash that trades do not explain comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from ...scenarios.book import Book
from ...scenarios.chain import Chain
from ...scenarios.market import Market
from ..job import Job
from .state import State, at_prices_of, without_label

CHAIN, DATES, CASH = "chain", "dates", "cash"
INPUTS = {
    "price": ("price", "rate", "currency"),
    "float": ("float_shares", "shares_outstanding"),
    "short interest": ("short_interest",),
    "volatility": ("volatility", "implied_vol"),
    "borrow fee": ("borrow_fee",),
    "lendable": ("lendable",),
    "volume": ("adv",),
    "betas": ("betas",),
    "security type": ("is_index",),
    CHAIN: (),
}
"""Columns of the market file by the input they are, in the order in which they are swapped; the
chain is a file of its own."""
NAMES_ALONE = 6
"""Names swapped by themselves, those that ES owes most to; every one is a run, and six hold most of
the tail of a concentrated book."""
NAMES_SPLIT = 3
"""Names whose part is told by input: as many as one sentence can say."""
LEAST_SPLIT = 0.1
"""A name whose part is below this share of the largest name's is not told by input."""
INPUTS_ALONE = 2
"""Inputs told of such a name, those that moved most over all names; the others go together."""
OTHER_NAMES, OTHER_INPUTS = "other names", "other inputs"
ROUNDING = 1e-12


class Step(NamedTuple):
    """A state and the part that leads to it: its name in a table, and in words of its own."""

    name: str
    words: str
    state: State


@dataclass(frozen=True)
class MarketSwap:
    """From yesterday's market and chain to tonight's, with tonight's book: `start` to `end`.

    `weight` ranks names: what ES owes to each.
    """

    now: Job
    start: State
    end: State
    weight: Mapping[str, float]

    @cached_property
    def dated(self) -> State:
        """The first state at tonight's date: options have a day less, or have expired."""
        rows, market = self.start.market.rows, replace(self.end.market, rows={})
        alive = (r for r in self.start.chain.rows if not market.as_of or r.expiry > market.as_of)
        dated = replace(self.start, chain=replace(self.start.chain, rows=tuple(alive)))
        return self._at(dated, replace(market, rows=rows))

    @cached_property
    def changed(self) -> dict[str, tuple[str, ...]]:
        """Inputs that changed by name, of names that a path can feel, the heaviest first."""
        found = {}
        shifted = {shift.symbol for shift in self.end.scenario.market_shifts}
        felt = {*self.end.book.symbols, *(shifted & self.end.market.rows.keys())}
        for symbol in _heaviest(felt, self.weight):
            if inputs := tuple(name for name in INPUTS if self._moved(symbol, name)):
                found[symbol] = inputs
        return found

    def by_input(self) -> list[Step]:
        """The date, then one input after another, of all names."""
        steps, state = [Step(DATES, DATES, self.dated)], self.dated
        for name in INPUTS:
            of = [symbol for symbol, inputs in self.changed.items() if name in inputs]
            state = self._with(state, of, [name]) if of else state
            steps.append(Step(name, name, state))
        return _ending(steps, self.end)

    def by_name(self) -> list[Step]:
        """The date, then one name after another, all its inputs."""
        steps, state = [Step(DATES, DATES, self.dated)], self.dated
        for name, of in _alone(list(self.changed), NAMES_ALONE, OTHER_NAMES):
            state = self._with(state, of, INPUTS)
            steps.append(Step(name, f"market of {name}", state))
        return _ending(steps, self.end)

    def of_name(self, name: str, before: State, after: State, most: Sequence[str]) -> list[Step]:
        """The step of one name, input by input; `most` are all inputs, the important ones first."""
        changed, steps, state = self.changed[name], [], before
        ranked = [each for each in most if each in changed]
        for part, inputs in _alone(ranked, INPUTS_ALONE, OTHER_INPUTS):
            state = self._with(state, [name], inputs)
            steps.append(Step(part, f"{part} of {name}", state))
        return _ending(steps, after)

    def most_runs(self) -> int:
        """Runs that the inputs of the most important names can take."""
        inner = (min(len(c), INPUTS_ALONE + 1) - 1 for c in self.changed.values())
        return sum(sorted(inner, reverse=True)[:NAMES_SPLIT])

    def _moved(self, symbol: str, name: str) -> bool:
        """Whether an input of a name changed."""
        was, now = self.dated, self.end
        if name == CHAIN:
            return was.chain.for_symbol(symbol) != now.chain.for_symbol(symbol)
        rows = was.market[symbol], now.market[symbol]
        return any(getattr(rows[0], column) != getattr(rows[1], column) for column in INPUTS[name])

    def _with(self, state: State, symbols: Iterable[str], inputs: Iterable[str]) -> State:
        """A state with some inputs of some names from the end."""
        symbols, inputs = list(symbols), list(inputs)
        rows = dict(state.market.rows)
        columns = [column for name in inputs for column in INPUTS[name]]
        for symbol in symbols:
            new = {column: getattr(self.end.market[symbol], column) for column in columns}
            rows[symbol] = replace(rows[symbol], **new)
        if CHAIN in inputs:
            state = replace(state, chain=_joined(state.chain, self.end.chain, set(symbols)))
        return self._at(state, replace(state.market, rows=rows))

    def _at(self, state: State, market: Market) -> State:
        """A state with another market, and the book at its prices."""
        return replace(state, market=market, book=at_prices_of(market, self.now))


def by_trade(start: State, end: State, weight: Mapping[str, float]) -> list[Step]:
    """From one book to another at the same prices: name by name, the heaviest first, then the cash
    that is left."""
    was, now, cash = start.book, end.book, start.book.cash
    steps: list[Step] = []
    done: set[str] = set()
    names = _heaviest({*was.symbols, *now.symbols}, weight)
    traded = [s for s in names if _holding(was, s) != _holding(now, s)]
    for name, of in _alone(traded, NAMES_ALONE, OTHER_NAMES):
        done |= set(of)
        cash -= sum(_value(now, s) - _value(was, s) for s in of)
        book = replace(_mixed(was, now, done), cash=cash)
        steps.append(Step(name, f"position in {name}", replace(start, book=book)))
    gross = sum(abs(_value(book, s)) for book in (was, now) for s in book.symbols)
    if not steps or abs(now.cash - cash) > ROUNDING * (gross + abs(was.cash) + abs(now.cash)):
        steps.append(Step(CASH, CASH, end))
    return _ending(steps, end)


def _heaviest(names: Iterable[str], weight: Mapping[str, float]) -> list[str]:
    return sorted(names, key=lambda name: (-weight.get(name, 0.0), name))


def _alone(names: Sequence[str], most: int, others: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The first few by themselves, those that are left as one; one alone keeps its name."""
    for name in names[:most]:
        yield name, [name]
    left = names[most:]
    if left:
        yield left[0] if len(left) == 1 else others, left


def _ending(steps: list[Step], end: State) -> list[Step]:
    """The steps with the last one at the end itself."""
    return [*steps[:-1], steps[-1]._replace(state=end)]


def _joined(was: Chain, now: Chain, symbols: set[str]) -> Chain:
    """A chain with the rows of some names from another one."""
    kept = tuple(row for row in was.rows if row.symbol not in symbols)
    return replace(was, rows=kept + tuple(row for row in now.rows if row.symbol in symbols))


def _mixed(was: Book, now: Book, symbols: set[str]) -> Book:
    """A book with the positions and contracts of some names from another one."""
    return replace(
        was,
        positions=(
            *(p for p in was.positions if p.symbol not in symbols),
            *(p for p in now.positions if p.symbol in symbols),
        ),
        derivatives=(
            *(d for d in was.derivatives if d.symbol not in symbols),
            *(d for d in now.derivatives if d.symbol in symbols),
        ),
    )


def _holding(book: Book, symbol: str) -> tuple[object, ...]:
    """What a book holds of a name, shares and contracts."""
    shares = (without_label(p) for p in book.positions if p.symbol == symbol)
    return (*shares, *(without_label(d) for d in book.derivatives if d.symbol == symbol))


def _value(book: Book, symbol: str) -> float:
    """Signed value of what a book holds of a name."""
    shares = sum(p.value for p in book.positions if p.symbol == symbol)
    return shares + sum(d.value for d in book.derivatives if d.symbol == symbol)

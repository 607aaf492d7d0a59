"""One scenario bound to a book, a market and a chain: all that packing reads, resolved once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .book import Book
from .capacity import MAX_NAMES
from .chain import Chain
from .errors import InputError
from .factors import attention_loadings, loadings
from .joint import shifted_market
from .market import Market, MarketRow
from .overrides import for_name, members
from .scenario import NameParameters, Scenario


@dataclass(frozen=True)
class Bound:
    """What is handed over to the kernels; `bind` makes it.

    `market` has the scenario's shifts applied already, so whoever changes the book or the market
    of a bound scenario goes on from the shifted one: `with_book`, never `bind` again.
    """

    scenario: Scenario
    book: Book
    market: Market
    chain: Chain

    @property
    def symbols(self) -> tuple[str, ...]:
        """The book's names in the order in which they are packed."""
        return self.book.symbols

    @cached_property
    def rows(self) -> list[MarketRow]:
        """The market's row of every name. Raises InputError for one that has none."""
        symbols = self.symbols
        if len(symbols) > MAX_NAMES:
            raise InputError(
                f"the book has {len(symbols)} names; at most {MAX_NAMES} can be simulated"
            )
        for symbol in symbols:
            if symbol not in self.market:
                raise InputError(f"{symbol} is in the book but not in the market file; add its row")
        return [self.market[symbol] for symbol in symbols]

    @cached_property
    def parameters(self) -> list[NameParameters]:
        """What the scenario says of every name, its own over `shorts` over the top."""
        shorts = self.book.shorts
        return [for_name(self.scenario, symbol, symbol in shorts) for symbol in self.symbols]

    @cached_property
    def loadings(self) -> npt.NDArray[np.float64]:
        """Loadings of names on independent factors, per root day. Shape: (names, factors)."""
        return loadings(self.scenario, self.market, self.book, self.symbols)

    @cached_property
    def attention_loadings(self) -> npt.NDArray[np.float64]:
        """Loadings on attention factors, relative. Shape: (names, attention factors)."""
        return attention_loadings(self.scenario, self.market, self.book, self.symbols)

    def members(self) -> list[Bound]:
        """The same under every member of the scenario's ensemble; [] without one."""
        return [replace(self, scenario=member) for member in members(self.scenario)]

    def with_book(self, book: Book, market: Market) -> Bound:
        """The same story on another book; `market` is this one's, shifted, as `book` leaves it."""
        return replace(self, book=book, market=market)

    def with_scenario(self, scenario: Scenario) -> Bound:
        """Another story on the same book and market, whose shifts are those of this one."""
        return replace(self, scenario=scenario)


def bind(scenario: Scenario, book: Book, market: Market, chain: Chain) -> Bound:
    """A scenario with the inputs it runs on, its shifts of the market applied.

    Parameters
    ----------
    scenario, book, market, chain
        As loaded, or made in Python; `market` is the snapshot without any shift.

    Returns
    -------
    What `kernels.packing` packs.

    Raises
    ------
    InputError
        A shift that cannot be applied: its column is empty, or it leaves a value that is not
        possible. That rows, parameters and holdings fit together is seen when they are packed.

    Example
    -------
    >>> from powderkeg.scenarios import Book, Chain, Market, MarketRow, Position, Scenario, bind
    >>> row = MarketRow("GME", 35.5, 51.44e6, 61.78e6, 7.5e6, 1.06, 2.69, 0.28)
    >>> book = Book((Position("1", "GME", -4e5, 35.5, 0.3),), cash=1e9)
    >>> fewer = {"symbol": "GME", "field": "adv", "type": "relative", "size": -0.5}
    >>> thin = Scenario.model_validate({"id": "thin", "market_shifts": [fewer]})
    >>> bind(thin, book, Market({"GME": row}), Chain()).market["GME"].adv
    3750000.0
    """
    return Bound(scenario, book, shifted_market(scenario, market, book), chain)

"""What was read, beside the rows of the files that it was read from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from statistics import median

from ..book import COLUMNS as BOOK_COLUMNS
from ..book import Book, Position
from ..chain import COLUMNS as CHAIN_COLUMNS
from ..chain import Chain, ChainRow
from ..derivatives import Derivative
from ..limits import Limit
from ..market import BETA, Market, MarketRow
from ..market import COLUMNS as MARKET_COLUMNS
from ..scenario import Scenario
from ..series import Prices
from ..table import Row, lines, parse_table
from .exchange_rates import in_dollars
from .index_funds import is_index

FEWEST = 5
"""Names from which on a median says something of a whole column."""


@dataclass(frozen=True)
class HeaderLine:
    """A comment line above a header: the words before and after its colon, as written."""

    row: Row
    key: str
    value: str


@dataclass(frozen=True)
class Before:
    """A book and a market of an earlier day."""

    book: Book
    market: Market
    file: str


@dataclass(frozen=True)
class Said:
    """What was read of one question; what it has none of is left out.

    `today` is the day on which it is asked, None where that does not matter.
    """

    market: Market
    book: Book | None = None
    chain: Chain | None = None
    scenarios: Sequence[Scenario] = ()
    limits: Sequence[Limit] = ()
    prices: Prices | None = None
    prices_text: str = ""
    before: Before | None = None
    today: date | None = None

    @cached_property
    def quotes(self) -> list[tuple[MarketRow, Row]]:
        """Names with their rows: those of the book, all of the market file where there is none."""
        asked = self.market.rows.keys() if self.book is None else set(self.book.symbols)
        return [(quote, row) for quote, row in self.everybody if quote.symbol in asked]

    @cached_property
    def everybody(self) -> list[tuple[MarketRow, Row]]:
        """Every name of the market file with its row."""
        rows = self._rows(self.market.file or "the market", self.market.text, MARKET_COLUMNS, BETA)
        at = {row.text("symbol").upper(): row for row in rows}
        empty = Row(self.market.file or "the market", 0, {})
        return [(quote, at.get(symbol, empty)) for symbol, quote in self.market.rows.items()]

    @cached_property
    def stocks(self) -> list[tuple[MarketRow, Row]]:
        """Those of them that are shares, as far as anybody says."""
        return [(quote, row) for quote, row in self.quotes if not is_index(quote)]

    @cached_property
    def held(self) -> list[tuple[Position | Derivative | None, Row]]:
        """Every row of the book with what it was read as, None for cash."""
        if self.book is None:
            return []
        found: list[tuple[Position | Derivative | None, Row]] = []
        file, text = self.book.file or "the book", self.book.text
        shares = [p for p in self.book.positions if p.quantity]
        rows = self._rows(file, text, BOOK_COLUMNS)
        if not rows:
            empty = Row(file, 0, {})
            found += [(each, empty) for each in shares]
            found += [(each, empty) for each in self.book.derivatives]
            return found
        left: dict[str, Iterator[Position | Derivative]] = {
            "equity": iter(shares),
            "other": iter(self.book.derivatives),
        }
        for row in rows:
            kind = row.text("instrument_type").lower()
            of = None if kind == "cash" else left["equity" if kind == "equity" else "other"]
            found.append((None if of is None else next(of, None), row))
        return found

    @cached_property
    def positions(self) -> list[tuple[Position, Row]]:
        """Rows of shares."""
        return [(each, row) for each, row in self.held if isinstance(each, Position)]

    @cached_property
    def holdings(self) -> list[tuple[Position | Derivative, Row]]:
        """Rows of shares, options and futures."""
        return [(each, row) for each, row in self.held if each is not None]

    @cached_property
    def derivatives(self) -> list[tuple[Derivative, Row]]:
        """Rows of options and futures."""
        return [(each, row) for each, row in self.held if isinstance(each, Derivative)]

    @cached_property
    def options(self) -> list[tuple[Derivative, Row]]:
        """Rows of options."""
        return [(each, row) for each, row in self.derivatives if each.kind != "future"]

    @cached_property
    def listed(self) -> list[tuple[ChainRow, Row]]:
        """Every option of the chain with its row."""
        if self.chain is None or not self.chain.rows:
            return []
        file = self.chain.file or "the chain"
        rows = self._rows(file, self.chain.text, CHAIN_COLUMNS) or (
            [Row(file, 0, {})] * len(self.chain.rows)
        )
        return list(zip(self.chain.rows, rows, strict=True))

    @cached_property
    def of_symbol(self) -> dict[str, list[tuple[ChainRow, Row]]]:
        """The chain by name."""
        found: dict[str, list[tuple[ChainRow, Row]]] = {}
        for option, row in self.listed:
            found.setdefault(option.symbol, []).append((option, row))
        return found

    @property
    def dollars(self) -> float:
        """About how many US dollars one of the market's currency is worth."""
        return in_dollars(self.market.currency)

    @property
    def whole_market(self) -> Row:
        """What is about no row of the market file."""
        return Row(self.market.file or "the market", 0, {})

    @property
    def whole_book(self) -> Row:
        """What is about no row of the book."""
        return Row((self.book and self.book.file) or "the book", 0, {})

    @property
    def whole_prices(self) -> Row:
        """What is about no row of the file of prices."""
        return Row(self.prices.file if self.prices else "prices", 0, {})

    @staticmethod
    def story(scenario: Scenario) -> Row:
        """What is about a scenario."""
        return Row(f"scenario {scenario.id}", 0, {})

    def usual(self, value: Callable[[MarketRow], float]) -> float | None:
        """The median of a figure over the shares of the market file, None for too few."""
        found = [value(quote) for quote, _ in self.everybody if not is_index(quote)]
        return median(found) if len(found) >= FEWEST else None

    def header_lines(self) -> Iterator[tuple[str, HeaderLine]]:
        """The comment lines of every file, with the kind of the file."""
        texts = [
            ("market", self.market.file, self.market.text),
            ("book", self.book.file if self.book else "", self.book.text if self.book else ""),
            ("chain", self.chain.file if self.chain else "", self.chain.text if self.chain else ""),
            ("prices", self.prices.file if self.prices else "", self.prices_text),
        ]
        for kind, file, text in texts:
            for number, line in lines(text):
                if not line.lstrip(' "').startswith("#"):
                    break
                said = line.strip(' ",').lstrip("# ")
                key, colon, value = said.partition(":")
                if not colon:
                    key, colon, value = said.partition("=")
                yield kind, HeaderLine(Row(file, number, {}), key.strip() if colon else "", value)

    @staticmethod
    def _rows(
        file: str, text: str, columns: tuple[str, ...], prefix: str | None = None
    ) -> Sequence[Row]:
        return parse_table(file, text, columns, (), prefix).rows if text else ()

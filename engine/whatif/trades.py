"""Changes of a book from a file, so that what a desk means to trade stands in no list of processes:

    action,symbol,quantity,price
    close,AMC,,
    halve,GME,,
    scale,BB,.7,
    buy,GME210129C00115000,2500,3.40
    buy,SPY,10000,
    sell,NOK,500000,

`scale` keeps the factor in `quantity` of all that is held on a name. `buy` takes an option by its
OCC symbol, contracts and, if it is known, the ask per share; or a name, held or not, and shares, as
`sell` does, which sells short what is not held. One row is one change.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from ...scenarios.book import Book
from ...scenarios.derivatives import is_occ, read_derivative, underlying_of
from ...scenarios.errors import InputError, did_you_mean, shown
from ...scenarios.market import Market
from ...scenarios.table import Row, choice, read_table
from .book_change import CLOSE, HALVE, SPREAD, Change, Trade
from .hedge import check_underlying, hedge_at
from .shares import Shares
from .universe import row_of

REQUIRED = ("action", "symbol")
COLUMNS = (*REQUIRED, "quantity", "price")
SCALE, BUY, SELL = "scale", "buy", "sell"
FACTORS = {"close": CLOSE, "halve": HALVE}
ACTIONS = {action: action for action in (*FACTORS, SCALE, BUY, SELL)}


def read_trades(
    path: str | Path, book: Book, market: Market, spread: float = SPREAD
) -> tuple[Trade, ...]:
    """The changes of a file, in its order; `market` as the book is marked.

    Raises InputError with file, row and column.
    """
    table = read_table(Path(path), COLUMNS, REQUIRED)
    if not table.rows:
        raise InputError(f"{table.file}: no trades; add a row such as `close,GME,,`")
    trades: list[Trade] = []
    rows: dict[str, int] = {}
    for row in table.rows:
        trade = _trade(row, book, market, spread)
        if trade.subject in rows:
            first = rows[trade.subject]
            raise row.error("symbol", f"{trade.subject} is also in row {first}; make it one change")
        rows[trade.subject] = row.number
        trades.append(trade)
    return tuple(trades)


def _trade(row: Row, book: Book, market: Market, spread: float) -> Trade:
    """The change of a row."""
    action = choice(row, "action", ACTIONS)
    if action in (BUY, SELL):
        read = _option if is_occ(row.text("symbol")) else _shares
        return read(row, action, book, market, spread)
    symbol = _name(row, action, book)
    row.expect_empty(("price",), action)
    if action in FACTORS:
        row.expect_empty(("quantity",), action)
        return Change(symbol, FACTORS[action])
    factor = row.number_in("quantity", "give the part that is kept, .7 for 70 %")
    if not 0 <= factor <= 1:
        text = shown(row.text("quantity"))
        raise row.error("quantity", f"{text} is not between 0 (closed) and 1 (left alone)")
    return Change(symbol, factor + 0.0)


def _name(row: Row, action: str, book: Book) -> str:
    """A name that the book holds."""
    text = row.text("symbol")
    if is_occ(text):
        root = underlying_of(text)
        raise row.error(
            "symbol", f"{shown(text)} is an option; {action} {root} takes all that is held on it"
        )
    symbol = row.symbol()
    if symbol not in book.symbols:
        held = did_you_mean(symbol, book.symbols, f"; it holds {', '.join(book.symbols)}")
        raise row.error("symbol", f"{shown(symbol)} is not in the book{held}")
    return symbol


def _shares(row: Row, action: str, book: Book, market: Market, _: float) -> Trade:
    """Shares of a name bought or sold at the market's price."""
    row.expect_empty(("price",), "shares, which are traded at the market file's")
    symbol, quantity = row.symbol(), row.positive("quantity", "give a number of shares")
    try:
        trade = Shares(row_of(symbol, market), quantity if action == BUY else -quantity)
    except InputError as error:
        raise row.error("symbol", str(error)) from None
    return _possible(row, "quantity", trade, book)


def _option(row: Row, action: str, book: Book, market: Market, spread: float) -> Trade:
    """Contracts of an option, which are bought."""
    if action == SELL:
        text, root = row.text("symbol"), underlying_of(row.text("symbol"))
        raise row.error(
            "symbol",
            f"{shown(text)} is an option; {SELL} takes shares, {SCALE} {root} all that is held on "
            "a name",
        )
    hint = "give a whole number of contracts"
    quantity = row.positive("quantity", hint)
    if quantity != math.floor(quantity):
        raise row.error("quantity", f"{shown(row.text('quantity'))} is not whole; {hint}")
    ask = row.not_negative("price", "give the ask per share, or leave it empty")
    check_underlying(row, row.text("symbol"), market)
    cells = {"symbol": row.text("symbol"), "quantity": str(quantity), "instrument_type": "option"}
    contract = read_derivative(replace(row, cells=cells), market)
    return _possible(row, "symbol", hedge_at(row, contract, ask, book, spread), book)


def _possible(row: Row, column: str, trade: Trade, book: Book) -> Trade:
    try:
        trade.check(book)
    except InputError as error:
        raise row.error(column, str(error)) from None
    return trade

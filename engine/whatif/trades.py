"""Changes of a book from a file, so that what a desk means to trade stands in no list of processes:

    action,symbol,quantity,price
    close,AMC,,
    halve,GME,,
    scale,BB,.7,
    buy,GME210129C00115000,2500,3.40

`scale` keeps the factor in `quantity` of all that is held on a name; `buy` takes an option by its
OCC symbol, contracts and, if it is known, the ask per share. One row is one change.
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

REQUIRED = ("action", "symbol")
COLUMNS = (*REQUIRED, "quantity", "price")
SCALE, BUY = "scale", "buy"
FACTORS = {"close": CLOSE, "halve": HALVE}
ACTIONS = {action: action for action in (*FACTORS, SCALE, BUY)}
_OPTION = "GME210129C00115000"


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
    if action == BUY:
        return _bought(row, book, market, spread)
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


def _bought(row: Row, book: Book, market: Market, spread: float) -> Trade:
    """Contracts of an option; shares are covered or sold by scaling what is held of them."""
    if not is_occ(row.text("symbol")):
        raise row.error(
            "symbol",
            f"{shown(row.text('symbol'))} is no option; {BUY} takes one by its OCC symbol, "
            f"{_OPTION}; to cover or sell shares write {SCALE} and the part that is kept",
        )
    hint = "give a whole number of contracts"
    quantity = row.positive("quantity", hint)
    if quantity != math.floor(quantity):
        raise row.error("quantity", f"{shown(row.text('quantity'))} is not whole; {hint}")
    ask = row.not_negative("price", "give the ask per share, or leave it empty")
    check_underlying(row, row.text("symbol"), book)
    cells = {"symbol": row.text("symbol"), "quantity": str(quantity), "instrument_type": "option"}
    contract = read_derivative(replace(row, cells=cells), market)
    trade = hedge_at(row, contract, ask, book, spread)
    try:
        trade.check(book)
    except InputError as error:
        raise row.error("symbol", str(error)) from None
    return trade

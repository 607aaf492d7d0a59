"""Schwab's positions: a line of the account, a header, a row a position, cash and totals below."""

from __future__ import annotations

from pathlib import Path

from ..vendor import canonical, read_vendor_table, with_numbers
from .export import Export, in_money, is_total
from .holding import CASH, EQUITY, option_terms

WORDS = {
    "symbol": ("symbol",),
    "quantity": ("qty (quantity)", "quantity", "qty"),
    "price": ("price",),
    "value": ("mkt val (market value)", "market value", "mkt val"),
    "type": ("asset type", "security type"),
}


def knows(head: str) -> bool:
    """Whether a file's first lines are Schwab's."""
    return "Positions for" in head or "Qty (Quantity)" in head


def read(path: Path) -> Export:
    """The holdings of a file of positions. Raises InputError."""
    table = read_vendor_table(path, WORDS, ("symbol", "quantity"))
    export = Export(str(path), "Schwab", unread=table.unread)
    for row in table.rows:
        symbol = row.text("symbol")
        plain = with_numbers(row, ("quantity", "price", "value"))
        if symbol.lower() == "symbol" or symbol.startswith("Positions for"):
            continue  # the next account
        if is_total(symbol):
            export.drop(row, f"{symbol}, a row of totals")
        elif symbol.startswith("Cash"):
            export.add(in_money(plain), CASH, "")
        elif option_terms(symbol) is not None or "option" in row.text("type").lower():
            export.add_option(plain, (symbol,))
        elif "fixed income" in row.text("type").lower():
            export.drop(row, f"{symbol} is of fixed income")
        else:
            export.add(plain, EQUITY, canonical(symbol))
    return export

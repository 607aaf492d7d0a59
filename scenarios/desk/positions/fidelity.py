"""Fidelity's portfolio positions: option symbols behind a blank and a minus, money markets with **,
pending activity, and paragraphs of text below.
"""

from __future__ import annotations

from pathlib import Path

from ..vendor import canonical, read_vendor_table, with_numbers
from .export import Export, in_money, is_total
from .holding import CASH, EQUITY, option_terms

WORDS = {
    "account": ("account number", "account name"),
    "symbol": ("symbol",),
    "description": ("description",),
    "quantity": ("quantity",),
    "price": ("last price",),
    "value": ("current value",),
}


def knows(head: str) -> bool:
    """Whether a file's first lines are Fidelity's."""
    return "Account Number" in head and "Current Value" in head


def read(path: Path) -> Export:
    """The holdings of a file of positions. Raises InputError."""
    table = read_vendor_table(path, WORDS, ("symbol", "quantity", "value"))
    export = Export(str(path), "Fidelity", unread=table.unread)
    for row in table.rows:
        symbol = row.text("symbol")
        plain = with_numbers(row, ("quantity", "price", "value"))
        if is_total(symbol) or is_total(row.text("account")) or is_total(row.text("description")):
            export.drop(row, "a row of totals")
        elif not row.text("quantity") and not row.text("value"):
            export.drop(row, "text" if not symbol else f"{symbol} without a quantity")
        elif symbol.endswith("**") or symbol.lower().startswith("pending"):
            export.add(in_money(plain), CASH, "")
        elif option_terms(symbol) is not None or symbol.startswith("-"):
            export.add_option(plain, (symbol, row.text("description")))
        else:
            export.add(plain, EQUITY, canonical(symbol))
    return export

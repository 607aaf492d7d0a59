"""An export as rows with our names of fields, and what was left out of it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import InputError, shown
from ...table import Row
from .holding import CASH, EQUITY, FUTURE, OPTION, Holding, option_terms

TOTALS = ("total", "account total", "positions total", "grand total", "subtotal", "total value")


@dataclass
class Export:
    """Holdings of a file; `dropped` rows with the reason, columns that were `unread`."""

    file: str
    form: str
    holdings: list[Holding] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    unread: Sequence[str] = ()

    def drop(self, row: Row, why: str) -> None:
        """Leave a row out and say so."""
        self.dropped.append(f"{self.file}: row {row.number}: {why}; left out")

    def add(self, row: Row, kind: str, symbol: str, **terms: Any) -> None:
        """A holding of a row with plain numbers in `quantity` and `price`. Raises InputError."""
        if kind != CASH and not symbol:
            self.drop(row, "a row without a symbol, as totals are")
            return
        quantity = row.number_or_none("quantity", "give a signed number")
        if not quantity:
            self.drop(row, f"{symbol or kind} without a quantity")
            return
        price = None if kind == CASH else row.number_or_none("price", "give a price")
        self.holdings.append(Holding(row.number, kind, symbol, quantity, price, **terms))

    def add_option(self, row: Row, named: Sequence[str], **terms: Any) -> None:
        """An option that the first of some texts names. Raises InputError where none does."""
        found = next((t for t in map(option_terms, named) if t is not None), None)
        if found is None:
            raise row.error(
                "symbol", f"{shown(named[0])} is not an option's symbol; give its OCC one"
            )
        if found.adjusted:
            self.drop(
                row, f"{named[0].strip()} is an adjusted option, not of 100 shares of its name"
            )
            return
        more = {"expiry": found.expiry, "strike": found.strike, "option_type": found.option_type}
        self.add(row, OPTION, found.symbol, **terms, **more)


def in_money(row: Row) -> Row:
    """A row of cash, whose value is its quantity."""
    return replace(row, cells={"quantity": row.text("value")})


def is_total(text: str) -> bool:
    """Whether a cell heads a row of totals."""
    word = text.strip("* ").lower()
    return word in TOTALS or word.startswith("total ") or word.endswith(" total")


def kind_of(text: str) -> str | None:
    """What the word of a broker or a system for an asset class means, None where unknown."""
    word = text.strip().lower()
    for kind, words in (
        (OPTION, ("option", "opt", "call", "put")),
        (FUTURE, ("future", "fut")),
        (CASH, ("cash", "money market", "currency")),
        (EQUITY, ("stk", "stock", "equity", "equities", "etf", "common", "adr", "preferred", "reit",
                  "closed end fund", "eq")),
    ):  # fmt: skip
        if any(word == w or w in word for w in words):
            return kind
    return None


def merged(holdings: Sequence[Holding]) -> tuple[list[Holding], list[str]]:
    """One holding a position: rows of several lots and accounts are added up, with a note."""
    groups: dict[tuple[object, ...], list[Holding]] = {}
    for each in holdings:
        groups.setdefault(each.key, []).append(each)
    found, notes = [], []
    for several in groups.values():
        total = sum(each.quantity for each in several)
        if len(several) > 1:
            rows = ", ".join(str(each.row) for each in several)
            notes.append(
                f"{several[0].symbol or 'cash'}: rows {rows} are one position of {total:g}"
            )
        if total:
            found.append(replace(several[0], quantity=total))
    return found, notes


def refuse_empty(export: Export) -> None:
    """Raises InputError where an export has no position."""
    if not any(each.kind != CASH for each in export.holdings):
        raise InputError(f"{export.file}: no positions found in this export of {export.form}")

"""Any portfolio system's export, with a file that says what its columns and words are.

columns: {symbol: Ticker, quantity: Net Position, instrument_type: Asset Class, price: Mark}
words: {Common Stock: equity, Listed Option: option, Cash Balance: cash}
separator: ";"
decimal: ","
skip: [Total, Subtotal]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError, did_you_mean, shown
from ...table import Row
from ...yamlfile import Mapping, load_tree
from ..vendor import (
    canonical,
    decimal_of,
    read_vendor_table,
    separator_of,
    vendor_date,
    with_numbers,
)
from .export import Export, is_total, kind_of
from .holding import CASH, EQUITY, OPTION, option_terms

KEYS = ("columns", "words", "separator", "decimal", "skip")
FIELDS = ("symbol", "quantity", "instrument_type", "price", "currency", "multiplier", "strike",
          "expiry", "option_type", "underlying", "side")  # fmt: skip
NUMBERS = ("quantity", "price", "multiplier", "strike")


def read(path: Path, mapping: Path) -> Export:
    """The holdings of an export by a mapping file. Raises InputError."""
    said = _mapping(mapping)
    columns = {field: (str(name).lower(),) for field, name in said["columns"].items()}
    separator = said.get("separator") or separator_of(path)
    table = read_vendor_table(path, columns, ("symbol", "quantity"), separator)
    texts = [row.text(field) for row in table.rows for field in NUMBERS]
    decimal = said.get("decimal") or decimal_of(table.file, texts)
    export = Export(table.file, "mapped columns", unread=table.unread)
    skip = {str(word).lower() for word in said.get("skip") or ()}
    words = {str(k).lower(): str(v) for k, v in (said.get("words") or {}).items()}
    for row in table.rows:
        first = row.text("symbol") or row.text("instrument_type")
        if is_total(first) or first.lower() in skip or not any(row.cells.values()):
            export.drop(row, "a row of totals")
        else:
            _row(export, with_numbers(row, NUMBERS, decimal), words)
    return export


def _mapping(path: Path) -> dict[str, Any]:
    tree = load_tree(path)
    if not isinstance(tree, Mapping) or not isinstance(tree.get("columns"), Mapping):
        raise InputError(f"{path}: no `columns:`; write columns: {{symbol: Ticker, quantity: Qty}}")
    for keys, known in ((tree, KEYS), (tree["columns"], FIELDS)):
        for key in keys:
            if key not in known:
                raise InputError(
                    f"{keys.places[key]}: {shown(key)} is not known{did_you_mean(key, known)}"
                )
    for key in ("symbol", "quantity"):
        if key not in tree["columns"]:
            raise InputError(f"{path}: columns: {key} is missing; name the column that has it")
    return dict(tree)


def _row(export: Export, row: Row, words: dict[str, str]) -> None:
    word, symbol, currency = row.text("instrument_type"), row.text("symbol"), row.text("currency")
    kind = words.get(word.lower()) or kind_of(word)
    if kind is None and not word:
        kind = OPTION if option_terms(symbol) else EQUITY
    if row.text("side").lower() in ("short", "s") and row.text("quantity")[:1] not in ("", "-"):
        row = Row(row.file, row.number, {**row.cells, "quantity": "-" + row.text("quantity")})
    multiplier = row.number_or_none("multiplier", "give a number")
    if kind == CASH:
        export.add(row, CASH, "", currency=currency)
    elif kind == OPTION and row.text("strike"):
        expiry = vendor_date(row.text("expiry"))
        if expiry is None:
            raise row.error("expiry", f"{shown(row.text('expiry'))} is not a date")
        named = option_terms(symbol)
        name = row.text("underlying") or (named.symbol if named else symbol)
        letter = row.text("option_type").lower()[:1]
        if letter not in ("c", "p"):
            raise row.error("option_type", f"{shown(row.text('option_type'))}; give call or put")
        export.add(row, OPTION, canonical(name), currency=currency, multiplier=multiplier,
                   strike=row.positive("strike", "give the strike"), expiry=expiry,
                   option_type="call" if letter == "c" else "put")  # fmt: skip
    elif kind == OPTION:
        export.add_option(row, (symbol,), currency=currency, multiplier=multiplier)
    elif kind is not None:
        more = {"multiplier": multiplier} if kind == "future" else {}
        name = row.text("underlying") if kind == "future" and row.text("underlying") else symbol
        export.add(row, kind, canonical(name), currency=currency, **more)
    else:
        export.drop(
            row, f"{symbol} is of {shown(word)}, which `words` of the mapping does not name"
        )

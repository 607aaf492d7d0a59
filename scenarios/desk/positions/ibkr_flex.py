"""Interactive Brokers, Flex query as CSV: open positions, and the cash report where it is there.

Sections follow each other, each with its header; rows of lots repeat those of summaries.
"""

from __future__ import annotations

from pathlib import Path

from ...table import Row, lines, split
from ...textfile import read_text
from ..vendor import MAX_BYTES, MAX_LINE, canonical, plain_number
from .export import Export, kind_of
from .holding import CASH, OPTION

USED = ("symbol", "assetclass", "quantity", "position", "markprice", "strike", "expiry", "put/call",
        "multiplier", "currencyprimary", "levelofdetail", "endingcash", "underlyingsymbol",
        "description")  # fmt: skip


def knows(head: str) -> bool:
    """Whether a file's first lines are a Flex query's."""
    return "CurrencyPrimary" in head and ("AssetClass" in head or "EndingCash" in head)


def read(path: Path) -> Export:
    """The holdings of a Flex query. Raises InputError."""
    export, header, unread = Export(str(path), "IBKR Flex"), [], []
    for number, line in lines(read_text(path, MAX_BYTES)):
        cells = split(line, f"{path}: row {number}", MAX_LINE)
        if cells[0] in ("HEADER", "DATA"):  # with section code and line descriptor
            cells = cells[2:]
        lower = [cell.lower() for cell in cells]
        if "currencyprimary" in lower:
            header = lower
            unread += [c for c, name in zip(cells, lower, strict=True) if name not in USED]
            continue
        if not header or len(cells) != len(header):
            continue  # BOF, BOA, BOS, EOS, ... lines
        _row(export, Row(str(path), number, dict(zip(header, cells, strict=True))))
    export.unread = tuple(dict.fromkeys(unread))
    return export


def _row(export: Export, row: Row) -> None:
    currency = row.text("currencyprimary")
    detail = row.text("levelofdetail").lower()
    if "endingcash" in row.cells:
        if currency.upper() == "BASE_SUMMARY" or detail == "basecurrency":
            return
        cash = _plain(row, {"quantity": "endingcash"})
        export.add(cash, CASH, "", currency=currency)
        return
    if detail in ("lot", "closed_lot"):
        export.drop(row, f"{row.text('symbol')}: a lot, whose summary is there too")
        return
    kind = kind_of(row.text("assetclass"))
    quantity = "quantity" if row.text("quantity") else "position"
    plain = _plain(row, {"quantity": quantity, "price": "markprice"})
    multiplier = row.number_or_none("multiplier", "give a number")
    if kind == OPTION:
        export.add_option(plain, (row.text("symbol"), row.text("description")),
                          multiplier=multiplier, currency=currency)  # fmt: skip
    elif kind in ("equity", "future"):
        symbol = row.text("underlyingsymbol") if kind == "future" else row.text("symbol")
        more = {"multiplier": multiplier} if kind == "future" else {}
        export.add(plain, kind, canonical(symbol or row.text("symbol")), currency=currency, **more)
    else:
        export.drop(row, f"{row.text('symbol')} is a {row.text('assetclass') or 'row'}")


def _plain(row: Row, fields: dict[str, str]) -> Row:
    return Row(
        row.file, row.number, {name: plain_number(row.text(c)) for name, c in fields.items()}
    )

"""Interactive Brokers, activity statement as CSV: sections in the first cell of every line.

Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,...
Open Positions,Data,Summary,Stocks,USD,GME,-400000,1,...
Cash Report,Data,Ending Cash,USD,1055000000,...
"""

from __future__ import annotations

from pathlib import Path

from ...table import Row, lines, split
from ...textfile import read_text
from ..vendor import MAX_BYTES, MAX_LINE, canonical, plain_number
from .export import Export, kind_of
from .holding import CASH, OPTION

POSITIONS, CASH_REPORT = (
    ("Open Positions", "Long Open Positions", "Short Open Positions"),
    "Cash Report",
)


def knows(head: str) -> bool:
    """Whether a file's first lines are an activity statement's."""
    return "Statement,Header," in head or "Open Positions,Header," in head


def read(path: Path) -> Export:
    """The holdings of an activity statement. Raises InputError."""
    export, headers = Export(str(path), "IBKR activity statement"), {}
    for number, line in lines(read_text(path, MAX_BYTES)):
        cells = split(line, f"{path}: row {number}", MAX_LINE)
        if len(cells) < 3 or cells[0] not in (*POSITIONS, CASH_REPORT):
            continue
        section, what, rest = cells[0], cells[1], cells[2:]
        if what == "Header":
            headers[section] = [cell.lower() for cell in rest]
        elif section in headers:
            found = dict(zip(headers[section], rest, strict=False))
            row = Row(str(path), number, found)
            if what in ("Total", "SubTotal"):
                export.drop(row, "a row of totals")
            elif section == CASH_REPORT:
                _cash(export, row)
            else:
                _position(export, row)
    used = {"datadiscriminator", "asset category", "currency", "symbol", "quantity", "mult",
            "multiplier", "close price"}  # fmt: skip
    names = [name for section in POSITIONS for name in headers.get(section, ())]
    export.unread = tuple(name for name in dict.fromkeys(names) if name not in used)
    return export


def _cash(export: Export, row: Row) -> None:
    currency = row.text("currency")
    if row.text("currency summary") == "Ending Cash" and currency != "Base Currency Summary":
        plain = Row(row.file, row.number, {"quantity": plain_number(row.text("total"))})
        export.add(plain, CASH, "", currency=currency)


def _position(export: Export, row: Row) -> None:
    if row.text("datadiscriminator").lower() == "lot":
        export.drop(row, f"{row.text('symbol')}: a lot, whose summary is there too")
        return
    cells = {name: plain_number(row.text(column)) for name, column in
             (("quantity", "quantity"), ("price", "close price"))}  # fmt: skip
    plain, currency = Row(row.file, row.number, cells), row.text("currency")
    given = plain_number(row.text("mult") or row.text("multiplier"))
    multiplier = float(given) if given else None
    kind = kind_of(row.text("asset category"))
    if kind == OPTION:
        export.add_option(plain, (row.text("symbol"),), multiplier=multiplier, currency=currency)
    elif kind == "equity":
        export.add(plain, kind, canonical(row.text("symbol")), currency=currency)
    else:
        what = row.text("asset category") or "row"
        export.drop(row, f"{row.text('symbol')} is of {what}; add it by hand")

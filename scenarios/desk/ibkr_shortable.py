"""Interactive Brokers' file of shortable stocks, usa.txt: fee in per cent and shares available.

#BOF|2024.05.10|12:15:04
#SYM|CUR|NAME|CON|ISIN|REBATERATE|FEERATE|AVAILABLE|
ZAP|USD|ZAP CORP|1|US0|-15.17|20.50|45000|
#EOF|1
"""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .figures import Figure
from .vendor import canonical, read_vendor_table, vendor_date, with_numbers

WORDS = {"symbol": ("sym",), "fee": ("feerate",), "available": ("available",), "currency": ("cur",)}
SOURCE = "IBKR"


def read_shortable(path: str | Path, names: frozenset[str]) -> list[Figure]:
    """Fee per annum as a decimal, and shares available at this broker. Raises InputError.

    `>10000000` is ten millions at least. The file ends with the number of its rows.
    """
    table = read_vendor_table(path, WORDS, ("symbol", "fee", "available"), "|")
    opening = next((line for line in table.above if line.startswith("#BOF")), "")
    day = vendor_date(opening.split("|")[1]) if opening.count("|") else None
    if day is None:
        raise InputError(f"{path}: no line #BOF|2024.05.10|... with a date; download it again")
    end = table.rows[-1] if table.rows else None
    if (
        end is None
        or end.text("symbol") != "#EOF"
        or end.text("currency") != str(len(table.rows) - 1)
    ):
        raise InputError(
            f"{path}: no line #EOF with its number of rows, so it is not whole; download it again"
        )
    found = []
    for row in table.rows[:-1]:
        symbol = canonical(row.text("symbol"))
        if symbol not in names:
            continue
        plain = with_numbers(row, ("fee", "available"))
        fee = plain.not_negative("fee", "give the fee in per cent")
        shares = plain.not_negative("available", "give shares")
        for field, value in (("borrow_fee", fee and fee / 100), ("available", shares)):
            if value is not None:
                found.append(Figure(symbol, field, value, SOURCE, day, day))
    return found

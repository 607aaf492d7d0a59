"""A figure of the market with where it comes from: which day it is of, and when it was published.

    symbol,field,value,used,source,as_of,published,age
    GME,short_interest,61780000,yes,FINRA,2021-01-15,2021-01-27,0
    GME,float_shares,51440000,yes,floats.csv,2021-01-15,2021-01-15,0

The file beside a market file holds every figure that was found, those that were not used too; the
same form is read back, so that a figure can be typed in with its source.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from ..errors import InputError, did_you_mean, shown
from ..table import read_table

FIELDS = (
    "price", "shares_outstanding", "float_shares", "short_interest", "lendable", "utilisation",
    "borrow_fee", "available", "adv", "volatility", "implied_vol",
)  # fmt: skip
BETA = "beta_"
COLUMNS = ("symbol", "field", "value", "used", "source", "as_of", "published", "age")
NEEDED = ("symbol", "field", "value", "source", "as_of")

OLDEST = {
    "price": 0, "adv": 7, "volatility": 7, "implied_vol": 5, "borrow_fee": 7, "available": 7,
    "lendable": 30, "utilisation": 30, "short_interest": 45, "float_shares": 120,
    "shares_outstanding": 120,
}  # fmt: skip
"""Days from which on a figure is too old. Short interest is published twice a month, at most four
weeks after its settlement date; floats change with quarterly filings."""

WHERE = {
    "price": "a file of daily prices (Yahoo, Stooq, Nasdaq, Alpha Vantage) with the as-of close",
    "adv": "the same file of daily prices, with volume",
    "volatility": "the same file of daily prices",
    "short_interest": "FINRA, equity short interest, the file of the last settlement date",
    "float_shares": "a vendor's CSV with symbol and float, or a company's last proxy statement",
    "shares_outstanding": "a vendor's CSV, or the cover of the last 10-Q",
    "borrow_fee": "IBKR's file of shortable stocks, usa.txt, or your prime broker's rates",
    "implied_vol": "an option chain (Cboe, OptionsDX, Yahoo)",
}
"""Where what is missing is to be had."""


@dataclass(frozen=True)
class Figure:
    """A figure of one name. Units: those of the market file. `place` orders what a person gave."""

    symbol: str
    field: str
    value: float
    source: str
    as_of: date
    published: date
    place: int = 0

    def age(self, on: date) -> int:
        """Days since the day it is of."""
        return (on - self.as_of).days


def load_figures(path: str | Path) -> list[Figure]:
    """Figures that a person typed in, or an earlier build wrote. Raises InputError."""
    table = read_table(Path(path), COLUMNS, NEEDED)
    found = []
    for row in table.rows:
        field = row.text("field")
        if field not in FIELDS and not field.startswith(BETA):
            raise row.error("field", f"{shown(field)} is not known{did_you_mean(field, FIELDS)}")
        value = row.number_in("value", "give the figure in the units of the market file")
        day = row.iso_date("as_of")
        published = row.iso_date("published") if row.text("published") else day
        if published < day:
            raise row.error("published", f"{published} is before {day}, the day it is of")
        if not row.text("source"):
            raise row.error("source", "is empty; say where the figure comes from")
        found.append(Figure(row.symbol(), field, value, row.text("source"), day, published))
    return found


def placed(groups: Iterable[Sequence[Figure]]) -> list[Figure]:
    """Figures of several files in one list, each with the place of its file."""
    return [replace(f, place=k) for k, group in enumerate(groups) for f in group]


def number(value: float) -> str:
    """A figure as it is written: whole numbers whole, others to ten digits."""
    return f"{value:.0f}" if value == int(value) else f"{value:.10g}"


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]], above: Sequence[str] = ()) -> str:
    """A CSV text with comment lines above its header."""
    text = io.StringIO()
    for line in above:
        text.write(f"# {line}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, readable by its owner. Raises InputError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            path.chmod(0o600)
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: is there already; choose another name or remove it") from None

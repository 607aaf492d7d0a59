"""What an importer finds in a row of an export, and options in all the ways they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ..chains.occ import contract
from ..vendor import canonical, vendor_date

EQUITY, OPTION, FUTURE, CASH = "equity", "option", "future", "cash"


@dataclass(frozen=True)
class Holding:
    """Units: quantity in signed shares or contracts, cash in money of its currency; price per
    share. `row` is the line of the export."""

    row: int
    kind: str
    symbol: str
    quantity: float
    price: float | None = None
    currency: str = ""
    multiplier: float | None = None
    expiry: date | None = None
    strike: float | None = None
    option_type: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What rows have in common that are one position."""
        return (self.kind, self.symbol, self.currency if self.kind == CASH else "", self.expiry,
                self.strike, self.option_type, self.multiplier)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What an option is on; `adjusted` where a deal changed the shares behind it."""

    symbol: str
    expiry: date
    strike: float
    option_type: str
    adjusted: bool = False


_DAY = r"(\d{1,2}/\d{1,2}/\d{2,4}|\d{2}[A-Z]{3}\d{2}|[A-Z]{3} \d{1,2},? '?\d{2,4})"
_STRIKE = r"\$?(\d[\d,]*(?:\.\d+)?)"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"(?P<s>[A-Z.]+\d?) (?P<d>{_DAY}) (?P<k>{_STRIKE}) ?(?P<t>C|P|CALL|PUT)",
        rf"(?P<s>[A-Z.]+\d?) US (?P<d>{_DAY}) (?P<t>[CP])(?P<k>{_STRIKE})(?: EQUITY)?",
        rf"(?P<s>[A-Z.]+\d?) (?P<d>{_DAY}) (?P<t>[CP])(?P<k>{_STRIKE})(?: EQUITY)?",
        rf"(?P<t>CALL|PUT) \((?P<s>[A-Z.]+\d?)\) .*? (?P<d>{_DAY}) (?P<k>{_STRIKE}).*",
        r"[-.]?(?P<s>[A-Z]+\d?)(?P<d>\d{6})(?P<t>[CP])(?P<k>\d{1,5}(?:\.\d+)?)",
    )
)


def option_terms(text: str) -> Terms | None:
    """The option that a symbol or a description names, None where it names none.

    OCC with and without blanks, GME 01/29/2021 115.00 C (Schwab), -GME210129C115 (Fidelity),
    GME 29JAN21 115.0 C (IBKR), GME US 01/29/21 C115 (Bloomberg), GME Jan 29 '21 $115 Call.
    """
    bare = " ".join(text.strip().upper().split())
    if (found := contract(bare.lstrip("-."))) is not None:
        return Terms(found.symbol, found.expiry, found.strike, found.kind, found.adjusted)
    for form in _FORMS:
        match = form.fullmatch(bare)
        day = _day(match["d"]) if match else None
        if match and day is not None:
            root = match["s"]
            kind = "call" if match["t"].startswith("C") else "put"
            strike = float(match["k"].lstrip("$").replace(",", ""))
            return Terms(
                canonical(root.rstrip("0123456789")), day, strike, kind, root[-1].isdigit()
            )
    return None


def _day(text: str) -> date | None:
    if re.fullmatch(r"\d{6}", text):
        return vendor_date(f"20{text}")
    text = re.sub(r"^([A-Z]{3}) (\d{1,2}),? '?(\d{2,4})$", r"\1 \2 \3", text)
    if match := re.fullmatch(r"([A-Z]{3} \d{1,2}) (\d{2})", text):
        text = f"{match[1]} 20{match[2]}"
    return vendor_date(text.title() if text[0].isalpha() else text)

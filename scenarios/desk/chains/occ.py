"""Symbols of listed options within a chain: what they say of root, expiry, type and strike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_OCC = re.compile(r"([A-Z.]{1,6}?)(\d?) *(\d{6})([CP])(\d{8})", re.ASCII)
ROOTS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX"}


@dataclass(frozen=True)
class Contract:
    """`adjusted`: its shares are not 100 of the name's, after a split or a merger."""

    symbol: str
    expiry: date
    kind: str
    strike: float
    adjusted: bool


def contract(text: str) -> Contract | None:
    """The contract of an OCC symbol with or without blanks, None where it is none."""
    match = _OCC.fullmatch(text.strip().upper().removeprefix("O:"))
    if match is None:
        return None
    root, digit, day, letter, thousandths = match.groups()
    try:
        expiry = date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        return None
    kind = "call" if letter == "C" else "put"
    return Contract(ROOTS.get(root, root), expiry, kind, int(thousandths) / 1000, bool(digit))

"""Parts of currencies that exchanges quote in."""

from __future__ import annotations

HUNDREDTHS = {
    "GBp": "GBP", "GBX": "GBP", "GBx": "GBP", "ZAc": "ZAR", "ZAC": "ZAR", "ILA": "ILS",
    "ILa": "ILS", "EUc": "EUR", "USc": "USD", "USX": "USD", "USx": "USD",
}  # fmt: skip
"""Of which a hundred make one of the currency."""

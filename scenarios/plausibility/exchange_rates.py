"""What currencies have been worth in US dollars: the lowest and highest since 2003.

Federal Reserve H.10, daily noon rates, 2003 to 2025, rounded outwards.
"""

from __future__ import annotations

BANDS: dict[str, tuple[float, float]] = {
    "USD": (1, 1),
    "EUR": (0.955, 1.61),
    "GBP": (1.05, 2.12),
    "CHF": (0.69, 1.40),
    "JPY": (0.0060, 0.0134),
    "CAD": (0.61, 1.10),
    "AUD": (0.56, 1.11),
    "NZD": (0.48, 0.89),
    "SEK": (0.085, 0.171),
    "NOK": (0.083, 0.204),
    "DKK": (0.125, 0.216),
    "HKD": (0.127, 0.130),
    "CNY": (0.12, 0.167),
    "SGD": (0.54, 0.84),
    "KRW": (0.00062, 0.0011),
    "TWD": (0.027, 0.036),
    "INR": (0.011, 0.0261),
    "BRL": (0.155, 0.66),
    "MXN": (0.039, 0.104),
    "ZAR": (0.050, 0.182),
    "ILS": (0.20, 0.34),
    "PLN": (0.195, 0.50),
    "CZK": (0.031, 0.070),
    "HUF": (0.0022, 0.0070),
    "TRY": (0.018, 0.88),
    "THB": (0.023, 0.035),
}


def band(currency: str, of: str) -> tuple[float, float] | None:
    """Lowest and highest rate of one currency in another, None where either is not known."""
    if currency not in BANDS or of not in BANDS:
        return None
    (low, high), (least, most) = BANDS[currency], BANDS[of]
    return low / most, high / least


def in_dollars(currency: str) -> float:
    """About what one is worth: the middle of its band, 1 where it is not known."""
    low, high = BANDS.get(currency, (1.0, 1.0))
    return float((low * high) ** 0.5)

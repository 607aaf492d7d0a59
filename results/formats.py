"""How numbers are written for people: per cent, money, intervals. Never NaN, never 17 digits."""

from __future__ import annotations

import math

REFUSED = "refused"
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def _signed(value: float, text: str) -> str:
    return MINUS + text if value < 0 and any(c in "123456789" for c in text) else text


def decimals(value: float) -> int:
    """Decimals that show three digits or so of a number in per cent."""
    size = abs(value)
    if size >= 100 or size == 0:
        return 0
    return 1 if size >= 1 else min(6, 1 - math.floor(math.log10(size)))


def percent(fraction: float, places: int | None = None) -> str:
    """63.7 %, 0.0031 %, 1,234 %; `places` fixes the decimals."""
    if math.isnan(fraction):
        return REFUSED
    value = 100 * fraction
    digits = decimals(value) if places is None else places
    return _signed(value, f"{abs(value):,.{digits}f} %")


def percent_range(low: float, high: float, around: float | None = None) -> str:
    """60.0-67.4 %, with the decimals of the number it belongs to."""
    if math.isnan(low) or math.isnan(high):
        return ""
    places = decimals(100 * (around if around else high))
    ends = (_signed(x, f"{abs(100 * x):,.{places}f}" if x else "0") for x in (low, high))
    first, last = ends
    joint = f" {DASH} " if MINUS in first + last else DASH
    return f"{first}{joint}{last} %"


def money(fraction: float, equity: float, currency: str) -> str:
    """USD 159.2 m: a fraction of equity as money."""
    if math.isnan(fraction):
        return ""
    value = fraction * equity
    size = abs(value)
    for scale, unit in ((1e9, " bn"), (1e6, " m"), (1e3, " k")):
        if size >= scale:
            digits = 0 if size >= 100 * scale else 1 if size >= 10 * scale else 2
            return _signed(value, f"{currency} {size / scale:,.{digits}f}{unit}")
    return _signed(value, f"{currency} {size:,.0f}")


def number(value: float) -> str:
    """0.42, −1.30."""
    return _signed(value, f"{abs(value):.2f}")


def count(number: int) -> str:
    """1,000,000."""
    return f"{number:,}"


def clean(text: str) -> str:
    """A name from outside without control characters: no escape sequences, one line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)

"""What an option or a future of the book is worth at a price and a volatility.

    d1 = ln(P/K)/s + s/2,   s = vol_ratio v sqrt(tau)         (Black & Scholes 1973, zero rates)
    call = P N(d1) - K N(d1 - s),   put = K N(s - d1) - P N(-d1),   future = P - K

docs/model.md, section 11.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from .arrays import Array
from .packed import Packed
from .records import DerivativeKind


def held(packed: Packed) -> list[tuple[int, np.void]]:
    """Every derivative with the index of its name."""
    names = packed.names[: int(packed.run["names"])]
    return [
        (i, d)
        for i, p in enumerate(names)
        for d in packed.derivatives[p["first_derivative"] :][: p["derivatives"]]
    ]


def years_left(d: np.void, time: float | Array) -> Array:
    return np.asarray(np.maximum(float(d["expiry_time"]) - time, 0.0) / 252)


def payoff(d: np.void, spot: Array) -> Array:
    """At expiry, relative to the name's price at the start, in the shape of `spot`."""
    gain = spot - float(d["strike"])
    if d["kind"] == DerivativeKind.FUTURE:
        return gain
    return np.maximum(gain if d["kind"] == DerivativeKind.CALL else -gain, 0)


def price(d: np.void, spot: Array, vol: Array, years: Array) -> Array:
    """Before expiry, relative to the name's price at the start; shapes broadcast."""
    kind, strike = DerivativeKind(int(d["kind"])), float(d["strike"])
    if kind is DerivativeKind.FUTURE:
        return spot - strike
    sign = 1.0 if kind is DerivativeKind.CALL else -1.0
    s = np.maximum(vol * float(d["vol_ratio"]) * np.sqrt(years), 1e-4)
    d1 = np.log(spot / strike) / s + s / 2
    return np.asarray(sign * (spot * ndtr(sign * d1) - strike * ndtr(sign * (d1 - s))))

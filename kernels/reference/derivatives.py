"""Options and futures of the book: marks under the path's implied vol, cash at expiry, margin.

    d1 = ln(P/K)/s + s/2,   s = vol_ratio v sqrt(tau)         (Black & Scholes 1973, zero rates)
    call = P N(d1) - K N(d1 - s),   put = K N(s - d1) - P N(-d1),   future = P - K

docs/model.md, section 11.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from ..packed import Packed
from ..records import DerivativeKind, Feature
from .parameters import Array, Model
from .state import State

NETTED_MOVES = tuple(step / 100 for step in (-15, -12, -9, -6, -3, 3, 6, 9, 12, 15))


def mark(state: State, model: Model, row: int, time: float) -> None:
    """After row `row` of the schedule (-1: at the start): marks, settlements, margin."""
    if Feature.DERIVATIVES not in model.features:
        return
    value, margin = np.zeros_like(state.price), np.zeros_like(state.price)
    for name, d in held(model.packed):
        spot, vol = state.price[name], state.implied_vol[name]
        if row == d["expiry_row"]:
            state.settled[name] += float(d["units"]) * payoff(d, spot)
        elif row < d["expiry_row"]:
            each = float(d["units"]) * price(d, spot, vol, years_left(d, time))
            value[name] += each
            margin[name] += alone(d, spot, each)
    state.marks, state.derivative_margin = value, margin
    state.derivative_pnl = value + state.settled - model.name.derivatives0


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


def alone(d: np.void, spot: Array, value: Array) -> Array:
    """Margin of one position by itself: FINRA rule 4210(f)(2) for options."""
    kind, size, strike = int(d["kind"]), abs(float(d["units"])), float(d["strike"])
    part = float(d["margin_rate"]) * spot
    if kind == DerivativeKind.FUTURE:
        return size * part
    if d["units"] > 0:
        return value
    call = kind == DerivativeKind.CALL
    out = np.maximum(strike - spot if call else spot - strike, 0)
    least = float(d["margin_least"]) * (spot if call else strike)
    return np.asarray(size * np.maximum(part - out, least) - value)


def netted(state: State, model: Model, shares: Array, row: int, time: float) -> Array:
    """The worst loss of a name over ten moves of its price, shares included (rule 4210(g)).

    Shape: `shares` the signed value of the book's shares, (names, paths), as what comes back.
    """
    open_ = [(i, d) for i, d in held(model.packed) if row < d["expiry_row"]]
    worst, least = np.zeros_like(shares), np.zeros_like(shares)
    for move in NETTED_MOVES:
        gain = shares * move - state.marks
        for name, d in open_:
            moved = state.price[name] * (1 + move)
            years = years_left(d, time)
            gain[name] += float(d["units"]) * price(d, moved, state.implied_vol[name], years)
        worst = np.maximum(worst, -gain)
    for name, d in open_:
        least[name] += float(d["margin_minimum"])
    return np.maximum(worst, least)

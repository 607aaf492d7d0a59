"""Options and futures of the book: marks under the path's implied vol, cash at expiry, margin.

What a contract is worth stands in kernels/contracts.py. docs/model.md, section 11.
"""

from __future__ import annotations

import numpy as np

from ..contracts import held, payoff, price, years_left
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

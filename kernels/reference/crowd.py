"""The crowd: an epidemic of attention that buys shares and calls, and runs.

A susceptible-infected-removed epidemic, stepped exactly at the rates of the step's beginning:

    g     = exit_rate (1 + stampede (x_max - x - drawdown)+) + restricted exit_restricted
    m     = clip(x - x_slow, -1/2, 1)
    force = infection (1 + momentum m)+ ((1 - shared) A + shared Abar)
    new   = (1 - restricted) (1 - A - Rm)+ (1 - exp(-force (1 - e^{-g dt}) / g))
    left  = A (1 - e^{-g dt})

Kermack & McKendrick (1927). docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from ..layout import Channel
from .parameters import ZERO, Array, Columns, Model
from .state import State


def call_price(implied_vol: Array, sqrt_tau: float, p: Columns) -> tuple[Array, Array]:
    """Black-Scholes call at log-moneyness km in units of the spot, and its delta N(d1)."""
    s = np.maximum(implied_vol * sqrt_tau, 1e-4)
    d1 = s / 2 - p.call_strike / s
    delta = np.asarray(ndtr(d1))
    return delta - p.call_strike_exp * ndtr(d1 - s), delta


def orders(state: State, model: Model, sqrt_tau_buy: float) -> tuple[Array, Array]:
    """Steps the epidemic and the crowd's calls; returns shares bought and shares sold."""
    p, x, dt = model.name, state.log_price, model.dt
    attention, removed = state.attention, state.removed

    momentum = np.clip(x - state.log_price_slow, -0.5, 1)
    drawdown = np.maximum(state.log_price_max - x - p.stampede_drawdown, 0)
    leaving = p.exit_rate * (1 + p.stampede * drawdown) + p.exit_restricted * state.restricted
    np.maximum(leaving, 1e-6, out=leaving)
    gone = -np.expm1(-leaving * dt)  # 1 - stay
    others = model.total(p.attention_weight * attention)
    force = p.infection * np.maximum(1 + p.momentum * momentum, 0)
    force *= (1 - p.shared) * attention + p.shared * others
    new = -np.expm1(-force * gone / leaving)
    new *= np.maximum(1 - attention - removed, 0) * (1 - state.restricted)
    left = attention * gone

    state.attention = attention + (new - left)
    state.removed = removed + left
    state.log_price_slow += p.momentum_c * (x - state.log_price_slow)

    buys = sells = ZERO
    if Channel.CROWD_SHARES in model.on:
        buys = p.share_budget * new / state.price
        sells = state.crowd_shares * gone * (1 - p.never_sell)
    if Channel.CROWD_CALLS in model.on:
        premium, _ = call_price(state.implied_vol, sqrt_tau_buy, p)
        bought = p.call_budget * new / (state.price * np.maximum(premium, 0.005))
        state.calls = state.calls * (1 - gone) + bought
        strike = x + p.call_strike
        share = bought / (state.calls + 1e-12)
        state.call_log_strike += share * (strike - state.call_log_strike)
    return buys, sells


def expire(state: State, model: Model, sqrt_tau_roll: float) -> None:
    """A weekly expiry: calls pay what they are in the money, part of it buys the next ones."""
    p, price = model.name, state.price
    value = state.calls * np.maximum(price - np.exp(state.call_log_strike), 0)
    premium, _ = call_price(state.implied_vol, sqrt_tau_roll, p)
    rolled = p.call_roll * value / (price * np.maximum(premium, 1e-3))
    state.calls = rolled * (1 - state.restricted)
    state.call_log_strike = state.log_price + p.call_strike

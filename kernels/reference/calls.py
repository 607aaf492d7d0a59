"""The crowd's calls, weekly and monthly; call programmes buy the same weekly calls.

    bought = budget / (P max(call, .005)) room,   room = (1 - (o + o_m)/capacity)+
    call   = N(d1) - e^km N(d2),   d1 = -km/s + s/2,   s = max(v sqrt(tau), 1e-4)
    o      = o stay (1 - taken) + bought;      l += bought/(o + 1e-12) (x + km - l)

docs/model.md, sections 7 and 9.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ..draws.timeline import Now
from ..records import Channel, EventType, Feature
from . import restriction
from .crowd import taken
from .parameters import ONE, ZERO, Array, Columns, Model
from .state import State, averaged

WEEKLY = ("calls", "call_log_strike")
MONTHLY = ("monthly_calls", "monthly_call_log_strike")


def held(model: Model) -> bool:
    """Whether anybody can ever hold such calls."""
    bought = Channel.CROWD in model.on or Channel.PROGRAMMES in model.on
    return bool((model.name.calls0 != 0).any()) or (bought and Channel.CROWD_CALLS in model.on)


def call_price(implied_vol: Array, sqrt_tau: float, p: Columns) -> Array:
    """Black-Scholes call at log-moneyness km in units of the spot."""
    s = np.maximum(implied_vol * sqrt_tau, 1e-4)
    d1 = s / 2 - p.call_strike / s
    return np.asarray(ndtr(d1) - p.call_strike_exp * ndtr(d1 - s))


def trade(
    state: State,
    model: Model,
    now: Now,
    step: npt.NDArray[np.void],
    new: Array,
    gone: Array,
    trading: npt.NDArray[np.bool_],
) -> None:
    """The newly attentive buy, those who leave (`gone`, a share) close; nobody while halted."""
    p = model.name
    weekly, monthly = (1 - p.monthly_share) * p.call_budget * new, ZERO
    if Channel.PROGRAMMES in model.on:
        weekly = weekly + now.added(EventType.CALL_PROGRAMME) * model.dt
    if Feature.MONTHLY_CALLS in model.features:
        monthly = p.monthly_share * p.call_budget * new
    room = ONE
    if p.call_capacity_inverse.any():
        open_interest = state.calls + state.monthly_calls
        room = np.maximum(1 - open_interest * p.call_capacity_inverse, 0)
    if not trading.all():
        room, gone = room * trading, gone * trading
    rolled = ZERO
    for kind, budget, sqrt_tau in (
        (WEEKLY, weekly, float(step["sqrt_tau_buy"])),
        (MONTHLY, monthly, float(step["sqrt_tau_month_buy"])),
    ):
        if kind is WEEKLY or Feature.MONTHLY_CALLS in model.features:
            premium = np.maximum(call_price(state.implied_vol, sqrt_tau, p), 0.005)
            bought = (budget * room + rolled) / (state.price * premium)
            number, strike = (getattr(state, field) for field in kind)
            if Channel.CROWD in model.on:
                profit = taken(state, p, strike - p.call_strike) * trading
                number = number * (1 - profit) * (1 - gone)
                days = 252 * float(step["sqrt_tau" if kind is WEEKLY else "sqrt_tau_month"]) ** 2
                in_the_money = trading & (state.log_price > strike)
                left = np.where(in_the_money, closing_out(p, days, model.dt), 1)
                worth = (1 - left) * number * np.maximum(state.price - np.exp(strike), 0)
                rolled = p.call_roll_early * worth * (1 - restriction.in_force(state, now))
                number = number * left
            number = number + bought
            strike = averaged(strike, state.log_price + p.call_strike, bought, number)
            put(state, kind, number, strike)


def closing_out(p: Columns, days: float, dt: float) -> Array:
    """What is left of calls in the money after a step that ends so many days before their expiry.

    open(days) = kept + (1 - kept) min(days / close_out, 1)
    """
    after, before = (
        p.call_kept + (1 - p.call_kept) * np.minimum(time * p.call_close_out_rate, 1)
        for time in (days, days + dt)
    )
    closes = p.call_close_out_rate > 0
    return np.divide(after, before, out=np.ones_like(after), where=closes)


def expire(
    state: State, model: Model, kind: tuple[str, str], sqrt_tau_roll: float, restricted: Array
) -> None:
    """An expiry: calls pay what they are in the money, part of it buys the next ones."""
    p, price = model.name, state.price
    number, strike = (getattr(state, field) for field in kind)
    value = number * np.maximum(price - np.exp(strike), 0)
    premium = np.maximum(call_price(state.implied_vol, sqrt_tau_roll, p), 1e-3)
    rolled = p.call_roll * value / (price * premium)
    put(state, kind, rolled * (1 - restricted), state.log_price + p.call_strike)


def move_up(state: State) -> None:
    """On a ladder the later calls are the next to expire."""
    number = state.calls + state.monthly_calls
    strikes = state.call_log_strike, state.monthly_call_log_strike
    put(state, WEEKLY, number, averaged(*strikes, state.monthly_calls, number))
    state.monthly_calls = np.zeros_like(number)


def put(state: State, kind: tuple[str, str], number: Array, strike: Array) -> None:
    setattr(state, kind[0], number)
    setattr(state, kind[1], strike)

"""The crowd: an epidemic of attention that buys shares and calls, and runs.

A susceptible-infected-removed epidemic, stepped exactly at the rates of the step's beginning:

    leave = exit_rate (1 + stampede (x_max - x - drawdown)+) + restricted exit_restricted
    rise  = clip(x - x_slow, -1/2, 1)
    force = infection (1 + momentum rise)+ ((1 - shared) A + shared Abar) + following K
    new   = (1 - restricted) (1 - A - Rm)+ (1 - exp(-force (1 - e^{-leave dt}) / leave))
    left  = A (1 - e^{-leave dt})

and those who are in sell at a profit, whatever they think of tomorrow:

    taken = 1 - exp(-take_profit_rate (x - x_r - take_profit)+ dt)
    x_r  += bought / (R + 1e-12) (x - x_r)

Kermack & McKendrick (1927); the term in K is the innovation of Bass (1969). docs/model.md, 7.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..draws.timeline import Now
from ..records import Channel, EventType
from .orders import Order
from .parameters import Array, Columns, Model
from .state import State, averaged


def seed(state: State, now: Now) -> None:
    """An attention event strikes."""
    if EventType.ATTENTION in now:
        room = np.maximum(1 - state.attention - state.removed, 0)
        state.attention = state.attention + np.minimum(now.added(EventType.ATTENTION), room)


def spread(state: State, model: Model, now: Now, restricted: Array) -> tuple[Array, Array]:
    """Steps the epidemic; returns who is new and the share of the attentive who left."""
    p, x = model.name, state.log_price
    others = model.total(p.attention_weight * state.attention)
    seed(state, now)
    attention, removed = state.attention, state.removed

    momentum = np.clip(x - state.log_price_slow, -0.5, 1)
    drawdown = np.maximum(state.log_price_max - x - p.stampede_drawdown, 0)
    leaving = p.exit_rate * (1 + p.stampede * drawdown) + p.exit_restricted * restricted
    np.maximum(leaving, 1e-6, out=leaving)
    gone = -np.expm1(-leaving * model.dt)  # 1 - stay
    force = p.infection * np.maximum(1 + p.momentum * momentum, 0)
    force *= (1 - p.shared) * attention + p.shared * others
    if Channel.LEADER in model.on:
        force += p.following * state.leader
    new = -np.expm1(-force * gone / leaving)
    new *= np.maximum(1 - attention - removed, 0) * (1 - restricted)
    left = attention * gone

    state.attention = attention + (new - left)
    state.removed = removed + left
    state.log_price_slow = state.log_price_slow + p.momentum_c * (x - state.log_price_slow)
    return new, gone


def taken(state: State, p: Columns, paid: Array) -> Array:
    """Part of a holding that is sold at a profit in a step; `paid` its mean log price."""
    gain = np.maximum(state.log_price - paid - p.crowd_profit, 0)
    return np.asarray(-np.expm1(-p.crowd_profit_rate_dt * gain))


def remember(state: State, p: Columns, bought: Array, log_price: Array) -> None:
    """The mean log price paid, of a crowd that minds, moves to that of what it `bought`."""
    counted = (p.crowd_profit_rate_dt > 0) * bought
    state.crowd_entry = averaged(state.crowd_entry, log_price, counted, state.crowd_shares)


def order(
    state: State,
    p: Columns,
    new: Array,
    gone: Array,
    trading: npt.NDArray[np.bool_],
    steps_left: int,
) -> Order:
    """Shares bought and sold, `steps_left` to the close, this one among them.

    What a halt stops waits for the first step that trades.
    """
    buys = p.share_budget * new / state.price
    stay = 1 - gone * (1 - p.never_sell)
    sells = state.crowd_shares * (1 - stay * (1 - taken(state, p, state.crowd_entry)))
    if state.unpaid.any():  # delivered shares, sold over the session to pay for them
        sold = state.unpaid / steps_left
        state.unpaid = state.unpaid - sold
        sells = np.minimum(sells + sold, state.crowd_shares)
    stopped = not trading.all()
    if stopped or state.waiting.any():
        wanted = state.waiting + np.where(trading, 0, buys - sells)
        buys = np.where(trading, buys + np.maximum(wanted, 0), 0)
        sells = np.where(trading, sells + np.maximum(-wanted, 0), 0)
        state.waiting = np.where(trading, 0, wanted)
        sells = np.minimum(sells, state.crowd_shares)
    return Order(buys, sells)

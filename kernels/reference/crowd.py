"""The crowd: an epidemic of attention that buys shares and calls, and runs.

A susceptible-infected-removed epidemic, stepped exactly at the rates of the step's beginning:

    leave = exit_rate (1 + stampede (x_max - x - drawdown)+) + restricted exit_restricted
    rise  = clip(x - x_slow, -1/2, 1)
    force = infection (1 + momentum rise)+ ((1 - shared) A + shared Abar) + following K
    new   = (1 - restricted) (1 - A - Rm)+ (1 - exp(-force (1 - e^{-leave dt}) / leave))
    left  = A (1 - e^{-leave dt})

Kermack & McKendrick (1927); the term in K is the innovation of Bass (1969). docs/model.md, 7.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..draws.timeline import Now
from ..records import Channel, EventType
from .orders import Order
from .parameters import Array, Columns, Model
from .state import State


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


def order(
    state: State, p: Columns, new: Array, gone: Array, trading: npt.NDArray[np.bool_]
) -> Order:
    """Shares bought and sold. What a halt stops waits for the first step that trades."""
    buys = p.share_budget * new / state.price
    sells = state.crowd_shares * gone * (1 - p.never_sell)
    stopped = not trading.all()
    if stopped or state.waiting.any():
        wanted = state.waiting + np.where(trading, 0, buys - sells)
        buys = np.where(trading, buys + np.maximum(wanted, 0), 0)
        sells = np.where(trading, sells + np.maximum(-wanted, 0), 0)
        state.waiting = np.where(trading, 0, wanted)
        sells = np.minimum(sells, state.crowd_shares)
    return Order(buys, sells)

"""Expiry by delivery: shares change hands for the strike, at no price.

    dealers hand over   q = lots(min(exercised, H+ + (E - E_min)+)),   H -= q
    crowd's calls       exercised = delivered o [x > l],   R += q,   x_r += q/(R + 1e-12) (l - x_r),
                        unpaid += min((q e^l - exercise_budget)+ / P, q)
    static chain        exercised e = sign sum_j O_j ([call_j, x > k_j] - [put_j, x < k_j]):
        to holders      L += q of e+
        to dealers      q' = lots((-e)+),   H += q',   L -= min(lots(covered q'), L),   S_n += rest

docs/model.md, section 9.
"""

from __future__ import annotations

import numpy as np

from ..records import Channel
from . import crowd, dealers, new_shorts
from .clearing import lots
from .parameters import Array, Columns, Model
from .state import State


def of_calls(state: State, model: Model, kind: tuple[str, str]) -> None:
    """The crowd's calls of one maturity, before they expire."""
    p = model.name
    if Channel.DEALERS not in model.on or not p.exercised.any():
        return
    number, strike = (getattr(state, field) for field in kind)
    shares = hand_over(state, p, p.call_delivered * np.where(state.log_price > strike, number, 0))
    state.crowd_shares = state.crowd_shares + shares
    crowd.remember(state, p, shares, strike)
    debt = np.maximum(shares * np.exp(strike) - p.exercise_budget, 0)
    state.unpaid = state.unpaid + np.minimum(debt / state.price, shares)


def of_chain(state: State, model: Model, number: int) -> None:
    """What expires of the static chain at the close of step `number`."""
    p, night = model.name, number + 1
    if Channel.DEALERS not in model.on or not p.exercised.any():
        return
    if night == len(model.packed.schedule):
        return
    chain = dealers.target(state, model, night).chain
    if chain is None:
        return
    exercised, _ = chain(state.log_price)
    state.locked = state.locked + hand_over(state, p, np.maximum(exercised, 0))

    back = lots(np.maximum(-exercised, 0))
    owned = np.minimum(lots(p.covered * back), state.locked)
    state.hedge = state.hedge + back
    state.locked = state.locked - owned
    state.new_shorts = state.new_shorts + (back - owned)
    new_shorts.remember(state, back - owned, state.log_price)


def hand_over(state: State, p: Columns, exercised: Array) -> Array:
    """Shares that dealers deliver: what they hold, and what they could still buy in."""
    most = np.maximum(state.hedge, 0) + np.maximum(state.elastic - p.elastic_min, 0)
    shares = lots(np.minimum(exercised, most))
    state.fails = state.fails + np.maximum(exercised - most, 0)
    state.hedge = state.hedge - shares
    return shares

"""Implied volatility follows realised volatility and the demand for calls; per annum.

    v    += c(vol_rate) (min(max(v0, vol_realised rv) (1 + vol_demand (o + o_m)+), vol_max) - v)
    rv^2  = (1 - rv_weight) rv^2 + rv_weight 252 (x - x_close)^2         (at a close)

docs/model.md, section 9.
"""

from __future__ import annotations

import numpy as np

from ..draws.timeline import Now
from ..records import EventType
from .parameters import Columns
from .state import State


def strike(state: State, p: Columns, now: Now) -> None:
    """An implied-vol event strikes."""
    if EventType.IMPLIED_VOL in now:
        struck = state.implied_vol * now.factor(EventType.IMPLIED_VOL)
        state.implied_vol = np.minimum(struck, p.vol_max)


def update(state: State, p: Columns) -> None:
    """After every intraday step."""
    goal = np.maximum(p.vol0, p.vol_realised * state.realised_vol)
    goal *= 1 + p.vol_demand * np.maximum(state.calls + state.monthly_calls, 0)
    np.minimum(goal, p.vol_max, out=goal)
    state.implied_vol = state.implied_vol + p.vol_c * (goal - state.implied_vol)


def close(state: State, p: Columns) -> None:
    """After the last step of a day."""
    move = state.log_price - state.log_price_close
    variance = (1 - p.rv_weight) * state.realised_vol**2 + p.rv_weight * 252 * move**2
    state.realised_vol = np.sqrt(variance)
    state.log_price_close = state.log_price.copy()

"""Levered longs: the mirror of the cohort, forced out as the price falls below their entry.

Their entry follows a part of the run-up, as paper profits are borrowed against:

    down = max(down, refinancing x_max - x)
    sell = min((Y - Y(0) (1 - below(down; mu, sd)))+, participation V dt)

docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np

from .orders import Order
from .parameters import Array, Columns
from .state import State
from .tolerance import exceeded


def order(state: State, daily_volume: Array, p: Columns) -> Order:
    down = p.levered_refinancing * state.log_price_max - state.log_price
    state.drawdown_max = np.maximum(state.drawdown_max, down)
    called = exceeded(
        state.drawdown_max,
        p.levered_tolerance,
        p.levered_inverse_sd,
        p.levered_floor,
        p.levered_inverse_mass,
    )
    excess = np.maximum(state.levered - p.levered0 * (1 - called), 0)
    return Order(sells=np.minimum(excess, p.levered_participation_dt * daily_volume))

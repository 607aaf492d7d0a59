"""The leader builds a block, then sells it into the crowd.

    x_max < sell_above:  buy  = min((block - K)+, build_rate dt)
    else:                sell = min(K, participation V dt)

The crowd follows what it holds (crowd.py). docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np

from .orders import Order
from .parameters import Array, Columns
from .state import State


def order(state: State, daily_volume: Array, p: Columns) -> Order:
    building = state.log_price_max < p.leader_sell_above
    room = np.maximum(p.leader_block - state.leader, 0)
    buys = np.minimum(room, p.leader_rate_dt) * building
    sells = np.minimum(state.leader, p.leader_participation_dt * daily_volume) * ~building
    return Order(buys, sells)

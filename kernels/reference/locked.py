"""Locked holders let go at high multiples.

    sell = c(release_rate) (L - L(0) (1 - release_share below(x; release_mean, release_sd)))+

docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np

from .orders import Order
from .parameters import Array, Columns
from .state import State
from .tolerance import exceeded


def order(state: State, daily_volume: Array, p: Columns) -> Order:
    tempted = exceeded(
        state.log_price,
        p.release_mean,
        p.release_inverse_sd,
        p.release_floor,
        p.release_inverse_mass,
    )
    kept = p.locked * (1 - p.release_share * tempted)
    return Order(sells=p.release_c * np.maximum(state.locked - kept, 0))

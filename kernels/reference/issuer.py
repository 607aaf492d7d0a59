"""The issuer sells new stock at the market once the price is above a threshold.

    sell = [x > issue_threshold] min((issue_maximum - issued)+, participation V dt)

`issued` counts what the issuer sold and what issuance events sold alike. docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np

from .parameters import Array, Columns
from .state import State


def sells(state: State, daily_volume: Array, p: Columns) -> Array:
    room = np.maximum(p.issue_maximum - state.issued, 0)
    offered = np.minimum(room, p.issue_participation_dt * daily_volume)
    return offered * (state.log_price > p.issue_threshold)

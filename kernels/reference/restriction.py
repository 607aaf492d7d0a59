"""The brokers' buying halt: an exponential clock that runs while the price is above a threshold.

    k -= dt (k > 0 ? hazard [x > threshold] : 1);   restricted = [-duration < k <= 0]

docs/model.md, section 9.
"""

from __future__ import annotations

import numpy as np

from .parameters import Model
from .state import State


def update(state: State, model: Model) -> None:
    p, clock = model.name, state.restriction_clock
    hazard = p.restriction_hazard_dt * (state.log_price > p.restriction_threshold)
    clock = clock - np.where(clock > 0, hazard, model.dt)
    state.restriction_clock = clock
    state.restricted = ((clock <= 0) & (clock > -p.restriction_duration)).astype(float)

"""The brokers' buying halt: an exponential clock that runs while the price is above a threshold.

    clock -= dt (clock > 0 ? hazard [x > threshold] : 1);   restricted = [-duration < clock <= 0]

The crowd's broker (clearing_rule.py) and events restrict as well; an event that lifts, lifts all.
docs/model.md, sections 1, 7 and 9.
"""

from __future__ import annotations

import numpy as np

from ..draws.timeline import Now
from ..records import Channel, EventType
from .clearing_rule import Broker
from .parameters import Array, Model
from .state import State


def update(state: State, model: Model, broker: Broker) -> None:
    p, clock = model.name, state.restriction_clock
    if Channel.RESTRICTION in model.on:
        hazard = p.restriction_hazard_dt * (state.log_price > p.restriction_threshold)
        clock = clock - np.where(clock > 0, hazard, model.dt)
        state.restriction_clock = clock
    restricted = (clock <= 0) & (clock > -p.restriction_duration)
    state.restricted = (restricted | broker.restricts(model.dt)).astype(float)


def in_force(state: State, now: Now) -> Array:
    """1 where the crowd may not buy in this step, by the clock, its broker or an event."""
    if EventType.RESTRICTION not in now:
        return state.restricted
    restricts = (state.restricted > 0) | now.any(EventType.RESTRICTION)
    return (restricts & ~now.any(EventType.RESTRICTION, sign=-1)).astype(float)

"""Programmes of the timeline: purchases and sales of so many floats a day, and issuance.

Programmes on at the same time add up; sells are at most X. docs/model.md, sections 1 and 7.
"""

from __future__ import annotations

import numpy as np

from ..draws.timeline import Now
from ..records import EventType
from .orders import Order
from .parameters import Array
from .state import State


def order(state: State, now: Now, dt: float) -> Order:
    wanted = now.added(EventType.PROGRAMME) * dt
    return Order(np.maximum(wanted, 0), np.minimum(np.maximum(-wanted, 0), state.programme))


def issuance(now: Now, dt: float) -> Array:
    """Shares sold by issuance events."""
    return now.added(EventType.ISSUANCE) * dt

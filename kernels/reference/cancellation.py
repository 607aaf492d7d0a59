"""Trade cancellation: the trades since the last close are undone (Nickel, 8 March 2022).

Holdings, calls, J, the price and what hangs on them go back to the last close; the anchor,
attention, volatility, clocks, fees paid and the funds' equity do not. docs/model.md, section 1.
"""

from __future__ import annotations

import numpy as np

from ..draws.timeline import Now
from ..records import QUANTITIES_OF_NAMES, EventType
from .parameters import Array
from .state import State

UNDONE = tuple(each.name for each in QUANTITIES_OF_NAMES if each.undone)


class Close:
    """What stood at the last close, or at the start."""

    def __init__(self, state: State) -> None:
        self.stood: dict[str, Array] = {f: getattr(state, f).copy() for f in UNDONE}

    def restore(self, state: State, now: Now) -> None:
        cancelled = now.any(EventType.CANCELLATION)
        if cancelled.any():
            for field, stood in self.stood.items():
                setattr(state, field, np.where(cancelled, stood, getattr(state, field)))

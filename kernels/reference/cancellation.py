"""Trade cancellation: the trades since the last close are undone (Nickel, 8 March 2022).

Holdings, calls, J, the price and what hangs on them go back to the last close; the anchor,
attention, volatility, clocks, fees paid and the funds' equity do not. docs/model.md, section 1.
"""

from __future__ import annotations

import numpy as np

from ..records import EventType
from .parameters import Array
from .state import FUNDS, State
from .timeline import Now

UNDONE = (
    "elastic locked levered leader crowd_shares hedge cohort new_shorts programme issued "
    "calls call_log_strike monthly_calls monthly_call_log_strike transient log_price price "
    "log_price_max log_price_slow new_short_entry drawdown_max unsettled waiting "
    "book spent slippage stopped"
).split() + list(FUNDS)


class Close:
    """What stood at the last close, or at the start."""

    def __init__(self, state: State) -> None:
        self.stood: dict[str, Array] = {f: getattr(state, f).copy() for f in UNDONE}

    def restore(self, state: State, now: Now) -> None:
        cancelled = now.any(EventType.CANCELLATION)
        if cancelled.any():
            for field, stood in self.stood.items():
                setattr(state, field, np.where(cancelled, stood, getattr(state, field)))

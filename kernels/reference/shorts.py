"""Shorts: the reported cohort that covers.

`below` is the share whose tolerance of the log run-up plus the borrow cost paid the worst moment so
far exceeded (tolerance.py); a share of the cohort is on margin instead and covers psi. The covering
target is a ratchet:

    psi(p) = clip((1 + m0)/m0 - (1 + i0)/(m0 p), 0, 1)
    called = (1 - margin_share) below(x_max + phi; mu, sd) + margin_share psi(e^x_max)
    cover = min((S_c - S_c(0) (1 - called))+, participation V dt)

docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np

from .parameters import Array, Columns
from .state import State
from .tolerance import exceeded


def cover(state: State, daily_volume: Array, p: Columns) -> Array:
    """Shares the cohort buys back by its own will."""
    called = exceeded(
        state.log_price_max + state.fee_paid,
        p.tolerance,
        p.tolerance_inverse_sd,
        p.tolerance_floor,
        p.tolerance_inverse_mass,
    )
    on_margin = p.cohort_margin_all - p.cohort_margin_left * np.exp(-state.log_price_max)
    called += p.cohort_margin_share * (np.clip(on_margin, 0, 1) - called)
    excess = np.maximum(state.cohort - p.cohort0 * (1 - called), 0)
    return np.minimum(excess, p.participation_dt * daily_volume)

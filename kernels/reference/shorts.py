"""Shorts: the reported cohort that covers, and new shorts that fade the rally.

Cohort. The tolerated log run-up plus borrow cost paid is normal, truncated at zero; F is the
share whose tolerance the worst moment so far exceeded, so the covering target is a ratchet:

    F     = (N((x_max + phi - mu)/sd) - N(-mu/sd))+ / (1 - N(-mu/sd))
    cover = min((S_c - S_c(0) (1 - F))+, participation V dt)

New shorts enter what can still be borrowed when x is far above w; they stop out or take profit.
docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from .parameters import Array, Columns
from .state import State


def cover(state: State, daily_volume: Array, p: Columns) -> Array:
    """Shares the cohort buys back by its own will."""
    worst = state.log_price_max + state.fee_paid - p.tolerance
    called: Array = np.maximum(ndtr(worst * p.tolerance_inverse_sd) - p.tolerance_floor, 0)
    called *= p.tolerance_inverse_mass
    excess = np.maximum(state.cohort - p.cohort0 * (1 - called), 0)
    return np.minimum(excess, p.participation_dt * daily_volume)


def enter(state: State, free: Array, p: Columns) -> Array:
    """Shares sold short anew, out of `free` = (Y - D)+ that can still be borrowed."""
    above = np.maximum(state.log_price - state.anchor - p.entry_threshold, 0)
    return -np.expm1(-p.entry_rate_dt * above) * free


def leave(state: State, p: Columns) -> Array:
    """Shares new shorts buy back: stop losses and profits taken."""
    run_up = state.log_price - state.new_short_entry
    rate_dt = p.stop_rate_dt * ndtr((run_up - p.stop_loss) * p.stop_inverse_sd)
    rate_dt += p.take_profit_rate_dt * ndtr((-run_up - p.take_profit) * p.take_profit_inverse_sd)
    return -np.expm1(-rate_dt) * state.new_shorts

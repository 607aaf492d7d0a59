"""New shorts fade the rally: they enter what can still be borrowed, stop out or take profit.

    entry = (1 - exp(-entry_rate gap+ dt)) (lendable - D)+,
            gap = x - w - entry_threshold - fee_new horizon/252
    exit  = S_n (1 - exp(-(stop_rate N((x - x_n - stop_loss)/stop_sd)
                           + take_profit_rate N((x_n - x - take_profit)/take_profit_sd)) dt))

docs/model.md, section 7.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from .parameters import Array, Columns
from .state import State, averaged


def enter(state: State, free: Array, p: Columns) -> Array:
    """Shares sold short anew, out of `free` = (lendable - D)+ that can still be borrowed."""
    cost = p.entry_threshold + p.entry_fee_years * state.fee
    above = np.maximum(state.log_price - state.anchor - cost, 0)
    return -np.expm1(-p.entry_rate_dt * above) * free


def leave(state: State, p: Columns) -> Array:
    """Shares new shorts buy back: stop losses and profits taken."""
    run_up = state.log_price - state.new_short_entry
    rate_dt = p.stop_rate_dt * ndtr((run_up - p.stop_loss) * p.stop_inverse_sd)
    rate_dt += p.take_profit_rate_dt * ndtr((-run_up - p.take_profit) * p.take_profit_inverse_sd)
    return -np.expm1(-rate_dt) * state.new_shorts


def remember(state: State, entered: Array, log_price: Array) -> None:
    """The entry price moves towards the price at which `entered` shares came in."""
    state.new_short_entry = averaged(state.new_short_entry, log_price, entered, state.new_shorts)

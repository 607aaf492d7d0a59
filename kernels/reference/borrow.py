"""The market for borrowed shares: what can be lent, what is borrowed, what it costs.

    Y = l_E E + l_L L        D = S_c + S_n + B- + (-H)+        u = D / Y
    fee = max(fee0 + fee_slope ((u - threshold)+ - (u0 - threshold)+), fee_min)
    recall = c(recall_rate) (D - Y)+, shared pro rata by S_c and S_n

docs/model.md, sections 7 and 9.
"""

from __future__ import annotations

import numpy as np

from .parameters import Array, Columns

LEAST_LENDABLE = 2.0**-22  # one lot: keeps utilisation finite where nothing can be lent


def lendable(elastic: Array, p: Columns) -> Array:
    return p.lendable_elastic * elastic + p.lendable_locked * p.locked


def borrowed(cohort: Array, new_shorts: Array | float, hedge: Array, p: Columns) -> Array:
    return cohort + new_shorts + p.book_short + np.maximum(-hedge, 0)


def utilisation(lendable: Array, borrowed: Array) -> Array:
    return borrowed / np.maximum(lendable, LEAST_LENDABLE)


def fee(utilisation: Array, p: Columns) -> Array:
    """Per annum."""
    excess = np.maximum(utilisation - p.fee_threshold, 0) - p.fee_excess0
    return np.maximum(p.fee0 + p.fee_slope * excess, p.fee_min)


def recall(
    lendable: Array, borrowed: Array, cohort: Array, new_shorts: Array, p: Columns
) -> tuple[Array, Array]:
    """Shares called back from the cohort and from the new shorts."""
    shorts = cohort + new_shorts
    wanted = p.recall_c * np.maximum(borrowed - lendable, 0)
    each = np.divide(wanted, shorts, out=np.zeros_like(shorts), where=shorts > 0)
    return each * cohort, each * new_shorts

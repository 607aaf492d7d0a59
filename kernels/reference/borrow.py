"""The market for borrowed shares: what can be lent, what is borrowed, what it costs.

    lendable = l_E E + l_L L + l_R R,   D = S_c + S_n + B- + (-H)+ + sum_k (-F_k)+
    u        = D / lendable
    fee_new = max(fee0 + fee_slope ((u - threshold)+ - (u0 - threshold)+), fee_min)
    recall  = c(recall_rate) (D - lendable)+

The recall is shared pro rata by S_c, S_n and what the book has not located; lendable is at least
one lot. docs/model.md, sections 7 and 9.
"""

from __future__ import annotations

import numpy as np

from ..draws.timeline import Now
from ..records import LOTS_PER_FLOAT, Channel, EventType, Policy
from .parameters import ZERO, Array, Columns, Model
from .state import FUNDS, State

ONE_LOT = 1 / LOTS_PER_FLOAT


def lendable(state: State, p: Columns, now: Now) -> Array:
    """What can be lent, times the factor of the recall events that are on."""
    own = p.lendable_elastic * state.elastic + p.lendable_locked * state.locked
    own = own + p.lendable_crowd * state.crowd_shares
    return np.maximum(own * now.factor(EventType.LENDABLE), ONE_LOT)


def borrowed(state: State, model: Model) -> Array:
    """D, whoever borrowed."""
    short = (
        state.cohort + state.new_shorts + np.maximum(-state.book, 0) + np.maximum(-state.hedge, 0)
    )
    for fund in FUNDS[: model.funds]:
        short += np.maximum(-getattr(state, fund), 0)
    return short


def fee(utilisation: Array, p: Columns) -> Array:
    """Of a new loan, per annum."""
    excess = np.maximum(utilisation - p.fee_threshold, 0) - p.fee_excess0
    return np.maximum(p.fee0 + p.fee_slope * excess, p.fee_min)


def price(state: State, model: Model, now: Now) -> None:
    """Utilisation, and what a new loan costs."""
    state.utilisation = borrowed(state, model) / lendable(state, model.name, now)
    state.fee = fee(state.utilisation, model.name)


def open_loans(state: State, model: Model) -> None:
    """Utilisation and both fees at the start."""
    price(state, model, Now())
    state.fee_existing = state.fee.copy()


def update(state: State, model: Model, now: Now) -> None:
    """After every intraday step: what existing loans cost, then both fees."""
    state.fee_paid += state.fee_existing * (model.dt / 252)
    price(state, model, now)
    repriced = model.name.repricing_c * (state.fee - state.fee_existing)
    state.fee_existing = state.fee_existing + repriced


def recall(
    state: State, lendable: Array, borrowed: Array, model: Model
) -> tuple[Array, Array, Array]:
    """Shares called back from the cohort, from the new shorts and from the book."""
    p, book = model.name, recallable(state, model)
    shorts = state.cohort + state.new_shorts + book
    wanted = p.recall_c * np.maximum(borrowed - lendable, 0)
    each = np.divide(wanted, shorts, out=np.zeros_like(shorts), where=shorts > 0)
    each = np.minimum(each, 1)  # funds, dealers and what is located keep theirs
    return each * state.cohort, each * state.new_shorts, each * book


def recallable(state: State, model: Model) -> Array:
    """Part of the book's short that lenders can call back, where its policy says so."""
    if Channel.BOOK not in model.on or not int(model.packed.run["policy"]) & Policy.RECALL:
        return ZERO
    return np.maximum(-state.book - model.name.book_located, 0)

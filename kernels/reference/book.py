"""The book: marked at every step, open included; nobody acts on a margin call (policy hold).

    pnl    = sum_i (a_i (P_i - 1) - paid_i)
    excess = 1 + pnl - sum_i margin_i |a_i| P_i            a margin call is excess < 0

Margin events that are on add to margin_i |a_i|; fees are those on existing loans.

docs/model.md, section 11.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..layout import PATH, EventType
from .parameters import Array, Model
from .state import State
from .timeline import Now


class Book:
    """Path records of a chunk of paths, filled as the paths go."""

    def __init__(self, paths: int) -> None:
        self.pnl: Array = np.zeros(paths)
        self.worst: Array = np.zeros(paths)
        self.call_day: Array = np.full(paths, np.nan)
        self.call_day_close: Array = np.full(paths, np.nan)

    def pay_fees(self, state: State, model: Model) -> None:
        """Borrow fees of the book's shorts over an intraday step, at its new price and fee."""
        short = np.maximum(-model.name.book_weight, 0) * (model.dt / 252)
        state.borrow_paid += short * state.price * state.fee_existing

    def check(self, state: State, model: Model, now: Now, time: float, close: bool) -> None:
        p = model.name
        self.pnl = model.total(p.book_weight * (state.price - 1) - state.borrow_paid)
        margin = p.book_margin + now.added(EventType.MARGIN)
        excess = 1 + self.pnl - model.total(margin * state.price)
        np.minimum(self.worst, self.pnl, out=self.worst)
        called = excess < 0
        self.call_day[called & np.isnan(self.call_day)] = time
        if close:
            self.call_day_close[called & np.isnan(self.call_day_close)] = time

    def records(self, state: State, model: Model) -> npt.NDArray[np.void]:
        out = np.zeros(len(self.pnl), PATH)
        out["worst_pnl"] = self.worst
        out["margin_call_day"] = self.call_day
        out["margin_call_day_close"] = self.call_day_close
        out["borrow_cost"] = model.total(state.borrow_paid)
        out["floor_names"] = model.total(state.floor)
        out["fails"] = model.total(state.fails)
        return out

"""Funds: each keeps, of every position alike, the fraction that its loss 1 - equity leaves it.

    kept(e) = clip(1 - slope (1 - e - threshold)+, 0, 1)
    target_i = F_i(0) kept(equity)/kept(1)
    order_i = c(rate) (target_i - F_i),   rate = cut where |target_i| < |F_i|, else rebuild
    equity += sum_i value_i (F_i + F_i')/2 (P_i' - P_i)      at every step

Cont & Wagalath (2013). docs/model.md, sections 7 and 9.
"""

from __future__ import annotations

import numpy as np

from .orders import Order, Orders
from .parameters import Array, Model
from .state import FUNDS, State


class Funds:
    """The funds of a chunk of paths; their holdings are in the state."""

    def __init__(self, model: Model, paths: int) -> None:
        self.model = model
        self.names = FUNDS[: model.funds]
        self.equity: Array = np.ones((model.funds, paths))
        positions = model.packed.positions[: model.names, : model.funds]
        self.value = positions["value"].astype(float).T[:, :, None]  # (funds, names, 1)

    def orders(self, state: State) -> Orders:
        """What every fund wants at its equity of the last step."""
        orders: Orders = {}
        for k, fund in enumerate(self.names):
            law = {
                f: float(self.model.packed.funds[f][k])
                for f in self.model.packed.funds.dtype.names or ()
            }
            beyond = np.maximum(1 - self.equity[k] - law["threshold"], 0)
            kept = np.clip(1 - law["slope"] * beyond, 0, 1)
            holding = getattr(state, fund)
            target = self.model.holdings[k] * (kept / law["kept0"])
            cutting = np.abs(target) < np.abs(holding)
            wanted = np.where(cutting, law["cut_c"], law["rebuild_c"]) * (target - holding)
            orders[fund] = Order(np.maximum(wanted, 0), np.maximum(-wanted, 0))
        return orders

    def holdings(self, state: State) -> list[Array]:
        return [getattr(state, fund) for fund in self.names]

    def mark(self, state: State, held_before: list[Array], price_before: Array) -> None:
        """What a fund trades in a step, it trades at the mean of the two prices."""
        move = state.price - price_before
        for k, (before, after) in enumerate(zip(held_before, self.holdings(state), strict=True)):
            self.equity[k] += self.model.total(self.value[k] * (before + after) / 2 * move)

"""Orders of one holder in one step, and their fills in whole lots against the elastic holders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..records import HOLDINGS
from .clearing import filled_share, lots
from .parameters import ONE, ZERO, Array
from .state import State

OWED = {holding.quantity for holding in HOLDINGS if holding.owed}
"""What stands on the other side of the ledger: it grows as the holder sells."""
COUNTED = {holding.quantity for holding in HOLDINGS if holding.fails}
"""Whose unfilled buys are fails; the others' targets do not forget what did not fill."""


class Order(NamedTuple):
    """Shares to buy and to sell, in floats; arrays broadcast to (names, paths)."""

    buys: Array = ZERO
    sells: Array = ZERO


Orders = dict[str, Order]
"""The order of every holder who trades; a holder is a field of the state."""


def only(orders: Orders, trading: npt.NDArray[np.bool_]) -> Orders:
    """The orders of the names that trade."""
    if trading.all():
        return orders
    return {h: Order(o.buys * trading, o.sells * trading) for h, o in orders.items()}


def totals(orders: Orders) -> tuple[Array, Array]:
    """All buys and all sells."""
    return sum((o.buys for o in orders.values()), ZERO), sum(
        (o.sells for o in orders.values()), ZERO
    )


def fill(state: State, orders: Orders, elastic_min: Array) -> Array:
    """Moves the shares; returns the net buying. docs/model.md, sections 3 and 8.

    Buys are scaled where E would fall below its floor, sells always fill; every holder's fill is in
    whole lots.
    """
    buys, sells = totals(orders)
    filled = filled_share(buys, sells, state.elastic, elastic_min)
    net: Array = np.zeros_like(state.elastic)
    for holder, order in orders.items():
        bought = lots(order.buys * filled) - lots(order.sells)
        net += bought
        change = -bought if holder in OWED else bought
        setattr(state, holder, getattr(state, holder) + change)
        if holder in COUNTED and filled is not ONE:
            state.fails = state.fails + order.buys * (1 - filled)
    state.elastic = state.elastic - net
    state.floor = np.maximum(state.floor, filled < 1)
    return net

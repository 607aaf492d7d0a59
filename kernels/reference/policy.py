"""What the book trades: stops, deleveraging, and the forced buy-in of a margin call.

    room_i   = min(|b_i|, participation V_i dt)
    score_i  = margin_i E_i / (M_i P_i b_i^2)             relief per impact on what is left
    before_i = sum_j [score_j > score_i, ties by order] margin_j room_j / |b_j|
    forced_i = |b_i| min((relief - before_i)+, margin_i) / margin_i

A position is closed whole at its stop; `cut` is the part of all that deleveraging gives up. What is
traded is the largest of these, within the room, and all that lenders recall. docs/model.md,
section 11.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..records import Policy
from .book import Book, margin_of_shares
from .orders import Order
from .parameters import Array, Model
from .state import State


def room(state: State, model: Model, volume: Array) -> Array:
    """Floats that the share of volume lets the book trade in a step."""
    share = float(model.packed.run["book_participation_dt"])
    return np.minimum(np.abs(state.book), share * volume)


def relief_before(
    state: State, model: Model, volume: Array, trading: npt.NDArray[np.bool_]
) -> Array:
    """What the names that give more relief per impact can shed in a step, (names, paths)."""
    size, reach = np.abs(state.book), room(state, model, volume)
    there = np.maximum(state.elastic - model.name.elastic_min, 0)
    reach = np.where(model.name.book0 < 0, np.minimum(reach, there), reach)
    part = reach / np.maximum(size, 1e-12)
    margin = margin_of_shares(state, model)
    relief = np.where(trading, margin * part, 0)
    cost = model.name.elasticity * state.price * state.book**2
    score = margin * state.elastic / np.maximum(cost, 1e-30)
    before = np.zeros_like(relief)
    for j in range(model.names):
        first = score[j] > score
        first[j + 1 :] |= score[j] == score[j + 1 :]
        before += np.where(first, relief[j], 0)
    return before


def order(
    state: State,
    model: Model,
    book: Book,
    before: Array,
    volume: Array,
    cancelled: npt.NDArray[np.bool_],
    recalled: Array,
) -> Order:
    """What the book wants; shorts are bought back, longs sold.

    What a trade cancellation undoes was the reason for what the book must do.
    """
    p, run = model.name, model.packed.run
    policy, size = Policy(int(run["policy"])), np.abs(state.book)
    wanted = np.zeros_like(size)
    if Policy.STOP_LOSS in policy:
        up, down = state.log_price >= run["stop_up"], state.log_price <= run["stop_down"]
        state.stopped = np.where(np.where(p.book0 < 0, up, down), 1.0, state.stopped)
        wanted = state.stopped * size
    if Policy.DELEVERAGE in policy:
        wanted = np.maximum(wanted, np.where(cancelled, 0, book.cut) * size)
    if Policy.MARGIN in policy:
        relief = np.where(cancelled, 0, book.relief)
        margin = margin_of_shares(state, model)
        shed = np.minimum(np.maximum(relief - before, 0), margin)
        wanted = np.maximum(wanted, size * shed / np.maximum(margin, 1e-12))
    traded = np.minimum(wanted, room(state, model, volume))
    traded = np.maximum(traded, np.minimum(recalled, size))
    short = p.book_inverse < 0
    return Order(np.where(short, traded, 0), np.where(short | (p.book_inverse == 0), 0, traded))


def pay(state: State, model: Model, bought: Array, price: Array, seen: Array) -> None:
    """Money spent at a price, and slippage against the price that was seen."""
    value = model.name.book_value * bought
    state.spent = state.spent + value * price
    state.slippage = state.slippage + value * (price - seen)

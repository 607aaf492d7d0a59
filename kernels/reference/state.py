"""The state of a chunk of paths: what a trace keeps of every name, and little more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import borrow
from .parameters import Array, Model


@dataclass
class State:
    """Fields of shape (names, paths), named as the TRACE records of kernels/layout.py."""

    log_price: Array  # x
    anchor: Array  # w
    transient: Array  # J
    elastic: Array  # E
    crowd_shares: Array  # R
    hedge: Array  # H
    cohort: Array  # S_c
    new_shorts: Array  # S_n
    attention: Array  # A
    removed: Array  # Rm
    calls: Array  # n
    call_log_strike: Array  # l
    implied_vol: Array  # v
    realised_vol: Array  # rv
    fee: Array
    utilisation: Array  # u
    fee_paid: Array  # phi
    log_price_max: Array  # x_max
    log_price_slow: Array  # x_slow
    new_short_entry: Array  # x_n
    restriction_clock: Array  # k
    restricted: Array
    floor: Array
    fails: Array
    fill_price: Array
    volume: Array  # q
    borrow_paid: Array
    # not traced
    price: Array  # e^x
    log_price_close: Array  # x of the last close


def start(model: Model, clock: Array) -> State:
    """docs/model.md, section 5. `clock` is -ln u of domain 2, shape (names, paths)."""
    p = model.name

    def full(column: Array | float) -> Array:
        return np.array(np.broadcast_to(column, clock.shape), float)

    zero = 0.0
    lendable = borrow.lendable(p.elastic0, p)
    borrowed = borrow.borrowed(p.cohort0, zero, p.hedge0, p)
    utilisation = borrow.utilisation(lendable, borrowed)
    return State(
        log_price=full(zero),
        anchor=full(zero),
        transient=full(zero),
        elastic=full(p.elastic0),
        crowd_shares=full(zero),
        hedge=full(p.hedge0),
        cohort=full(p.cohort0),
        new_shorts=full(zero),
        attention=full(p.attention0),
        removed=full(zero),
        calls=full(zero),
        call_log_strike=full(zero),
        implied_vol=full(p.vol0),
        realised_vol=full(p.sigma * np.sqrt(252.0)),
        fee=full(borrow.fee(utilisation, p)),
        utilisation=full(utilisation),
        fee_paid=full(zero),
        log_price_max=full(zero),
        log_price_slow=full(zero),
        new_short_entry=full(zero),
        restriction_clock=clock,
        restricted=full(zero),
        floor=full(zero),
        fails=full(zero),
        fill_price=full(1.0),
        volume=full(zero),
        borrow_paid=full(zero),
        price=full(1.0),
        log_price_close=full(zero),
    )

"""The state of a chunk of paths: what a trace keeps of every name, and little more."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ..records import MAX_FUNDS
from .parameters import Array, Model

FUNDS = tuple(f"fund_{k}" for k in range(1, MAX_FUNDS + 1))


@dataclass
class State:
    """Fields of shape (names, paths), named as the TRACE records of kernels/records.py."""

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
    fee: Array  # on new loans
    utilisation: Array  # u
    fee_paid: Array  # phi
    log_price_max: Array  # x_max
    log_price_slow: Array  # x_slow
    new_short_entry: Array  # x_n
    restriction_clock: Array  # k
    restricted: Array  # by the clock or the broker
    floor: Array
    fails: Array
    fill_price: Array
    volume: Array  # q
    borrow_paid: Array
    locked: Array  # L
    levered: Array  # Y
    programme: Array  # X
    leader: Array  # K
    issued: Array
    fund_1: Array  # F_1
    fund_2: Array
    fund_3: Array
    fund_4: Array
    monthly_calls: Array  # n_m
    monthly_call_log_strike: Array  # l_m
    fee_existing: Array  # on existing loans
    drawdown_max: Array  # down
    waiting: Array
    unsettled: Array  # U
    book: Array  # b, signed
    spent: Array  # by the book's trades, net
    slippage: Array
    margin: Array  # requirement
    derivative_pnl: Array
    # not traced
    price: Array  # e^x
    log_price_close: Array  # x of the last close
    reference: Array  # x_ref
    rest: Array  # > 0 paused, -1 reopening, 0 trading
    stopped: Array  # 1 once the book's position is stopped out
    marks: Array  # of the book's open options and futures
    settled: Array  # cash of those that have expired
    derivative_margin: Array

    @property
    def paused(self) -> Array:
        return (self.rest > 0).astype(float)


def start(model: Model, clock: Array) -> State:
    """docs/model.md, section 5. `clock` is -ln u of domain 2, shape (names, paths).

    Utilisation and fees follow from the holdings (loop.py).
    """
    p = model.name
    begins = {
        "anchor": p.anchor0,
        "elastic": p.elastic0,
        "crowd_shares": p.crowd0,
        "hedge": p.hedge0,
        "cohort": p.cohort0,
        "new_shorts": p.new_shorts0,
        "attention": p.attention0,
        "removed": p.removed0,
        "calls": p.calls0,
        "call_log_strike": p.call_log_strike0,
        "implied_vol": p.vol0,
        "realised_vol": p.sigma * np.sqrt(252.0),
        "restriction_clock": clock,
        "locked": p.locked,
        "levered": p.levered0,
        "leader": p.leader0,
        "book": p.book0,
        "fill_price": 1.0,
        "price": 1.0,
    }
    for k, fund in enumerate(FUNDS[: model.funds]):
        begins[fund] = model.holdings[k]
    arrays = {}
    for field in fields(State):
        arrays[field.name] = np.empty(clock.shape)
        arrays[field.name][:] = begins.get(field.name, 0.0)
    return State(**arrays)

"""The loop: overnight, then step by step orders, dealers, clearing, book-keeping.

Reads as docs/model.md does, sections 5 to 11 from top to bottom.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..layout import TRACE, Channel, Packed, Simulated, StepKind
from . import (
    anchor,
    borrow,
    clearing,
    crowd,
    dealers,
    histograms,
    philox,
    restriction,
    shorts,
    volatility,
)
from . import state as states
from .book import Book
from .parameters import ZERO, Array, Model
from .state import State

ELEMENTS = 1 << 14  # names x paths of a chunk: arrays of 128 KiB stay in the cache of one core


def simulate(packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False) -> Simulated:
    """Simulates the given paths of one scenario in float64.

    Shape: path_ids (paths,), each below 2^56. Any path comes out the same in any batch. Memory is
    bounded by chunks of paths, except for the trace: (paths, steps + 1, names) records.
    """
    model, paths = Model(packed), len(path_ids)
    out = Simulated.blank(packed, paths, trace=trace)
    chunk = max(1, ELEMENTS // model.names)
    for first in range(0, paths, chunk):
        simulate_chunk(model, path_ids, slice(first, min(first + chunk, paths)), out)
    return out


def simulate_chunk(
    model: Model, path_ids: npt.NDArray[np.uint64], chunk: slice, out: Simulated
) -> None:
    """Adds the paths of one chunk to `out`."""
    run, packed = model.packed.run, model.packed
    seed, ids, normals_per_step = int(run["seed"]), path_ids[chunk], int(run["normals_per_step"])
    streams = packed.names["stream"][: model.names].astype(np.uint64)
    every_stream = np.concatenate([streams, packed.factor_streams.astype(np.uint64)])
    intraday = philox.Normals(seed, every_stream, ids, philox.INTRADAY)
    overnight = philox.Normals(seed, every_stream, ids, philox.OVERNIGHT)
    clock = -np.log(philox.uniform(philox.words(seed, streams, ids, philox.RESTRICTION, 0)[0]))

    state, book = states.start(model, clock), Book(len(ids))
    keep(out, chunk, 0, state)
    for number, step in enumerate(packed.schedule):
        kind, draw = StepKind(int(step["kind"])), int(step["draw"])
        if StepKind.OVERNIGHT in kind:
            gap(state, model, overnight.draw(draw))
        else:
            trade(state, model, number, intraday.mean_draw(draw, normals_per_step), out.trace)
            book_keeping(state, model)
            book.pay_fees(state, model)
        if StepKind.CLOSE in kind:
            volatility.close(state, model.name)
            if StepKind.EXPIRY in kind and Channel.CROWD | Channel.CROWD_CALLS in model.on:
                crowd.expire(state, model, float(step["sqrt_tau_roll"]))
            histograms.add_close(out.closes[step["day"]], state, model)
        book.check(state, model, float(step["time"]), StepKind.CLOSE in kind)
        if step["horizon"] >= 0:
            out.pnl[step["horizon"], chunk] = book.pnl
        keep(out, chunk, number + 1, state)
    out.paths[chunk] = book.records(state, model)
    histograms.add_peaks(out.peaks, state)


def gap(state: State, model: Model, draws: Array) -> None:
    """Overnight the anchor moves and nobody trades (section 6)."""
    state.anchor += anchor.move(model, state.attention, model.overnight_share, draws)
    reprice(state, model)
    state.volume = np.zeros_like(state.price)
    state.fill_price = state.price


def trade(
    state: State,
    model: Model,
    number: int,
    draws: Array,
    trace: npt.NDArray[np.void] | None,
) -> None:
    """Orders, the anchor's move, the dealers' answer and the fills (sections 7 and 8)."""
    p, dt, on, step = model.name, model.dt, model.on, model.packed.schedule[number]

    # Orders from the price everybody sees.
    crowd_buys = crowd_sells = ZERO
    cohort_buys = cohort_recall = new_buys = new_recall = new_sells = ZERO
    if Channel.CROWD in on:
        crowd_buys, crowd_sells = crowd.orders(state, model, float(step["sqrt_tau_buy"]))
    daily_volume = p.adv * (1 + p.attention_volume * state.attention)
    if Channel.SHORTS in on:
        cohort_buys = shorts.cover(state, daily_volume, p)
    if Channel.RECALL in on or Channel.NEW_SHORTS in on:
        lendable = borrow.lendable(state.elastic, p)
        borrowed = borrow.borrowed(state.cohort, state.new_shorts, state.hedge, p)
        if Channel.RECALL in on:
            cohort_recall, new_recall = borrow.recall(
                lendable, borrowed, state.cohort, state.new_shorts, p
            )
        if Channel.NEW_SHORTS in on:
            new_sells = shorts.enter(state, np.maximum(lendable - borrowed, 0), p)
            new_buys = shorts.leave(state, p)
    cohort_buys = np.minimum(cohort_buys + cohort_recall, state.cohort)
    new_buys = np.minimum(new_buys + new_recall, state.new_shorts)

    # The anchor moves, dealers answer.
    share = (1 - model.overnight_share) * dt
    state.anchor += anchor.move(model, state.attention, share, draws)
    transient = state.transient
    if Channel.TRANSIENT_IMPACT in on:
        transient = transient * (1 - p.transient_decay_c)
    buys, sells = crowd_buys + cohort_buys + new_buys, crowd_sells + new_sells
    hedge_buys: Array = ZERO
    if Channel.DEALERS in on:
        elastic = np.maximum(state.elastic - buys + sells, p.elastic_min)
        expected = clearing.log_price(state.anchor, elastic, transient, p.elasticity, p.elastic0)
        has_calls = Channel.CROWD_CALLS in on and Channel.CROWD in on
        law = dealers.target(state, model, number, float(step["sqrt_tau"]), has_calls)
        hedge_buys = dealers.order(law, state, model, expected, elastic, number)
        buys = buys + np.maximum(hedge_buys, 0)
        sells = sells + np.maximum(-hedge_buys, 0)

    # Fills, in whole lots; every trade is with the elastic holders.
    filled = clearing.filled_share(buys, sells, state.elastic, p.elastic_min)
    unfilled = (crowd_buys + np.maximum(hedge_buys, 0)) * (1 - filled)
    state.fails += unfilled
    np.maximum(state.floor, filled < 1, out=state.floor)
    lots = clearing.lots
    crowd_net = lots(crowd_buys * filled) - lots(crowd_sells)
    hedge_net = lots(np.where(hedge_buys > 0, hedge_buys * filled, hedge_buys))
    cohort_buys, new_buys, new_sells = (
        lots(cohort_buys * filled),
        lots(new_buys * filled),
        lots(new_sells),
    )
    quantity = crowd_net + hedge_net + cohort_buys + new_buys - new_sells
    before = state.elastic
    state.elastic = before - quantity
    state.crowd_shares += crowd_net
    state.hedge += hedge_net
    state.cohort -= cohort_buys
    state.new_shorts += new_sells - new_buys
    if Channel.NEW_SHORTS in on:
        entered = new_sells / (state.new_shorts + 1e-12)
        state.new_short_entry += entered * (state.log_price - state.new_short_entry)

    # The price that clears.
    if Channel.TRANSIENT_IMPACT in on:
        jump = clearing.impact(quantity, daily_volume, p.transient_impact, dt)
        state.transient = transient + jump
    reprice(state, model)
    state.volume = quantity
    if trace is not None:
        mean_transient = (transient + state.transient) / 2
        state.fill_price = clearing.fill_price(
            state.anchor, mean_transient, before, state.elastic, p.elasticity, p.elastic0
        )


def reprice(state: State, model: Model) -> None:
    p = model.name
    state.log_price = clearing.log_price(
        state.anchor, state.elastic, state.transient, p.elasticity, p.elastic0
    )
    np.maximum(state.log_price_max, state.log_price, out=state.log_price_max)
    state.price = np.exp(state.log_price)


def book_keeping(state: State, model: Model) -> None:
    """What follows the price (section 9)."""
    p = model.name
    state.fee_paid += state.fee * (model.dt / 252)
    lendable = borrow.lendable(state.elastic, p)
    borrowed = borrow.borrowed(state.cohort, state.new_shorts, state.hedge, p)
    state.utilisation = borrow.utilisation(lendable, borrowed)
    state.fee = borrow.fee(state.utilisation, p)
    volatility.update(state, p)
    if Channel.RESTRICTION in model.on:
        restriction.update(state, model)


def keep(out: Simulated, chunk: slice, row: int, state: State) -> None:
    """Writes one row of the trace, when there is one."""
    if out.trace is not None:
        for field in TRACE.names or ():
            out.trace[field][chunk, row] = getattr(state, field).T

"""The loop: overnight, then step by step orders, dealers, clearing, book-keeping.

Reads as docs/model.md does, sections 5 to 11 from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

import numpy as np
import numpy.typing as npt

from ..draws import philox
from ..draws.jumps import Jumps
from ..draws.tails import Tails
from ..draws.timeline import Now, Timeline
from ..packed import Packed, Simulated
from ..records import HIGHEST_X, HOLDINGS, LOWEST_X, TRACE, Channel, EventType, Feature, StepKind
from . import (
    anchor,
    borrow,
    calls,
    cancellation,
    clearing,
    close_out,
    crowd,
    dealers,
    delivery,
    histograms,
    issuer,
    new_shorts,
    pauses,
    policy,
    programmes,
    restriction,
    shorts,
    volatility,
)
from . import orders as order_book
from . import state as states
from .anchor import News
from .book import Book
from .clearing_rule import Broker
from .funds import Funds
from .orders import Order, Orders
from .parameters import ZERO, Array, Columns, Model
from .state import State
from .tilt import Tilt

ELEMENTS = 1 << 14  # names x paths of a chunk: arrays of 128 KiB stay in the cache of one core
Mask = npt.NDArray[np.bool_]
Law = Callable[[State, Array, Columns], Order]


def _alone() -> Iterator[tuple[str, Channel, Law]]:
    """Holders whose order needs no more than state, volume and parameters."""
    for holding in HOLDINGS:
        if holding.alone:
            law: Law = import_module(f".{holding.law}", __package__).order
            (switch,) = holding.switches
            yield holding.quantity, Channel[switch], law


ALONE = tuple(_alone())


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
    run, packed, ids = model.packed.run, model.packed, path_ids[chunk]
    seed, normals_per_step = int(run["seed"]), int(run["normals_per_step"])
    every_stream = np.concatenate([model.streams, packed.factor_streams.astype(np.uint64)])
    intraday = philox.Normals(seed, every_stream, ids, philox.INTRADAY)
    overnight = philox.Normals(seed, every_stream, ids, philox.OVERNIGHT)
    timeline = Timeline(packed, ids)
    tails, jumps = Tails(packed, ids), Jumps(packed, ids)
    tilt, night = Tilt(model, ids), model.overnight_share
    words = philox.words(seed, model.streams, ids, philox.RESTRICTION, 0)
    state = states.start(model, tilt.clock(-np.log(philox.uniform(words[0]))))
    borrow.open_loans(state, model)
    funds, broker, book = Funds(model, len(ids)), Broker(np.zeros(len(ids))), Book(model, state)
    undoing = Feature.CANCELLATION in model.features
    last_close = cancellation.Close(state) if undoing else None
    out.excess[0, chunk] = book.excess
    keep(out, chunk, 0, state)
    for number, step in enumerate(packed.schedule):
        kind, day, draw = StepKind(int(step["kind"])), int(step["day"]), int(step["draw"])
        now = timeline.at(number)
        duty = book_duty(state, model, now, kind, book)
        if last_close is not None:
            last_close.restore(state, now)
        price_before, held_before = state.price, funds.holdings(state)
        if StepKind.OVERNIGHT in kind:
            variance = tails.draw(day)
            jumps.draw(day)
            jump = jumps.move(0) + now.added(EventType.ANCHOR)
            gap(
                state,
                model,
                now,
                News(tilt.normals(overnight.draw(draw), day, night), jump, *variance),
            )
        else:
            crowd_before, book_before = state.crowd_shares, state.book
            jump = jumps.move(int(step["step_of_day"])) + now.added(EventType.ANCHOR)
            draws = intraday.mean_draw(draw, normals_per_step)
            draws = tilt.normals(draws, day, (1 - night) * model.dt)
            news = News(draws, jump, *variance)
            wanted = orders(state, model, now, step, funds, book, duty)
            trade(state, model, now, number, wanted, news, out.trace is not None)
            book_keeping(state, model, now, broker, crowd_before)
            book.traded(state.book - book_before, float(step["time"]))
            book.pay_fees(state, model)
        if Channel.FUNDS in model.on:
            funds.mark(state, held_before, price_before)
        book.check(state, model, now, number)
        if StepKind.CLOSE in kind:
            out.pnl[day, chunk], out.excess[day + 1, chunk] = book.pnl, book.excess
            close(state, model, now, number)
            histograms.add_close(out.closes[day], state, model)
            last_close = cancellation.Close(state) if undoing else None
        keep(out, chunk, number + 1, state)
    out.paths[chunk] = book.records(state, model)
    out.paths["weight"][chunk] = tilt.weight()
    histograms.add_peaks(out.peaks, state)


def gap(state: State, model: Model, now: Now, news: News) -> None:
    """Overnight the anchor moves and nobody trades (section 6)."""
    if Channel.CROWD in model.on:
        crowd.seed(state, now)
    volatility.strike(state, model.name, now)
    state.anchor = state.anchor + anchor.move(model, state, model.overnight_share, news)
    reprice(state, model, now, ~now.any(EventType.HALT))
    pauses.open_auction(state)
    state.volume = np.zeros_like(state.price)
    state.fill_price = state.price


def orders(
    state: State,
    model: Model,
    now: Now,
    step: npt.NDArray[np.void],
    funds: Funds,
    book: Book,
    duty: Array,
) -> Orders:
    """What everybody but the dealers wants at the price that everybody sees (section 7)."""
    p, dt, on = model.name, model.dt, model.on
    trading = names_that_trade(state, now)
    volatility.strike(state, p, now)
    wanted: Orders = {}

    new = gone = ZERO
    if Channel.CROWD in on:
        new, gone = crowd.spread(state, model, now, restriction.in_force(state, now))
    if Channel.CROWD_SHARES in on and Channel.CROWD in on:
        steps_left = model.steps_per_day - int(step["step_of_day"]) + 1
        wanted["crowd_shares"] = crowd.order(state, p, new, gone, trading, steps_left)
    if Channel.CROWD_CALLS in on:
        calls.trade(state, model, now, step, new, gone, trading)

    daily_volume = volume_of_a_day(state, p)
    covered = recalled = left = left_recalled = entered = of_book = ZERO
    if Channel.SHORTS in on:
        covered = shorts.cover(state, daily_volume, p)
    if Channel.RECALL in on or Channel.NEW_SHORTS in on:
        lendable, borrowed = borrow.lendable(state, p, now), borrow.borrowed(state, model)
        if Channel.RECALL in on:
            recalled, left_recalled, of_book = borrow.recall(state, lendable, borrowed, model)
        if Channel.NEW_SHORTS in on:
            entered = new_shorts.enter(state, np.maximum(lendable - borrowed, 0), p)
            left = new_shorts.leave(state, p)
        bought = np.minimum(left + left_recalled, state.new_shorts)
        wanted["new_shorts"] = Order(bought, entered)
    wanted["cohort"] = Order(np.minimum(covered + recalled, state.cohort))

    for holding, switch, law in ALONE:
        if switch in on:
            wanted[holding] = law(state, daily_volume, p)
    if Channel.BOOK in on:
        cancelled = now.any(EventType.CANCELLATION)
        wanted["book"] = policy.order(state, model, book, duty, daily_volume, cancelled, of_book)
    if Channel.FUNDS in on:
        wanted.update(funds.orders(state))
    issued = ZERO
    if Channel.ISSUER in on:
        issued = issuer.sells(state, daily_volume, p)
    if Channel.PROGRAMMES in on:
        wanted["programme"] = programmes.order(state, now, dt)
        issued = issued + programmes.issuance(now, dt)
    wanted["issued"] = Order(sells=issued)
    return order_book.only(wanted, trading)


def trade(
    state: State,
    model: Model,
    now: Now,
    number: int,
    wanted: Orders,
    news: News,
    traced: bool,
) -> None:
    """The anchor moves, dealers answer, the market clears (section 8)."""
    p, dt, on, x = model.name, model.dt, model.on, state.log_price
    kind = StepKind(int(model.packed.schedule["kind"][number]))
    m, trading = elasticity(model, now), names_that_trade(state, now)
    share = (1 - model.overnight_share) * dt
    state.anchor = state.anchor + anchor.move(model, state, share, news)
    decayed = state.transient
    if Channel.TRANSIENT_IMPACT in on:
        decayed = decayed * (1 - p.transient_decay_c)
    if Channel.DEALERS in on:
        others = order_book.totals(wanted)
        hedge = dealers.order(state, model, number, m, decayed, others)
        hedge = dealers.within_volume(hedge, p, volume_of_a_day(state, p))
        wanted |= order_book.only({"hedge": hedge}, trading)

    # Fills, in whole lots; every trade is with the elastic holders.
    before, held, seen = state.elastic, state.book, state.price
    crowd_before = state.crowd_shares
    quantity = order_book.fill(state, wanted, p.elastic_min)
    if "new_shorts" in wanted:
        new_shorts.remember(state, clearing.lots(wanted["new_shorts"].sells), x)
    if "crowd_shares" in wanted:
        left = clearing.lots(wanted["crowd_shares"].sells)
        crowd.remember(state, p, state.crowd_shares - crowd_before + left, x)

    # The price that clears.
    state.transient = decayed
    if Channel.TRANSIENT_IMPACT in on:
        scale = p.transient_impact * clearing.thinness(
            state.implied_vol, p, now.factor(EventType.DEPTH)
        )
        state.transient = decayed + clearing.impact(quantity, volume_of_a_day(state, p), scale, dt)
    reprice(state, model, now, trading)
    state.volume = quantity
    if traced or Channel.BOOK in on:
        mean = (decayed + state.transient) / 2
        fill = clearing.fill_price(state.anchor, mean, before, state.elastic, m, p.elastic_normal)
        state.fill_price = np.where(trading, fill, state.price)
    if Channel.BOOK in on:
        policy.pay(state, model, state.book - held, state.fill_price, seen)
    close_out.settle(state, model, trading)
    if Channel.PAUSES in on:
        pauses.update(state, p, kind, now.any(EventType.HALT))


def book_duty(state: State, model: Model, now: Now, kind: StepKind, book: Book) -> Array:
    """What the names that come first can shed, where the book is forced to (section 11)."""
    forced = book.relief > 0
    if Channel.BOOK not in model.on or StepKind.OVERNIGHT in kind or not forced.any():
        return ZERO
    volume = volume_of_a_day(state, model.name)
    return policy.relief_before(state, model, volume, names_that_trade(state, now))


def names_that_trade(state: State, now: Now) -> Mask:
    return ~(now.any(EventType.HALT) | (state.rest > 0))


def volume_of_a_day(state: State, p: Columns) -> Array:
    """Floats a day; attention brings volume."""
    return p.adv * (1 + p.attention_volume * state.attention)


def elasticity(model: Model, now: Now) -> Array:
    """M, times the factor of the elasticity events that are on."""
    return model.name.elasticity * now.factor(EventType.ELASTICITY)


def reprice(state: State, model: Model, now: Now, trading: Mask) -> None:
    """The price that clears, where a name trades."""
    price = clearing.log_price(
        state.anchor,
        state.elastic,
        state.transient,
        elasticity(model, now),
        model.name.elastic_normal,
    )
    state.log_price = price if trading.all() else np.where(trading, price, state.log_price)
    state.log_price_max = np.maximum(state.log_price_max, state.log_price)
    state.price = np.exp(np.clip(state.log_price, LOWEST_X, HIGHEST_X))


def book_keeping(state: State, model: Model, now: Now, broker: Broker, crowd_before: Array) -> None:
    """What follows the price (section 9)."""
    borrow.update(state, model, now)
    volatility.update(state, model.name)
    if Channel.CLEARING_RULE in model.on:
        broker.update(state, model, crowd_before)
    if Channel.RESTRICTION in model.on or Channel.CLEARING_RULE in model.on:
        restriction.update(state, model, broker)


def close(state: State, model: Model, now: Now, number: int) -> None:
    """After the last step of a day; options may expire (section 9)."""
    step = model.packed.schedule[number]
    kind = StepKind(int(step["kind"]))
    volatility.close(state, model.name)
    delivery.of_chain(state, model, number)
    if Channel.CROWD | Channel.CROWD_CALLS in model.on:
        restricted = restriction.in_force(state, now)
        if StepKind.EXPIRY in kind:
            delivery.of_calls(state, model, calls.WEEKLY)
            calls.expire(state, model, calls.WEEKLY, float(step["sqrt_tau_roll"]), restricted)
            if Feature.CALL_LADDER in model.features:
                calls.move_up(state)
        if StepKind.MONTHLY_EXPIRY in kind and Feature.MONTHLY_CALLS in model.features:
            roll = float(step["sqrt_tau_month_roll"])
            delivery.of_calls(state, model, calls.MONTHLY)
            calls.expire(state, model, calls.MONTHLY, roll, restricted)


def keep(out: Simulated, chunk: slice, row: int, state: State) -> None:
    """Writes one row of the trace, when there is one."""
    if out.trace is not None:
        for field in TRACE.names or ():
            out.trace[field][chunk, row] = getattr(state, field).T

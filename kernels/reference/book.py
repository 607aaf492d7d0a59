"""The book: marked at every step, open included; what it pays, and the margin it needs.

    held   = b / b(0)
    pnl    = sum_i (a_i (held_i P_i - 1) - paid_i - spent_i + derivatives_i) - financing
    margin = sum_i (rate_i |a_i| + events_i) held_i P_i        a margin call is 1 + pnl < margin

docs/model.md, section 11.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..draws.timeline import Now
from ..records import PATH, EventType, Feature, Moment, Policy, StepKind
from . import derivatives
from .parameters import Array, Columns, Model
from .state import FUNDS, State

Mask = npt.NDArray[np.bool_]
PARTS = ("price_pnl", "derivative_pnl", "borrow_cost", "financing_cost", "slippage")


class Book:
    """Path records of a chunk of paths, filled as the paths go.

    `relief` is the requirement that must be shed now, `cut` the part of every position that the
    book gives up by itself, `age` the steps since a margin call that stands, or -1.
    """

    def __init__(self, model: Model, state: State) -> None:
        paths = state.price.shape[1]
        self.pnl: Array = np.zeros(paths)
        self.worst: Array = np.zeros(paths)
        self.worst_close: Array = np.zeros(paths)
        self.worst_step: Array = np.zeros(paths)
        self.call_step: Array = np.full(paths, np.nan)
        self.ruin_step: Array = np.full(paths, np.nan)
        self.call_day: Array = np.full(paths, np.nan)
        self.call_day_close: Array = np.full(paths, np.nan)
        self.forced_day: Array = np.full(paths, np.nan)
        self.largest_call: Array = np.zeros(paths)
        self.financing: Array = np.zeros(paths)
        self.age: Array = np.full(paths, -1.0)
        self.relief: Array = np.zeros(paths)
        self.cut: Array = np.zeros(paths)
        derivatives.mark(state, model, -1, 0.0)
        state.margin = requirement(state, model, Now(), -1, 0.0)
        self.excess: Array = 1 - model.total(state.margin)
        self.parts = {name: np.zeros(paths) for name in PARTS}

    def pay_fees(self, state: State, model: Model) -> None:
        """Borrow fees of the book's shorts over an intraday step, at its new price and fee."""
        p = model.name
        short = np.maximum(-p.book_weight, 0) * part_held(state, p) * (model.dt / 252)
        state.borrow_paid += short * state.price * state.fee_existing

    def traded(self, bought: Array, time: float) -> None:
        """After a step's fills: the first in which a book that is forced to trade does."""
        now = (self.relief > 0) & (np.abs(bought).sum(axis=0) > 0)
        self.forced_day[now & np.isnan(self.forced_day)] = time

    def check(self, state: State, model: Model, now: Now, row: int) -> None:
        """After a step: P&L, requirement, calls, and what they ask for in the next one."""
        p, run, step = model.name, model.packed.run, model.packed.schedule[row]
        time, kind = float(step["time"]), StepKind(int(step["kind"]))
        derivatives.mark(state, model, row, time)
        held = part_held(state, p)
        gain = model.total(
            p.book_weight * (held * state.price - 1)
            - state.borrow_paid
            - state.spent
            + state.derivative_pnl
        )
        value = p.book_weight * held * state.price
        if StepKind.OVERNIGHT not in kind:
            longs = model.total(np.maximum(value, 0) + np.maximum(state.marks, 0))
            debit = np.maximum(longs - (1 + gain - self.financing), 0)
            self.financing = self.financing + float(run["financing_dt"]) * debit
        self.pnl = gain - self.financing
        state.margin = requirement(state, model, now, row, time)
        required = model.total(state.margin)
        short_of = required - (1 + self.pnl)
        called = short_of > 0
        self.excess, step_number = -short_of, row + 1
        self.keep_parts(state, model, self.is_moment(int(run["moment"]), step))
        self.worst_step[self.pnl < self.worst] = step_number
        self.ruin_step[(self.pnl <= -1) & np.isnan(self.ruin_step)] = step_number
        self.call_step[called & np.isnan(self.call_step)] = step_number
        np.minimum(self.worst, self.pnl, out=self.worst)
        np.maximum(self.largest_call, short_of, out=self.largest_call)
        self.call_day[called & np.isnan(self.call_day)] = time
        if StepKind.CLOSE in kind:
            np.minimum(self.worst_close, self.pnl, out=self.worst_close)
            self.call_day_close[called & np.isnan(self.call_day_close)] = time
        policy = Policy(int(run["policy"]))
        if Policy.MARGIN in policy:
            need = np.maximum(short_of + float(run["cushion"]) * required, 0)
            stands = called | ((self.age >= 0) & (need > 0))
            older = self.age + (StepKind.OVERNIGHT not in kind)
            self.age = np.where(stands, np.where(self.age < 0, 0, older), -1)
            due = self.age >= float(run["grace_steps"])
            # what is shed lowers the cushion as well
            self.relief = np.where(due, need / (1 + float(run["cushion"])), 0)
        if Policy.DELEVERAGE in policy:
            most = float(run["leverage"]) * np.maximum(1 + self.pnl, 0)
            gross = np.maximum(model.total(np.abs(value)), 1e-12)
            self.cut = np.maximum(1 - most / gross, 0)

    def is_moment(self, moment: int, step: npt.NDArray[np.void]) -> Mask:
        """Whether a path's loss is taken here, as far as is known yet, (paths,)."""
        close = StepKind.CLOSE in StepKind(int(step["kind"]))
        if moment == Moment.WORST:
            return self.pnl < self.worst
        if moment == Moment.WORST_CLOSE:
            return (self.pnl < self.worst_close) & close
        return np.full(len(self.pnl), close and moment == int(step["day"]) + 1)

    def keep_parts(self, state: State, model: Model, here: Mask) -> None:
        """What P&L is made of, for the paths whose loss is taken `here`."""
        if not here.any():
            return
        p = model.name
        traded = state.spent - state.slippage  # at the prices that trades saw
        moved = p.book_weight * (part_held(state, p) * state.price - 1) - traded
        now = {
            "price_pnl": model.total(moved),
            "derivative_pnl": model.total(state.derivative_pnl),
            "borrow_cost": model.total(state.borrow_paid),
            "financing_cost": self.financing,
            "slippage": model.total(state.slippage),
        }
        for name, part in now.items():
            self.parts[name] = np.where(here, part, self.parts[name])

    def records(self, state: State, model: Model) -> npt.NDArray[np.void]:
        out = np.zeros(len(self.pnl), PATH)
        out["worst_pnl"] = self.worst
        for field in ("worst_step", "call_step", "ruin_step"):
            out[field] = getattr(self, field)
        out["margin_call_day"] = self.call_day
        out["margin_call_day_close"] = self.call_day_close
        out["floor_names"] = model.total(state.floor)
        out["fails"] = model.total(state.fails)
        out["worst_close_pnl"] = self.worst_close
        out["largest_call"] = self.largest_call
        out["forced_day"] = self.forced_day
        for name, part in self.parts.items():
            out[name] = part
        return out


def part_held(state: State, p: Columns) -> Array:
    """Part of the starting position that is left."""
    return np.maximum(1 - (p.book0 - state.book) * p.book_inverse, 0)


def requirement(state: State, model: Model, now: Now, row: int, time: float) -> Array:
    """Of a name with all that the book holds on it, (names, paths)."""
    needed = margin(state, model, now)
    if Feature.DERIVATIVES not in model.features:
        return needed
    if not model.packed.run["netted_margin"]:
        return needed + state.derivative_margin
    p = model.name
    held = part_held(state, p) * state.price
    worst = derivatives.netted(state, model, p.book_weight * held, row, time)
    worst = worst + now.added(EventType.MARGIN) * held
    return np.where(p.derivatives > 0, worst, needed)


def margin_of_shares(state: State, model: Model) -> Array:
    """What buying in the shares can shed of the requirements."""
    if model.packed.run["netted_margin"]:
        return state.margin
    return state.margin - state.derivative_margin


def margin(state: State, model: Model, now: Now) -> Array:
    """Requirement of the shares by name, in units of equity, shape (names, paths).

    House add-ons are linear in what is large or dear to borrow; `margin_five` is FINRA rule
    4210(c): at least 5 a share, below that the whole price or 2.50.
    """
    p = model.name
    size, shorts = np.abs(state.book), np.maximum(-state.book, 0)
    interest = state.cohort + state.new_shorts + shorts + 1e-12
    for fund in FUNDS[: model.funds]:
        interest = interest + np.maximum(-getattr(state, fund), 0)
    addons = (
        p.margin_float * np.maximum(size - p.margin_float_from, 0)
        + p.margin_volume * np.maximum(size / p.adv - p.margin_volume_from, 0)
        + p.margin_interest * np.maximum(shorts / interest - p.margin_interest_from, 0)
        + p.margin_fee * (p.book0 < 0) * np.maximum(state.fee - p.margin_fee_from, 0)
    )
    house = np.minimum(p.book_margin + addons, p.margin_max)
    rate = np.where(p.margin_max > 0, house, p.book_margin) + now.added(EventType.MARGIN)
    whole, five = np.abs(p.book_weight), p.margin_five
    low = np.maximum(rate * state.price, whole * np.maximum(state.price, five / 2))
    high = np.maximum(rate * state.price, whole * five)
    by_share = np.where(state.price < five, low, high)
    needed: Array = part_held(state, p) * np.where(five > 0, by_share, rate * state.price)
    return needed

"""A crowd that takes profit, and that lends (docs/model.md, 7)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.records import Channel
from .. import exact
from ..case import Computed, case
from ..setting import Name, last, setting
from .crowd import crowded

TINY = 1e-7  # impact per float, so that the price is what news make it
UP = {
    "news": (1.2, 0.9, 1.5),
    "gain": (0.5, 0.2, 0.7),
    "rate": (0.8, 0.2, 2.0),
    "days": (4, 3, 6),
    "steps": (13, 4, 26),
}


@case(
    "crowd-profit",
    "crowd_shares",
    "shares that a crowd sells at a profit after news",
    "R = R0 e^(-rate (news - gain) (T - 1))",
    header="crowd.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={"shares": (0.3, 0.1, 0.5), **UP},
)
def crowd_profit(p: Parameters) -> Computed:
    crowd = {
        "initial_shares": p.shares, "infection": 0.0, "exit_rate": 0.0,
        "take_profit_rate": p.rate, "take_profit": p.gain,
    }  # fmt: skip
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.CROWD_SHARES, days=p.days, steps=p.steps,
        clearing={"impact_per_float": TINY}, timeline=(_rise(p),),
    )  # fmt: skip
    value = p.shares * np.exp(-p.rate * (p.news - p.gain) * (p.days - 1))
    return Computed(float(value), lambda run: last(run(packed), "crowd_shares"))


@case(
    "calls-at-a-profit",
    "crowd_calls",
    "calls that a crowd closes at a profit after news",
    "n = n0 e^(-rate (news - (l0 - km) - gain) (T - 1))",
    header="calls.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={"calls": (0.2, 0.05, 0.5), "held": (0.1, -0.1, 0.2), "strike": (0.15, 0.0, 0.3),
            **UP, "days": (3, 2, 4)},
)  # fmt: skip
def calls_at_a_profit(p: Parameters) -> Computed:
    crowd = {
        "initial_calls": p.calls, "initial_call_strike": p.held, "infection": 0.0,
        "exit_rate": 0.0, "call_strike": p.strike, "take_profit_rate": p.rate,
        "take_profit": p.gain,
    }  # fmt: skip
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.CROWD_CALLS, days=p.days, steps=p.steps,
        timeline=(_rise(p),),
    )  # fmt: skip
    gain = p.news - (p.held - p.strike) - p.gain
    early = max(p.strike - p.held - p.gain, 0.0)  # calls in the money from the start
    value = p.calls * np.exp(-p.rate * (gain * (p.days - 1) + early))
    return Computed(float(value), lambda run: last(run(packed), "calls"))


@case(
    "crowd-pays",
    "crowd_shares",
    "mean log price that a crowd has paid, before and after news",
    "x_r = news b/(a + b), a = A(1) - A0, b = (A(T) - A(1)) e^(-news), A logistic",
    header="crowd.h",
    test="laws/test_validate::test_every_case_passes",
    step="390 steps: first order",
    tolerance=1e-2,
    ranges={
        "news": (0.6, 0.3, 1.0),
        "attention": (0.05, 0.02, 0.2),
        "infection": (0.8, 0.4, 1.5),
        "days": (3, 2, 4),
    },
)
def crowd_pays(p: Parameters) -> Computed:
    crowd = {
        "initial_attention": p.attention, "infection": p.infection, "exit_rate": 0.0,
        "momentum": 0.0, "share_budget": 0.1, "take_profit_rate": 1.0, "take_profit": 10.0,
    }  # fmt: skip
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.CROWD_SHARES, days=p.days, steps=390,
        clearing={"impact_per_float": TINY}, timeline=(_rise(p),),
    )  # fmt: skip
    first, whole = (exact.logistic(p.attention, p.infection, t) for t in (1, p.days))
    early, late = first - p.attention, (whole - first) * np.exp(-p.news)
    value = p.news * late / (early + late)
    return Computed(float(value), lambda run: last(run(packed), "crowd_entry"))


@case(
    "crowd-lends",
    "new_shorts",
    "new shorts borrow what a crowd lends",
    "dS_n = (l R - S - S_n) (1 - e^(-rate gap dt)), gap as where others lend, by steps",
    header="borrow.h",
    test="laws/test_validate::test_every_case_passes",
    step="the exact value is of this step",
    tolerance=1e-3,
    ranges={
        "shares": (0.5, 0.3, 0.7),
        "lent": (0.5, 0.3, 1.0),
        "short": (0.05, 0.0, 0.08),
        "rate": (0.5, 0.2, 1.0),
        "days": (3, 1, 5),
    },
)
def crowd_lends(p: Parameters) -> Computed:
    sections = {
        "anchor": {"premium": 0.8},
        "clearing": {"impact_per_float": 0.3},
        "crowd": {"initial_shares": p.shares},
        "borrow": {"lendable_elastic": 0.0, "lendable_locked": 0.0, "lendable_crowd": p.lent,
                   "recall_rate": 0.0},
        "new_shorts": {"entry_rate": p.rate, "entry_threshold": 0.3, "entry_horizon": 0.0,
                       "stop_loss": 10.0, "take_profit": 10.0},
    }  # fmt: skip
    packed = setting(
        Name(short_interest=p.short, sections=sections), seed=p.seed,
        channels=Channel.NEW_SHORTS, days=p.days, steps=8,
    )  # fmt: skip
    elastic, entered = 1 + p.short - p.shares, 0.0
    for _ in range(8 * p.days):
        gap = 0.5 - 0.3 * elastic * np.log1p(entered / elastic)
        room = p.lent * p.shares - p.short - entered
        entered += room * -np.expm1(-p.rate * max(gap, 0.0) / 8)
    return Computed(float(entered), lambda run: last(run(packed), "new_shorts"))


def _rise(p: Parameters) -> dict[str, object]:
    """News before the second day."""
    return {"type": "anchor_news", "day": 2, "size": float(np.expm1(p.news))}

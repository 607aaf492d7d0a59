"""The calls of a crowd: bought, closed, rolled (docs/model.md, 7 and 9)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np
from scipy import integrate

from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from ....scenarios.calendar import MONTH
from .. import exact
from ..case import Computed, case
from ..setting import last
from .crowd import crowded


def call(moneyness: float, vol: float, days: float) -> float:
    """A call struck e^moneyness above the price, as a fraction of the price."""
    return exact.black_scholes(np.exp(moneyness), vol * np.sqrt(days / TRADING_DAYS))


BOUGHT = {
    "budget": (0.02, 0.005, 0.05),
    "strike": (0.15, 0.0, 0.3),
    "vol": (1.2, 0.8, 2.0),
    "attention": (0.05, 0.02, 0.3),
    "infection": (0.8, 0.3, 1.5),
    "days": (3, 2, 4),
}


@case(
    "crowd-calls",
    "crowd_calls",
    "calls that new participants buy with their premium",
    "n = int budget A'(t) / C(tau(t)) dt, A logistic",
    header="calls.h",
    test="kernels/reference/test_calls::test_cheap_calls_are_bought_at_no_less_than_half_a_per_cent",
    step="390 steps: first order, .3 %",
    tolerance=5e-3,
    ranges=BOUGHT,
)
def crowd_calls(p: Parameters) -> Computed:
    return bought(p, "calls", 0.0, 5)


def bought(p: Parameters, field: str, monthly: float, expiry: int) -> Computed:
    """Calls of one maturity that logistic attention buys; `monthly` of the premium goes there."""
    crowd = {
        "initial_attention": p.attention,
        "infection": p.infection,
        "exit_rate": 0.0,
        "call_budget": p.budget,
        "monthly_share": monthly,
        "call_strike": p.strike,
    }

    def rate(t: float) -> float:
        a = exact.logistic(p.attention, p.infection, t)
        price = max(call(p.strike, p.vol, max(expiry - t, 1)), 0.005)
        return float((monthly or 1.0) * p.budget * p.infection * a * (1 - a) / price)

    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.CROWD_CALLS, days=p.days, steps=390,
        implied_vol=p.vol,
    )  # fmt: skip
    value = integrate.quad(rate, 0, p.days, epsrel=1e-9)[0]
    return Computed(value, lambda run: last(run(packed), field))


@case(
    "call-expiry",
    "crowd_calls",
    "calls settled and rolled at an expiry",
    "n' = roll n (P - e^l)+ / (P C(next expiry))",
    header="calls.h",
    test="kernels/reference/test_calls::test_calls_are_settled_and_rolled_at_expiry",
    step="exact at any step",
    tolerance=5e-4,
    ranges={
        "calls": (0.2, 0.05, 0.5),
        "held": (0.1, -0.2, 0.2),
        "news": (0.5, 0.3, 0.8),
        "roll": (0.3, 0.1, 0.5),
        "strike": (0.15, 0.0, 0.3),
        "vol": (1.2, 0.8, 2.0),
    },
)
def call_expiry(p: Parameters) -> Computed:
    crowd = {
        "initial_calls": p.calls,
        "initial_call_strike": p.held,
        "infection": 0.0,
        "exit_rate": 0.0,
        "call_roll": p.roll,
        "call_strike": p.strike,
    }
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.CROWD_CALLS, days=5, steps=8,
        implied_vol=p.vol,
        timeline=({"type": "anchor_news", "day": 2, "size": float(np.expm1(p.news))},),
    )  # fmt: skip
    value = p.roll * p.calls * (1 - np.exp(p.held - p.news)) / call(p.strike, p.vol, 5)
    return Computed(float(value), lambda run: last(run(packed), "calls"))


@case(
    "calls-closed",
    "crowd_calls",
    "leavers close their calls",
    "n = n0 e^(-exit T), weekly and monthly",
    header="calls.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=5e-4,
    ranges={"calls": (0.2, 0.05, 0.5), "exit": (0.2, 0.05, 1.0), "days": (3, 1, 4)},
)
def calls_closed(p: Parameters) -> Computed:
    crowd = {"initial_calls": p.calls, "infection": 0.0, "exit_rate": p.exit}
    packed = crowded(p, crowd, channels=Channel.CROWD | Channel.CROWD_CALLS, days=p.days, steps=8)
    return Computed(
        float(p.calls * np.exp(-p.exit * p.days)), lambda run: last(run(packed), "calls")
    )


@case(
    "call-strike",
    "crowd_calls",
    "mean strike of calls bought before and after news",
    "l = (n_1 km + n_2 (news + km))/(n_1 + n_2), n = spend dt/(P C(tau)) summed over the steps",
    header="calls.h",
    test="kernels/reference/test_calls::test_calls_are_settled_and_rolled_at_expiry",
    step="the exact value is of this step",
    tolerance=2e-3,
    ranges={
        "news": (0.4, -0.3, 0.6),
        "strike": (0.15, 0.0, 0.3),
        "vol": (1.2, 0.8, 2.0),
        "spend": (0.01, 0.003, 0.02),
    },
)
def call_strike(p: Parameters) -> Computed:
    steps, bought, strikes = 8, 0.0, 0.0
    for k in range(4 * steps):
        x = p.news if k > 2 * steps else 0.0  # what strikes in a step is seen in the next
        premium = max(call(p.strike, p.vol, max(5 - (k + 1) / steps, 1)), 0.005)
        more = p.spend / premium / np.exp(x)
        bought, strikes = bought + more, strikes + more * (x + p.strike)
    packed = crowded(
        p, {"call_strike": p.strike}, channels=Channel.PROGRAMMES | Channel.CROWD_CALLS, days=4,
        steps=steps, implied_vol=p.vol,
        timeline=(
            {"type": "call_programme", "day": 1, "size": p.spend},
            {"type": "anchor_news", "day": 3, "at": 0.0, "size": float(np.expm1(p.news))},
        ),
    )  # fmt: skip
    return Computed(strikes / bought, lambda run: last(run(packed), "call_log_strike"))


@case(
    "monthly-calls",
    "crowd_calls",
    "the part of the premium that buys monthly calls",
    "n_m = share int budget A'(t) / C(tau_month(t)) dt, A logistic",
    header="calls.h",
    test="laws/test_validate::test_every_case_passes",
    step="390 steps: first order",
    tolerance=5e-3,
    ranges={
        "share": (0.4, 0.1, 0.9),
        **BOUGHT,
    },
)
def monthly_calls(p: Parameters) -> Computed:
    return bought(p, "monthly_calls", p.share, MONTH)


@case(
    "call-programme",
    "programmes",
    "calls that a programme buys until their sellers withdraw",
    "n += (spend dt / C(tau)) (1 - n/capacity), step by step",
    header="calls.h",
    test="laws/test_validate::test_every_case_passes",
    step="the exact value is of this step",
    tolerance=5e-4,
    ranges={
        "spend": (0.01, 0.003, 0.02),
        "strike": (0.15, 0.0, 0.3),
        "vol": (1.2, 0.8, 2.0),
        "capacity": (1.2, 0.6, 2.0),
        "days": (3, 1, 4),
        "steps": (26, 8, 40),
    },
)
def call_programme(p: Parameters) -> Computed:
    held = 0.0
    for k in range(p.days * p.steps):
        left = max(5 - (k + 1) / p.steps, 1)
        price = max(call(p.strike, p.vol, left), 0.005)
        held += p.spend / p.steps / price * max(1 - held / p.capacity, 0)
    packed = crowded(
        p, {"call_strike": p.strike}, channels=Channel.PROGRAMMES | Channel.CROWD_CALLS,
        days=p.days, steps=p.steps, implied_vol=p.vol,
        timeline=({"type": "call_programme", "day": 1, "size": p.spend},),
        dealers={"call_capacity": p.capacity},
    )  # fmt: skip
    return Computed(held, lambda run: last(run(packed), "calls"))

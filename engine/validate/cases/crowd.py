"""The crowd: an epidemic, what it buys, and its leader (docs/model.md, 7)."""

# long: the cases of a channel in one table

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np
from scipy import integrate, optimize

from ....kernels.packed import Packed
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from ....scenarios.calendar import MONTH
from .. import exact
from ..case import Computed, Run, case
from ..setting import Name, last, setting

EPIDEMIC = (
    "kernels/reference/test_crowd::"
    "test_the_crowd_without_prices_is_the_epidemic_of_kermack_and_mckendrick"
)
SHARED = "kernels/reference/test_crowd::test_attention_is_shared_between_names"
EXACT_STEP = "exact at any step: ln(1 - A - Rm) falls by R0 x who leaves"


def crowded(
    p: Parameters, *crowds: dict[str, Any], channels: Channel = Channel.CROWD, days: int = 120,
    steps: int = 26, timeline: tuple[dict[str, Any], ...] = (), implied_vol: float = 1.0,
    adv: float = 0.05, **sections: Any,
) -> Packed:  # fmt: skip
    """Names with crowds and nothing else that moves; calls are sold without limit."""
    sections = {"dealers": {"call_capacity": None}, **sections}
    names = [
        Name(adv=adv, implied_vol=implied_vol, sections={"crowd": crowd, **sections})
        for crowd in crowds
    ]
    return setting(
        *names, seed=p.seed, channels=channels, days=days, steps=steps, timeline=timeline
    )


def epidemic(p: Parameters) -> dict[str, Any]:
    return {
        "initial_attention": p.attention,
        "infection": p.r0 * p.exit,
        "exit_rate": p.exit,
        "share_budget": 0.0,
    }


EPIDEMIC_RANGES = {
    "r0": (2.0, 1.5, 4.0), "exit": (0.5, 0.4, 1.0), "attention": (0.001, 0.0005, 0.05),
}  # fmt: skip


@case(
    "final-size",
    "crowd",
    "how many ever attend",
    "r = 1 - s0 e^(-R0 r) (Kermack & McKendrick)",
    header="crowd.h",
    test=EPIDEMIC,
    step=EXACT_STEP,
    tolerance=5e-4,
    ranges=EPIDEMIC_RANGES,
)
def final_size(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        out = run(crowded(p, epidemic(p)))
        return last(out, "removed") + last(out, "attention")

    return Computed(exact.final_size(p.r0, 1 - p.attention), measure)


@case(
    "peak-attention",
    "crowd",
    "attention at its peak",
    "A = 1 - (1 + ln(R0 s0))/R0",
    header="crowd.h",
    test=EPIDEMIC,
    step="104 steps: first order, .2 %",
    tolerance=5e-3,
    ranges=EPIDEMIC_RANGES,
)
def peak_attention(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        trace = run(crowded(p, epidemic(p), days=40, steps=104)).trace
        assert trace is not None
        return float(trace["attention"].max())

    return Computed(exact.peak_attention(p.r0, p.attention), measure)


@case(
    "shared-alike",
    "crowd",
    "two names alike that share attention are one epidemic",
    "r = 1 - s0 e^(-R0 r) whatever is shared",
    header="crowd.h",
    test=SHARED,
    step=EXACT_STEP,
    tolerance=5e-4,
    ranges={**EPIDEMIC_RANGES, "shared": (0.4, 0.1, 1.0)},
)
def shared_alike(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        crowd = {**epidemic(p), "shared": p.shared}
        out = run(crowded(p, crowd, crowd))
        return last(out, "removed", 1) + last(out, "attention", 1)

    return Computed(exact.final_size(p.r0, 1 - p.attention), measure)


@case(
    "shared-unlike",
    "crowd",
    "two names that infect each other: the one that started without",
    "r_i = 1 - s_i exp(-R0_i ((1 - shared) r_i + shared sum_j W_j r_j))",
    header="crowd.h",
    test=SHARED,
    step=EXACT_STEP,
    tolerance=1e-3,
    ranges={
        **EPIDEMIC_RANGES,
        "shared": (0.3, 0.1, 0.6),
        "other": (1.2, 0.5, 1.8),
        "weight": (2.0, 0.5, 4.0),
    },
)
def shared_unlike(p: Parameters) -> Computed:
    one = {**epidemic(p), "shared": p.shared, "attention_weight": p.weight}
    two = {
        **one,
        "initial_attention": 0.0,
        "infection": p.other * p.exit,
        "attention_weight": 1.0,
    }
    weights = np.array([p.weight, 1.0]) / (p.weight + 1)
    sizes = exact.final_sizes(
        np.array([p.r0, p.other]), np.array([1 - p.attention, 1.0]), p.shared, weights
    )

    def measure(run: Run) -> float:
        out = run(crowded(p, one, two))
        return last(out, "removed", 1) + last(out, "attention", 1)

    return Computed(float(sizes[1]), measure)


@case(
    "crowd-price",
    "crowd_shares",
    "what an epidemic of buyers does to the price",
    "x = M ln(E0/(E0 - R)), int_0^R P dr = budget (r - A0), P = (E0/(E0 - r))^M",
    header="crowd.h",
    test="laws/test_validate::test_every_case_passes",
    step="104 steps: orders at the price before, first order",
    tolerance=0.01,
    ranges={**EPIDEMIC_RANGES, "budget": (0.4, 0.1, 0.6), "m": (1.3, 0.3, 2.0)},
)
def crowd_price(p: Parameters) -> Computed:
    crowd = {**epidemic(p), "share_budget": p.budget, "never_sell": 1.0}
    spent = p.budget * (exact.final_size(p.r0, 1 - p.attention) - p.attention)
    bought = optimize.brentq(
        lambda q: exact.cost_of_buying(q, 1.0, p.m) - spent, 0, 1 - 1e-9, xtol=1e-14
    )
    channels = Channel.CROWD | Channel.CROWD_SHARES

    def measure(run: Run) -> float:
        packed = crowded(p, crowd, channels=channels, steps=104, clearing={"impact_per_float": p.m})
        return last(run(packed), "log_price")

    return Computed(float(-p.m * np.log(1 - bought)), measure)


@case(
    "crowd-leaves",
    "crowd_shares",
    "what a crowd that leaves sells",
    "x = -M ln(1 + R0 (1 - (1 - (1 - e^(-g dt))(1 - never))^(T/dt))/E0)",
    header="crowd.h",
    test="laws/test_validate::test_every_case_passes",
    step="the exact value is of this step",
    tolerance=1e-3,
    ranges={
        "shares": (0.3, 0.1, 0.5),
        "exit": (0.2, 0.05, 1.0),
        "never": (0.3, 0.0, 0.9),
        "m": (1.3, 0.3, 2.0),
        "days": (5, 2, 10),
        "steps": (26, 8, 52),
    },
)
def crowd_leaves(p: Parameters) -> Computed:
    crowd = {
        "initial_attention": 0.1,
        "infection": 0.0,
        "exit_rate": p.exit,
        "initial_shares": p.shares,
        "never_sell": p.never,
    }
    elastic = 1 - p.shares
    stays = (1 + np.expm1(-p.exit / p.steps) * (1 - p.never)) ** (p.days * p.steps)
    value = -p.m * np.log1p(p.shares * (1 - stays) / elastic)
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.CROWD_SHARES, days=p.days, steps=p.steps,
        clearing={"impact_per_float": p.m / elastic},
    )  # fmt: skip
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


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


@case(
    "bass",
    "leader",
    "a crowd that follows a leader",
    "A = (1 - e^(-(p+q)t))/(1 + q/p e^(-(p+q)t)), p = following K (Bass)",
    header="crowd.h",
    test="laws/test_validate::test_every_case_passes",
    step="390 steps: first order, .1 %",
    tolerance=3e-3,
    ranges={
        "following": (0.5, 0.2, 2.0),
        "block": (0.2, 0.1, 0.5),
        "infection": (0.6, 0.2, 1.0),
        "days": (6, 2, 10),
    },
)
def bass(p: Parameters) -> Computed:
    crowd = {"following": p.following, "infection": p.infection, "exit_rate": 0.0}
    packed = crowded(
        p, crowd, channels=Channel.CROWD | Channel.LEADER, days=p.days, steps=390,
        leader={"initial": p.block, "sell_above": 10.0},
    )  # fmt: skip
    value = exact.bass(p.following * p.block, p.infection, p.days)
    return Computed(value, lambda run: last(run(packed), "attention"))


@case(
    "leader-builds",
    "leader",
    "the price after a leader has built its block",
    "x = M ln(E0/(E0 - block))",
    header="leader.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=5e-5,
    absolute=True,
    ranges={"block": (0.2, 0.05, 0.4), "rate": (0.15, 0.1, 0.3), "m": (1.2, 0.3, 2.0)},
)
def leader_builds(p: Parameters) -> Computed:
    leader = {"block": p.block, "build_rate": p.rate, "sell_above": 10.0}
    packed = crowded(
        p, {}, channels=Channel.LEADER, days=5, leader=leader,
        clearing={"impact_per_float": p.m},
    )  # fmt: skip
    return Computed(float(-p.m * np.log(1 - p.block)), lambda run: last(run(packed), "log_price"))


@case(
    "leader-sells",
    "leader",
    "and after it has sold into a rally, at its share of volume",
    "x = w - M ln(1 + part V T/E0)",
    header="leader.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=5e-5,
    absolute=True,
    ranges={
        "block": (0.4, 0.3, 0.5),
        "part": (0.2, 0.05, 0.4),
        "adv": (0.2, 0.1, 0.3),
        "m": (1.2, 0.3, 2.0),
        "news": (0.6, 0.4, 1.0),
        "days": (2, 1, 2),
    },
)
def leader_sells(p: Parameters) -> Computed:
    elastic = 1 - p.block
    sold = p.part * p.adv * p.days
    packed = crowded(
        p, {}, channels=Channel.LEADER, days=p.days, adv=p.adv,
        leader={"initial": p.block, "sell_above": 0.3, "participation": p.part},
        clearing={"impact_per_float": p.m / elastic},
        timeline=({"type": "anchor_news", "day": 1, "size": float(np.expm1(p.news))},),
    )  # fmt: skip
    value = p.news - p.m * np.log1p(sold / elastic)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))

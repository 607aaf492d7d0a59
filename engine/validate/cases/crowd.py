"""The crowd: an epidemic, and the shares it buys (docs/model.md, 7)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np
from scipy import optimize

from ....kernels.packed import Packed
from ....kernels.records import Channel
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

"""Inventory makes the price: impact, cost, floor, transient impact (docs/model.md, 4 and 8)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np

from ....kernels.packed import Packed, Simulated
from ....kernels.records import Channel
from .. import exact
from ..case import Computed, Run, case
from ..setting import Name, adjust, last, setting

PROGRAMMES = "programmes"
TRADE_IS_EXACT = "exact at any step: price is a function of inventory"


def traded(
    p: Parameters, *timeline: dict[str, Any], days: int = 1, steps: int = 26, **sections: Any
) -> Packed:
    """A name without noise whose holdings move by the timeline; E0 is 1 float, so M is impact."""
    clearing = {"impact_per_float": p.m, **sections.pop("clearing", {})}
    name = Name(sections={"clearing": clearing, **sections})
    return setting(
        name, seed=p.seed, channels=Channel.PROGRAMMES, days=days, steps=steps, timeline=timeline
    )


def cash(out: Simulated) -> tuple[float, float]:
    """Money paid for what was bought, and floats bought, both net."""
    assert out.trace is not None
    price, volume = (out.trace[f][0, 1:, 0].astype(float) for f in ("fill_price", "volume"))
    return float(price @ volume), float(volume.sum())


@case(
    "kyle-cost",
    PROGRAMMES,
    "cost of buying q over a day, above the first price",
    "int P dE - q = E0 ((1 - q/E0)^(1-M) - 1)/(M - 1) - q: lambda q^2/2 for small q (Kyle)",
    header="clearing.h",
    test="kernels/reference/test_clearing::test_the_fill_price_is_the_mean_price_over_the_move",
    step=TRADE_IS_EXACT,
    tolerance=1e-3,
    ranges={"m": (0.8, 0.2, 3.0), "q": (0.2, 0.05, 0.5)},
)
def kyle_cost(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        packed = traded(p, {"type": "buying_programme", "day": 1, "size": p.q})
        money, bought = cash(run(packed))
        return money - bought

    return Computed(exact.cost_of_buying(p.q, 1.0, p.m) - p.q, measure)


@case(
    "round-trip",
    PROGRAMMES,
    "cash of one agent's round trip, J off",
    "int P dE around a loop = 0",
    header="clearing.h",
    test="kernels/test_native::test_a_round_trip_of_one_agent_earns_nothing",
    step=TRADE_IS_EXACT,
    tolerance=3e-6,
    absolute=True,
    ranges={"m": (1.6, 0.2, 3.0), "q": (0.3, 0.05, 0.6), "steps": (26, 5, 40)},
)
def round_trip(p: Parameters) -> Computed:
    timeline = [
        {"type": "buying_programme", "day": 1, "size": p.q, "duration": 1.0},
        {"type": "buying_programme", "day": 2, "size": -1.5 * p.q, "duration": 1.0},
    ]  # selling ends when nothing is left
    return Computed(0.0, lambda run: cash(run(traded(p, *timeline, days=2, steps=p.steps)))[0])


@case(
    "lock-up",
    PROGRAMMES,
    "price after a corner took q",
    "x = w + M ln(E0/(E0 - q))",
    header="programmes.h",
    test="laws/test_validate::test_every_case_passes",
    step=TRADE_IS_EXACT,
    tolerance=5e-5,
    absolute=True,
    ranges={
        "m": (1.5, 0.2, 3.0),
        "q": (0.4, 0.05, 0.6),
        "days": (2, 1, 4),
        "news": (0.1, -0.2, 0.2),
    },
)
def lock_up(p: Parameters) -> Computed:
    timeline = [
        {"type": "lock_up", "day": 1, "size": p.q, "duration": float(p.days)},
        {"type": "anchor_news", "day": 1, "size": float(np.expm1(p.news))},
    ]
    value = p.news - p.m * np.log(1 - p.q)
    return Computed(
        float(value), lambda run: last(run(traded(p, *timeline, days=p.days)), "log_price")
    )


@case(
    "issuance",
    PROGRAMMES,
    "price after an issuance of q",
    "x = w - M ln((E0 + q)/E0)",
    header="programmes.h",
    test="laws/test_validate::test_every_case_passes",
    step=TRADE_IS_EXACT,
    tolerance=5e-5,
    absolute=True,
    ranges={"m": (1.5, 0.2, 3.0), "q": (0.4, 0.05, 1.5), "days": (2, 1, 4)},
)
def issuance(p: Parameters) -> Computed:
    event = {"type": "issuance", "day": 1, "size": p.q, "duration": float(p.days)}
    value = -p.m * np.log1p(p.q)
    return Computed(float(value), lambda run: last(run(traded(p, event, days=p.days)), "log_price"))


@case(
    "premium",
    PROGRAMMES,
    "a price above its anchor meets it when E grows to E*",
    "x = -premium after selling q = E0 (e^(premium/M) - 1)",
    header="clearing.h",
    test="laws/test_validate::test_every_case_passes",
    step=TRADE_IS_EXACT,
    tolerance=5e-5,
    absolute=True,
    ranges={"m": (1.5, 0.8, 3.0), "premium": (0.5, 0.1, 0.7)},
)
def premium(p: Parameters) -> Computed:
    event = {"type": "issuance", "day": 1, "size": float(np.expm1(p.premium / p.m))}
    packed = traded(p, event, anchor={"premium": p.premium})
    return Computed(-p.premium, lambda run: last(run(packed), "log_price"))


@case(
    "floor",
    PROGRAMMES,
    "the price at which elastic holders run out",
    "x = ln max_multiple",
    header="clearing.h",
    test="kernels/reference/test_loop::test_the_whole_model_keeps_its_ledger_and_reaches_the_floor",
    step=TRADE_IS_EXACT,
    tolerance=5e-5,
    absolute=True,
    ranges={"m": (1.0, 0.5, 2.0), "multiple": (5.0, 2.0, 10.0)},
)
def floor(p: Parameters) -> Computed:
    event = {"type": "lock_up", "day": 1, "size": 1.0, "duration": 1.0}
    packed = traded(p, event, clearing={"max_multiple": p.multiple})
    return Computed(float(np.log(p.multiple)), lambda run: last(run(packed), "log_price"))


@case(
    "unfilled",
    PROGRAMMES,
    "what a corner cannot get is counted",
    "fails = q - E0 (1 - max_multiple^(-1/M))",
    header="clearing.h",
    test="kernels/reference/test_clearing::test_what_does_not_fill_is_counted_and_scaled_alike",
    step=TRADE_IS_EXACT,
    tolerance=1e-4,
    ranges={"m": (1.0, 0.5, 2.0), "multiple": (5.0, 2.0, 10.0)},
)
def unfilled(p: Parameters) -> Computed:
    event = {"type": "lock_up", "day": 1, "size": 1.0, "duration": 1.0}
    packed = traded(p, event, clearing={"max_multiple": p.multiple})
    return Computed(
        float(p.multiple ** (-1 / p.m)), lambda run: float(run(packed).paths["fails"][0])
    )


def transient(p: Parameters, *timeline: dict[str, Any], days: int = 1) -> Packed:
    """A name whose price moves by J alone: M is next to 0, and sigma set to 0 after packing."""
    name = Name(
        sigma=0.05,
        adv=p.adv,
        sections={"clearing": {"transient_impact": p.eta, "transient_decay": p.decay}},
    )
    channels = Channel.PROGRAMMES | Channel.TRANSIENT_IMPACT
    packed = setting(
        name, seed=p.seed, channels=channels, days=days, steps=104, timeline=timeline
    )  # fmt: skip
    return adjust(packed, sigma=0.0)


def per_float(p: Parameters) -> float:
    """J per float of a steady order of `bought` a day: the flow itself is part of the volume."""
    return float(p.eta * 0.05 / (p.adv + p.bought))


def cost_of_transient(out: Simulated) -> float:
    """int J dX, with the mean J of each fill."""
    assert out.trace is not None
    price, volume = (out.trace[f][0, 1:, 0].astype(float) for f in ("fill_price", "volume"))
    return float(np.log(price) @ volume)


TRANSIENT = {
    "eta": (0.5, 0.2, 1.0), "adv": (0.2, 0.1, 0.5), "bought": (0.2, 0.1, 0.4),
    "decay": (2.0, 0.5, 6.0),
}  # fmt: skip


@case(
    "transient-cost",
    "transient_impact",
    "cost of a steady order, over X^2 and impact per float",
    "(rho T - 1 + e^(-rho T))/(rho T)^2",
    header="clearing.h",
    test="kernels/reference/test_clearing::test_transient_impact_of_a_steady_order",
    step="trapezoid of 104 steps a day: (rho dt)^2/12 off",
    tolerance=2e-3,
    ranges=TRANSIENT,
)
def transient_cost(p: Parameters) -> Computed:
    event = {"type": "buying_programme", "day": 1, "size": p.bought}

    def measure(run: Run) -> float:
        return cost_of_transient(run(transient(p, event))) / float(per_float(p) * p.bought**2)

    return Computed(exact.steady_cost(p.decay), measure)


@case(
    "transient-decay",
    "transient_impact",
    "what a day leaves of J after a steady order",
    "J(T + 1)/J(T) = e^(-rho)",
    header="clearing.h",
    test="kernels/reference/test_clearing::test_transient_impact_of_a_steady_order",
    step="exact at any step",
    tolerance=1e-3,
    ranges=TRANSIENT,
)
def transient_decay(p: Parameters) -> Computed:
    event = {"type": "buying_programme", "day": 1, "size": p.bought, "duration": 1.0}

    def measure(run: Run) -> float:
        trace = run(transient(p, event, days=2)).trace
        assert trace is not None
        j = trace["transient"][0, :, 0].astype(float)
        return float(j[-1] / j[len(j) // 2])

    return Computed(float(np.exp(-p.decay)), measure)


@case(
    "depth",
    "transient_impact",
    "a thin book doubles the cost of the same order",
    "cost / depth",
    header="timeline.h",
    test="laws/test_validate::test_every_case_passes",
    step="trapezoid of 104 steps a day",
    tolerance=2e-3,
    ranges={**TRANSIENT, "depth": (0.5, 0.3, 3.0)},
)
def depth(p: Parameters) -> Computed:
    timeline = [
        {"type": "buying_programme", "day": 1, "size": p.bought},
        {"type": "depth", "day": 1, "size": p.depth},
    ]

    def measure(run: Run) -> float:
        return cost_of_transient(run(transient(p, *timeline))) / float(per_float(p) * p.bought**2)

    return Computed(exact.steady_cost(p.decay) / p.depth, measure)


@case(
    "elasticity",
    PROGRAMMES,
    "less elastic holders value the same scarcity more",
    "x = f M ln(E0/(E0 - q))",
    header="timeline.h",
    test="laws/test_validate::test_every_case_passes",
    step=TRADE_IS_EXACT,
    tolerance=5e-5,
    absolute=True,
    ranges={"m": (0.8, 0.2, 1.5), "q": (0.3, 0.05, 0.5), "factor": (1.5, 0.5, 2.0)},
)
def elasticity(p: Parameters) -> Computed:
    timeline = [
        {"type": "lock_up", "day": 1, "size": p.q},
        {"type": "elasticity", "day": 2, "at": 0.5, "size": p.factor},
    ]
    value = -p.factor * p.m * np.log(1 - p.q)
    return Computed(float(value), lambda run: last(run(traded(p, *timeline, days=2)), "log_price"))

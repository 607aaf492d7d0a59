"""Events of the timeline, each alone (docs/model.md, 1)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np

from ....kernels.packed import Packed
from ....kernels.records import Channel
from .. import exact
from ..case import Computed, Kind, Run, Sampled, case
from ..setting import Name, last, setting
from .anchor import price
from .crowd import crowded

HERE = "laws/test_validate::test_every_case_passes"
TIMELINE = "timeline.h"
NONE = "none"


def quiet(p: Parameters, *timeline: dict[str, Any], days: int = 3, **name: Any) -> Packed:
    return setting(
        Name(weight=1.0, **name), seed=p.seed, days=days, steps=8, timeline=timeline,
    )  # fmt: skip


@case(
    "anchor-news",
    NONE,
    "news moves the price",
    "x = ln(1 + size)",
    header=TIMELINE,
    test=HERE,
    step="exact at any step",
    tolerance=1e-5,
    absolute=True,
    ranges={"size": (0.5, -0.5, 2.0)},
)
def anchor_news(p: Parameters) -> Computed:
    packed = quiet(p, {"type": "anchor_news", "day": 2, "at": 0.5, "size": p.size})
    return Computed(float(np.log1p(p.size)), lambda run: last(run(packed), "log_price"))


@case(
    "market-shock",
    NONE,
    "a market shock moves a name by its beta",
    "x = beta ln(1 + size)",
    header=TIMELINE,
    test=HERE,
    step="exact at any step",
    tolerance=1e-5,
    absolute=True,
    ranges={"size": (-0.2, -0.4, 0.3), "beta": (1.5, -1.0, 2.0)},
)
def market_shock(p: Parameters) -> Computed:
    # a volatility next to 0, of which the beta takes all
    event = {"type": "market_shock", "day": 1, "size": p.size}
    packed = setting(
        Name(betas={"market": p.beta}, sigma=abs(p.beta) * 1e-9), seed=p.seed,
        factors={"market": 1e-9}, timeline=[event],
    )  # fmt: skip
    return Computed(float(p.beta * np.log1p(p.size)), lambda run: last(run(packed), "log_price"))


@case(
    "hazard",
    NONE,
    "an event that comes at random",
    "P(T <= t) = 1 - e^(-hazard (t - from))",
    header=TIMELINE,
    test=HERE,
    step="exact at any step",
    kind=Kind.PROBABILITY,
    ranges={"hazard": (0.3, 0.05, 1.0), "days": (4, 2, 8), "start": (1.0, 0.0, 1.5)},
)
def hazard(p: Parameters) -> Sampled:
    packed = quiet(
        p, {"type": "anchor_news", "hazard": p.hazard, "from_day": p.start, "size": 1.0},
        days=p.days,
    )  # fmt: skip
    value = float(-np.expm1(-p.hazard * (p.days - p.start)))
    return Sampled(value, packed, lambda out: price(out) > 1.5)


@case(
    "hazard-time",
    NONE,
    "and the time it comes at",
    "P(T <= day d | a day of 4 steps) at an inner step",
    header=TIMELINE,
    test=HERE,
    step="exact at whole steps",
    kind=Kind.PROBABILITY,
    ranges={"hazard": (0.5, 0.2, 1.0), "day": (2, 1, 3), "step_of_day": (3, 1, 8)},
)
def hazard_time(p: Parameters) -> Sampled:
    packed = quiet(p, {"type": "anchor_news", "hazard": p.hazard, "size": 1.0})
    row = (p.day - 1) * 9 + p.step_of_day + 1  # of the trace, whose first row is the start
    value = float(-np.expm1(-p.hazard * (p.day - 1 + p.step_of_day / 8)))
    return Sampled(value, packed, lambda out: out.trace["log_price"][:, row, 0] > 0.5, trace=True)


@case(
    "attention-event",
    "crowd",
    "a part of the crowd becomes attentive",
    "A logistic from the event's size on",
    header=TIMELINE,
    test=HERE,
    step="390 steps: first order",
    tolerance=5e-3,
    ranges={"size": (0.05, 0.01, 0.2), "infection": (0.8, 0.3, 1.5), "days": (4, 2, 6)},
)
def attention_event(p: Parameters) -> Computed:
    event = {"type": "attention", "day": 2, "at": 0.5, "size": p.size}
    packed = crowded(
        p, {"infection": p.infection, "exit_rate": 0.0}, days=p.days, steps=390,
        timeline=(event,),
    )  # fmt: skip
    value = exact.logistic(p.size, p.infection, p.days - 1.5)
    return Computed(value, lambda run: last(run(packed), "attention"))


@case(
    "restriction-event",
    "crowd",
    "nobody new comes on a day of restriction",
    "A logistic in the time without it",
    header=TIMELINE,
    test=HERE,
    step="390 steps: first order",
    tolerance=5e-3,
    ranges={"attention": (0.05, 0.01, 0.2), "infection": (0.8, 0.3, 1.5), "days": (4, 3, 6)},
)
def restriction_event(p: Parameters) -> Computed:
    crowd = {
        "initial_attention": p.attention, "infection": p.infection, "exit_rate": 0.0,
        "exit_restricted": 0.0,
    }  # fmt: skip
    event = {"type": "restriction", "day": 2, "on": True, "duration": 1.0}
    packed = crowded(p, crowd, days=p.days, steps=390, timeline=(event,))
    value = exact.logistic(p.attention, p.infection, p.days - 1)
    return Computed(value, lambda run: last(run(packed), "attention"))


@case(
    "implied-vol",
    NONE,
    "implied volatility jumps and calms down",
    "v = v0 (1 + size e^(-rate T))",
    header="volatility.h",
    test="kernels/reference/test_volatility::test_implied_vol_relaxes_and_realised_vol_is_a_moving_average",
    step="exact at any step",
    tolerance=1e-4,
    ranges={"size": (1.0, -0.5, 2.0), "rate": (0.7, 0.1, 2.0), "vol": (1.0, 0.5, 2.0)},
)
def implied_vol(p: Parameters) -> Computed:
    packed = quiet(
        p, {"type": "implied_vol", "day": 2, "size": p.size}, implied_vol=p.vol,
        sections={"implied_vol": {"rate": p.rate, "maximum": 15.0}},
    )  # fmt: skip
    value = p.vol * (1 + p.size * np.exp(-2 * p.rate))
    return Computed(float(value), lambda run: last(run(packed), "implied_vol"))


@case(
    "margin-event",
    NONE,
    "a margin call as the rate is raised",
    "the time of the step it comes in",
    header="book.h",
    test=HERE,
    step="exact at any step",
    tolerance=1e-5,
    absolute=True,
    ranges={"leverage": (2.0, 1.5, 2.5), "at": (0.5, 0.0, 0.9), "day": (2, 1, 3)},
)
def margin_event(p: Parameters) -> Computed:
    event = {"type": "margin_rate", "day": p.day, "at": p.at, "size": 1.05 / p.leverage}
    packed = setting(
        Name(weight=-p.leverage, margin_rate=0.3), seed=p.seed, days=3, steps=8, timeline=[event]
    )
    value = p.day - 1 + (np.floor(p.at * 8 + 1e-9) + 1) / 8
    return Computed(float(value), lambda run: float(run(packed).paths["margin_call_day"][0]))


@case(
    "halt",
    NONE,
    "a price that stands while nobody trades, and its return",
    "x = 0 during the halt, then the news",
    header=TIMELINE,
    test=HERE,
    step="exact at any step",
    tolerance=1e-5,
    absolute=True,
    ranges={"size": (0.4, -0.3, 1.0)},
)
def halt(p: Parameters) -> Computed:
    packed = quiet(
        p,
        {"type": "anchor_news", "day": 2, "size": p.size},
        {"type": "trading_halt", "day": 2, "duration": 1.0},
    )

    def measure(run: Run) -> float:
        trace = run(packed).trace
        assert trace is not None
        x = trace["log_price"][0, :, 0].astype(float)
        return float(x[-1] - x[18])  # the close of day 2 is row 18

    return Computed(float(np.log1p(p.size)), measure)


@case(
    "cancellation",
    "programmes",
    "trades of the day are undone",
    "x = M ln(E0/(E0 - q1 - q2 s)), s the part of day 2 after the cancellation",
    header="cancellation.h",
    test=HERE,
    step="exact at any step",
    tolerance=5e-5,
    absolute=True,
    ranges={
        "q1": (0.2, 0.05, 0.3),
        "q2": (0.3, 0.1, 0.4),
        "m": (1.2, 0.3, 2.0),
        "at": (0.75, 0.3, 0.95),
    },
)
def cancellation(p: Parameters) -> Computed:
    events = [
        {"type": "lock_up", "day": 1, "size": p.q1, "duration": 1.0},
        {"type": "buying_programme", "day": 2, "size": p.q2, "duration": 1.0},
        {"type": "trade_cancellation", "day": 2, "at": p.at},
    ]
    packed = setting(
        Name(sections={"clearing": {"impact_per_float": p.m}}), seed=p.seed, days=2, steps=8,
        channels=Channel.PROGRAMMES, timeline=events,
    )  # fmt: skip
    kept = 1 - np.floor(p.at * 8 + 1e-9) / 8
    value = -p.m * np.log(1 - p.q1 - p.q2 * kept)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))

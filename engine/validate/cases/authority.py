"""Who can stop trading: brokers, their clearing house, the exchange (docs/model.md, 8 and 9)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np

from ....kernels.packed import Packed
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from .. import exact
from ..case import Computed, Kind, Run, Sampled, case
from ..setting import FLOAT_SHARES, Name, final, last, setting, turning_point

RESTRICTED = (
    "kernels/reference/test_restriction::"
    "test_a_restriction_starts_with_its_hazard_and_lasts_its_time"
)
HERE = "laws/test_validate::test_every_case_passes"


def restricted(p: Parameters, duration: float, *timeline: dict[str, Any]) -> Packed:
    sections = {
        "restriction": {"hazard": p.hazard, "threshold": 0.3, "duration": duration},
    }
    return setting(
        Name(sections=sections), seed=p.seed, channels=Channel.RESTRICTION, days=p.days,
        steps=p.steps, timeline=timeline,
    )  # fmt: skip


@case(
    "restriction-hazard",
    "restriction",
    "a restriction comes while the price is high",
    "P = 1 - e^(-hazard (T - t0)), the price above the threshold from t0",
    header="restriction.h",
    test=RESTRICTED,
    step="exact at any step",
    kind=Kind.PROBABILITY,
    ranges={"hazard": (0.4, 0.1, 1.0), "days": (3, 2, 5), "steps": (8, 4, 26)},
)
def restriction_hazard(p: Parameters) -> Sampled:
    packed = restricted(p, 100.0, {"type": "anchor_news", "day": 2, "size": 0.5})
    value = float(-np.expm1(-p.hazard * (p.days - 1)))
    return Sampled(value, packed, lambda out: final(out, "restricted"), trace=True)


@case(
    "restriction-ends",
    "restriction",
    "and goes after its time",
    "P = e^(-hazard (T - dt m)) - e^(-hazard T), m steps long",
    header="restriction.h",
    test=RESTRICTED,
    step="the exact value is of whole steps",
    kind=Kind.PROBABILITY,
    ranges={
        "hazard": (0.4, 0.1, 0.45),
        "days": (5, 3, 6),
        "steps": (8, 4, 26),
        "share": (0.4, 0.2, 0.8),
    },
)
def restriction_ends(p: Parameters) -> Sampled:
    whole = round(p.share * p.days * p.steps)
    # half a step of slack: the clock runs out inside a step
    packed = restricted(p, (whole + 0.5) / p.steps, {"type": "anchor_news", "day": 1, "size": 0.5})
    end = p.days * p.steps
    value = np.exp(-p.hazard * (end - whole - 1) / p.steps) - np.exp(-p.hazard * end / p.steps)
    return Sampled(float(value), packed, lambda out: final(out, "restricted"), trace=True)


MILLION = FLOAT_SHARES / 1e5


def broker(p: Parameters, multiple: float, days: int = 1, settlement: float = 2.0) -> Packed:
    """A crowd that spends its whole budget in the first step, through one broker."""
    crowd = {
        "initial_attention": 0.5, "infection": 50.0, "exit_rate": 0.0, "never_sell": 1.0,
        "share_budget": p.budget,
    }  # fmt: skip
    return setting(
        Name(implied_vol=p.vol, sections={"crowd": crowd}), seed=p.seed, days=days, steps=1,
        channels=Channel.CROWD | Channel.CROWD_SHARES | Channel.CLEARING_RULE,
        broker={
            "excess_net_capital": p.enc * MILLION, "crowd_share": 0.3, "var_multiple": multiple,
            "premium_limit": p.limit * MILLION, "settlement_days": settlement,
        },
    )  # fmt: skip


CLEARING = {
    "enc": (544.0, 300.0, 800.0), "limit": (1400.0 * (1400 - 544) / 544, 1000.0, 4000.0),
    "budget": (0.2, 0.1, 0.3), "vol": (3.0, 2.0, 5.0),
}  # fmt: skip


@case(
    "clearing-rule",
    "clearing_rule",
    "the requirement from which the broker must restrict",
    "VaR with (VaR - ENC) VaR/ENC = limit: 1,400 for ENC 544 and a premium of 2,203",
    header="clearing_rule.h",
    test="laws/test_validate::test_the_premium_of_january_2021",
    step="exact at any step",
    tolerance=5e-4,
    ranges=CLEARING,
)
def clearing_rule(p: Parameters) -> Computed:
    bought = p.budget * 0.5  # those who were not attentive yet
    unit = 0.3 * FLOAT_SHARES / np.sqrt(TRADING_DAYS) * p.vol * bought / MILLION

    def measure(run: Run) -> float:
        def restricts(multiple: float) -> bool:
            return bool(last(run(broker(p, multiple)), "restricted"))

        return float(turning_point(restricts, 0.0, 20.0, 24)[1] * unit)

    var = (p.enc + np.sqrt(p.enc**2 + 4 * p.enc * p.limit)) / 2
    return Computed(float(var), measure)


@case(
    "settlement",
    "clearing_rule",
    "purchases that have not settled yet",
    "U = U0 e^(-T/settlement)",
    header="clearing_rule.h",
    test=HERE,
    step="exact at any step",
    tolerance=1e-4,
    ranges={**CLEARING, "days": (4, 2, 6), "settlement": (2.0, 1.0, 5.0)},
)
def settlement(p: Parameters) -> Computed:
    packed = broker(p, 0.01, p.days, p.settlement)
    value = 0.5 * p.budget * np.exp(-(p.days - 1) / p.settlement)
    return Computed(float(value), lambda run: last(run(packed), "unsettled"))


@case(
    "pause",
    "pauses",
    "a pause in a driftless day",
    "P(|x_k - EMA_5min| leaves its band), Nystrom quadrature of y -> (1 - c)(y + dw)",
    header="pauses.h",
    test="laws/test_validate::test_a_band_far_on_one_side_is_first_passage",
    step="the exact value is of these very steps",
    kind=Kind.PROBABILITY,
    ranges={
        "tier": (2, 1, 2),
        "width": (2.4, 1.8, 2.8),
        "steps": (26, 26, 78),
        "price": (20.0, 5.0, 50.0),
    },
)
def pause(p: Parameters) -> Sampled:
    band = 0.05 if p.tier == 1 else 0.10
    sigma = band / p.width * np.sqrt(p.steps)
    packed = setting(
        Name(sigma, price=p.price, sections={"pauses": {"tier": p.tier}}), seed=p.seed,
        channels=Channel.PAUSES, steps=p.steps,
    )  # fmt: skip
    minute = (np.arange(p.steps) + 0.5) / p.steps * 390
    doubled = (minute <= 15) | ((minute >= 365) & (p.tier == 1))
    wide = np.where(doubled, 2.0, 1.0)
    value = 1 - exact.stays_inside(
        [sigma**2 / p.steps] * p.steps, -np.log1p(-band) * wide, np.log1p(band) * wide,
        -np.expm1(-78 / p.steps),
    )  # fmt: skip
    return Sampled(value, packed, lambda out: out.trace["paused"][:, :, 0].max(axis=1), trace=True)

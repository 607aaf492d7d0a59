"""A cohort on margin: when it is called, what it covers, when covering feeds on itself.

Each holds a short against initial equity of i times its value at price 1, and covers at the price p
until its equity is m times the value of what is left (docs/model.md, 7):

    psi(p) = clip((1 + m)/m - (1 + i)/(m p), 0, 1)
"""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.packed import Packed
from ....kernels.records import Channel
from .. import exact
from ..case import Computed, Run, case
from ..setting import NO_IMPACT, Name, last, setting, turning_point
from .shorts import FIXED_POINT, left, news

TEST = "laws/test_margin_cohort::test_the_prices_after_a_call"
RULE = {"initial": (0.5, 0.4, 0.7), "maintenance": (0.3, 0.2, 0.35)}
BEYOND = 1e-4  # the call price, in price
FAST = {"days": 2, "steps": 1560}  # as many steps as a price just above the threshold takes


def called(p: Parameters) -> float:
    """The price at which the cohort is called."""
    return float((1 + p.initial) / (1 + p.maintenance))


def covered(p: Parameters, price: float) -> float:
    """psi."""
    share = (1 + p.maintenance) / p.maintenance - (1 + p.initial) / (p.maintenance * price)
    return float(np.clip(share, 0, 1))


def cohort(
    p: Parameters, shock: float, *, short: float = 0.3, impact: float = NO_IMPACT,
    days: int = 1, steps: int = 26,
) -> Packed:  # fmt: skip
    """Fast shorts, all on margin, and news of `shock` in log price."""
    shorts = {
        "margin_share": 1.0, "initial_margin": p.initial, "maintenance_margin": p.maintenance,
        "participation": 10.0,
    }  # fmt: skip
    sections = {"shorts": shorts, "clearing": {"impact_per_float": impact}}
    return setting(
        Name(adv=10.0, short_interest=short, sections=sections), seed=p.seed,
        channels=Channel.SHORTS, days=days, steps=steps, timeline=[news(shock)],
    )  # fmt: skip


def squeezed(p: Parameters, gain: float, shock: float) -> tuple[float, Packed]:
    """Log price after news of `shock`, by the formula, and the cohort to ask.

    `gain` is M S/E over m/(1 + m), the loop gain at the call.
    """
    part = gain * p.maintenance / (1 + p.maintenance) / p.m  # S/E

    def answer(x: float) -> float:
        return float(shock - p.m * np.log1p(-part * covered(p, np.exp(x))))

    impact = p.m * (1 - part)  # E = 1 + S
    packed = cohort(p, shock, short=part / (1 - part), impact=impact, **FAST)
    return float(exact.climb(answer, shock)), packed


@case(
    "cohort-call",
    "shorts",
    "the price at which a cohort on margin is called",
    "(1 + i)/(1 + m)",
    header="tolerance.h",
    test=TEST,
    step="exact at any step",
    tolerance=1e-4,
    ranges=RULE,
)
def call_price(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        def covers(shock: float) -> bool:
            return float(left(run(cohort(p, shock, steps=2)))[0]) < 1

        return float(np.exp(turning_point(covers, 0.0, 1.0, 20)[1]))

    return Computed(called(p), measure)


@case(
    "cohort-margin",
    "shorts",
    "what a cohort on margin covers at a price, without impact",
    "psi(p) = (1 + m)/m - (1 + i)/(m p)",
    header="tolerance.h",
    test=TEST,
    step="exact at any step",
    tolerance=1e-3,
    ranges={**RULE, "rise": (0.04, 0.02, 0.25), "steps": (26, 5, 52)},
)
def margin_rule(p: Parameters) -> Computed:
    """`rise` is that above the call price: of 4 % with Regulation T, to 1.2."""
    price = called(p) * (1 + p.rise)
    packed = cohort(p, float(np.log(price)), steps=p.steps)
    return Computed(covered(p, price), lambda run: float(1 - left(run(packed))[0]))


@case(
    "cohort-margin-threshold",
    "shorts",
    "M S/E from which covering at the call feeds on itself",
    "m/(1 + m): a small move beyond the call grows by 1/(1 - (M S/E)(1 + m)/m)",
    header="tolerance.h",
    test=TEST,
    step=FIXED_POINT + "; two small moves, extrapolated to none",
    tolerance=2e-3,
    ranges={**RULE, "m": (1.5, 0.8, 2.0), "gain": (0.5, 0.3, 0.8)},
)
def margin_threshold(p: Parameters) -> Computed:
    value = p.maintenance / (1 + p.maintenance)

    def threshold(run: Run, move: float) -> float:
        start = float(np.log(called(p)))
        _, packed = squeezed(p, p.gain, start + move)
        grown = last(run(packed), "log_price") - start
        return float(p.gain * value / (1 - move / grown))

    def measure(run: Run) -> float:
        return 2 * threshold(run, 1e-3) - threshold(run, 2e-3)

    return Computed(value, measure)


def _price(id: str, title: str, gain: tuple[float, float, float]) -> None:
    """A case: the price after news that brings the cohort just beyond its call."""

    @case(
        id,
        "shorts",
        title,
        "ln p = ln p0 - M ln(1 - psi(p) S/E), the smallest root above p0 = (1 + i)/(1 + m) + 1e-4",
        header="tolerance.h",
        test=TEST,
        step=FIXED_POINT + "; 3,120 of them",
        tolerance=1e-4,
        ranges={**RULE, "m": (1.5, 0.8, 2.0), "gain": gain},
    )
    def price(p: Parameters) -> Computed:
        value, packed = squeezed(p, p.gain, float(np.log(called(p) + BEYOND)))
        return Computed(float(np.exp(value)), lambda run: np.exp(last(run(packed), "log_price")))


CALL = 0.3 / 1.3  # m/(1 + m) of Regulation T
_price("cohort-margin-below", "price after a call below it: M S/E .229", (0.229 / CALL, 0.8, 0.994))
_price(
    "cohort-margin-above", "price after a call above it: M S/E .233", (0.233 / CALL, 1.008, 1.03)
)
_price("cohort-margin-all", "price after a call far above it: M S/E .26", (0.26 / CALL, 1.1, 1.3))

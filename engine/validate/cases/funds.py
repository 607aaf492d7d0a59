"""Funds that cut all positions alike as they lose (docs/model.md, 7): Cont & Wagalath (2013)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np

from ....kernels.packed import Packed
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from ..case import Array, Computed, Kind, Run, Sampled, case
from ..setting import FLOAT_SHARES, Name, last, setting
from .anchor import price

FUNDS = "funds"
LOOP = "laws/test_validate::test_the_funds_loop_has_the_published_numbers"
FAST = 1000.0

# The published pair: weights 5/3 and -4/3 of equity, D = 8 and 5 million shares, f' = 1.
PAIR = {
    "long": (5 / 3, 1.0, 2.0), "short": (4 / 3, 0.8, 1.6), "g1": (0.125, 0.05, 0.15),
    "g2": (0.2, 0.1, 0.25), "vol1": (0.20, 0.1, 0.3), "vol2": (0.25, 0.1, 0.3),
}  # fmt: skip
FLOATS = 0.15  # of the fund's equity, in floats of a name: weight 1 is .15 float


def weights(p: Parameters) -> Array:
    """pi, the positions over equity."""
    return np.array([p.long, -p.short])


def pressure(p: Parameters) -> Array:
    """g_i = (M_i/E_i) F_i f': how far a loss of the fund's whole equity moves each price."""
    return np.array([p.g1, -p.g2])


def response(p: Parameters) -> Array:
    """x = (1 + g pi'/(1 - pi'g)) w of fast funds, linearised. Shape (2, 2)."""
    pi, g = weights(p), pressure(p)
    return np.asarray(np.eye(2) + np.outer(g, pi) / (1 - pi @ g))


def covariance(p: Parameters) -> Array:
    """Of the two names with fast funds, per annum."""
    a = response(p)
    return np.asarray(a @ np.diag([p.vol1**2, p.vol2**2]) @ a.T)


def pair(
    p: Parameters, *, rate: float = FAST, noise: float = 0.0, steps: int = 52, held: int = 0,
    timeline: tuple[dict[str, Any], ...] = (),
) -> Packed:  # fmt: skip
    """One fund, long name 1 and short name 2, f(V) = V: it keeps its weights as it loses.

    The book is one unit of the name `held`; `noise` scales the volatilities.
    """
    floats = np.abs(weights(p)) * FLOATS
    elastic = np.array([1 - floats[0], 1.0])
    # the linear law: kept(V)/kept(1) = V
    fund = {
        "equity": FLOATS * FLOAT_SHARES,
        "positions": {"ONE": p.long, "TWO": -p.short},
        "threshold": -1.0,
        "slope": 0.5,
        "cut_rate": rate,
        "rebuild_rate": rate,
    }
    names = [
        Name(
            sigma=noise * vol / np.sqrt(TRADING_DAYS),
            weight=float(i == held),
            short_interest=floats[1] if i else 0.0,
            sections={"clearing": {"impact_per_float": abs(g) / q}},
        )
        for i, (vol, g, q) in enumerate(zip((p.vol1, p.vol2), pressure(p), floats, strict=True))
    ]
    assert (elastic > 0).all()
    return setting(
        *names, seed=p.seed, channels=Channel.FUNDS, steps=steps, funds={"F": fund},
        timeline=timeline,
    )  # fmt: skip


SHOCK = 2e-3  # small, so that the answer is linear


def answers(p: Parameters, run: Run) -> Array:
    """x of both names after news in one of them, over the news. Shape (2, 2)."""
    a = np.zeros((2, 2))
    for j, symbol in enumerate(("ONE", "TWO")):
        both = []
        for sign in (1, -1):
            event = {"type": "anchor_news", "day": 1, "size": float(np.expm1(sign * SHOCK)),
                     "names": [symbol]}  # fmt: skip
            out = run(pair(p, timeline=(event,)))
            both.append(np.array([last(out, "log_price", i) for i in range(2)]))
        a[:, j] = (both[0] - both[1]) / (2 * SHOCK)
    return a


@case(
    "fund-contagion",
    FUNDS,
    "news in one name moves the other that a fund holds",
    "x_2 = g_2 pi_1 w_1/(1 - pi'g): the fund's short falls as its long rises",
    header="funds.h",
    test=LOOP,
    step="52 fast steps reach the limit",
    tolerance=3e-3,
    ranges=PAIR,
)
def fund_contagion(p: Parameters) -> Computed:
    return Computed(float(response(p)[1, 0]), lambda run: float(answers(p, run)[1, 0]))


@case(
    "fund-correlation",
    FUNDS,
    "correlation that fast funds give two independent names",
    "S + ..., f'/V0 over 1 - pi'g: the whole loop of Cont & Wagalath",
    header="funds.h",
    test=LOOP,
    step="52 fast steps reach the limit",
    tolerance=3e-3,
    ranges=PAIR,
)
def fund_correlation(p: Parameters) -> Computed:
    def correlation(s: Array) -> float:
        return float(s[0, 1] / np.sqrt(s[0, 0] * s[1, 1]))

    def measure(run: Run) -> float:
        a = answers(p, run)
        return correlation(a @ np.diag([p.vol1**2, p.vol2**2]) @ a.T)

    return Computed(correlation(covariance(p)), measure)


@case(
    "fund-volatility",
    FUNDS,
    "volatility of the shorted name with fast funds, per annum",
    "sqrt(S_22 of the whole loop)",
    header="funds.h",
    test=LOOP,
    step="52 fast steps reach the limit",
    tolerance=3e-3,
    ranges=PAIR,
)
def fund_volatility(p: Parameters) -> Computed:
    def measure(run: Run) -> float:
        a = answers(p, run)
        return float(np.sqrt((a @ np.diag([p.vol1**2, p.vol2**2]) @ a.T)[1, 1]))

    return Computed(float(np.sqrt(covariance(p)[1, 1])), measure)


def discrete_covariance(p: Parameters, rate: float, steps: int) -> float:
    """Cov of the two log prices after a day whose fund acts on the step before, linearised.

    From the impulse of every step: cut of c (V - 1 - cut so far), x = w + g cut, V = 1 + pi'x.
    """
    pi, g, c = weights(p), pressure(p), -np.expm1(-rate / steps)
    cut, x, total = np.zeros(2), np.eye(2), np.zeros((2, 2))
    daily = np.diag([p.vol1**2, p.vol2**2]) / TRADING_DAYS / steps
    for _ in range(steps):  # x: answer so many steps after the impulse, by the name that moved
        total += x @ daily @ x.T
        cut = cut + c * (pi @ x - cut)
        x = np.eye(2) + np.outer(g, cut)
    return float(total[0, 1])


@case(
    "fund-covariance",
    FUNDS,
    "covariance of two independent names held by a fund that cuts",
    "sum over steps of the linear answers to each step's news",
    header="funds.h",
    test=LOOP,
    step="the exact value is of these steps; curvature of order sigma^2",
    kind=Kind.MEAN,
    ranges={**PAIR, "rate": (100.0, 10.0, 1000.0), "steps": (26, 13, 52)},
)
def fund_covariance(p: Parameters) -> Sampled:
    noise = 0.5
    packed = [pair(p, rate=p.rate, noise=noise, steps=p.steps, held=i) for i in range(2)]
    middles = [-((noise * vol) ** 2) / TRADING_DAYS / 2 for vol in (p.vol1, p.vol2)]

    def sample(one: Any, two: Any) -> Array:
        x, y = (np.log(price(out)) - m for out, m in zip((one, two), middles, strict=True))
        return np.asarray(x * y / noise**2)

    return Sampled(discrete_covariance(p, p.rate, p.steps), packed, sample)


@case(
    "fund-cuts",
    FUNDS,
    "what a fund still holds after a loss beyond its threshold",
    "F = F0 (1 - slope (loss - threshold)(1 - e^(-rate T)))",
    header="funds.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-3,
    ranges={
        "weight": (1.5, 0.8, 2.0),
        "loss": (0.15, 0.1, 0.25),
        "threshold": (0.05, 0.0, 0.08),
        "slope": (3.0, 1.0, 5.0),
        "rate": (1.5, 0.3, 4.0),
        "days": (3, 1, 4),
        "steps": (26, 5, 52),
    },
)
def fund_cuts(p: Parameters) -> Computed:
    fund = {
        "equity": FLOATS * FLOAT_SHARES, "positions": {"ONE": -p.weight},
        "threshold": p.threshold, "slope": p.slope, "cut_rate": p.rate,
    }  # fmt: skip
    event = {"type": "anchor_news", "day": 1, "size": p.loss / p.weight}
    packed = setting(
        Name(short_interest=0.5), seed=p.seed, channels=Channel.FUNDS, days=p.days, steps=p.steps,
        funds={"F": fund}, timeline=[event],
    )  # fmt: skip
    cut = min(p.slope * (p.loss - p.threshold), 1.0) * -np.expm1(-p.rate * p.days)
    return Computed(float(-p.weight * FLOATS * (1 - cut)), lambda run: last(run(packed), "fund_1"))

"""Fast dealers have exact answers: the hedge is a function of the price (docs/model.md, 8, 10)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np
from scipy import optimize
from scipy.special import ndtr

from ....kernels.packed import Packed, Simulated
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from .. import exact
from ..case import Array, Computed, Kind, Run, Sampled, case
from ..setting import Name, last, setting

DEALERS = "dealers"
FAST = 1e4  # per day: the hedge is on target after every step


def vol_node(index: int) -> float:
    """An implied volatility that is a node of the chain table, so that no interpolation shows."""
    return float((0.2 + 3.0 * index / 23) ** 2)


def delta(x: Any, strike: float, vol: float, days: float) -> Any:
    """N(d1) of a call at zero rates."""
    s = vol * np.sqrt(days / TRADING_DAYS)
    return ndtr((x - strike) / s + s / 2)


def slope(x: Any, strike: float, vol: float, days: float) -> Any:
    """d delta / dx."""
    s = vol * np.sqrt(days / TRADING_DAYS)
    d1 = (x - strike) / s + s / 2
    return np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi) / s


def anchor_of(x: Any, hedge: Any, hedge0: float, elastic: float, m: float) -> Any:
    """The anchor at which fast dealers leave the price at x: w = x - M ln(E0/(E0 - H + H0))."""
    return x + m * np.log((elastic - hedge + hedge0) / elastic)


def hedged(
    p: Parameters, expiry: int, impact: float, *, sign: float = 1.0, rate: float = FAST,
    sigma: float = 0.0, days: int = 1, steps: int = 26, **top: Any,
) -> Packed:  # fmt: skip
    """Dealers alone, against customers long `interest` floats of calls at one strike."""
    dealers = {
        "sign": sign,
        "hedging_rate": rate,
        "open_interest": p.interest,
        "log_strike": p.strike,
        "expiries": (expiry,),
    }
    sections = {"dealers": dealers, "clearing": {"impact_per_float": impact}}
    name = Name(sigma=sigma, weight=1.0, implied_vol=vol_node(p.vol), sections=sections)
    return setting(
        name, seed=p.seed, channels=Channel.DEALERS, days=days, steps=steps, **top
    )  # fmt: skip


LINEAR = {
    "gain": (0.5, 0.2, 0.7), "interest": (0.3, 0.2, 0.5), "strike": (0.0, -0.1, 0.2),
    "vol": (6, 4, 9), "sigma": (0.03, 0.01, 0.04), "expiry": (60, 40, 120),
}  # fmt: skip


def short_gamma(p: Parameters) -> tuple[float, Any]:
    """Impact per float for the gain at the start, and the anchor as a function of the close."""
    vol = vol_node(p.vol)
    hedge0 = p.interest * float(delta(0.0, p.strike, vol, p.expiry))
    elastic = 1 - hedge0
    impact = p.gain / p.interest / float(slope(0.0, p.strike, vol, p.expiry))

    def anchor(x: Any) -> Any:
        hedge = p.interest * delta(x, p.strike, vol, p.expiry - 1)
        return anchor_of(x, hedge, hedge0, elastic, impact * elastic)

    return impact, anchor


@case(
    "dealers-variance",
    DEALERS,
    "fast dealers short gamma amplify",
    "E x^2 where w = x - M ln(E0/(E0 - H(x) + H(0))); vol / (1 - G) for a linear hedge",
    header="dealers.h",
    test="laws/test_limits::test_fast_dealers_short_gamma_amplify_by_one_over_one_less_gain",
    step="26 steps: the last step's curvature, far below the standard error",
    kind=Kind.MEAN,
    ranges=LINEAR,
)
def dealers_variance(p: Parameters) -> Sampled:
    impact, anchor = short_gamma(p)
    x = np.linspace(-1.5, 1.5, 60_001)
    w = anchor(x)

    def squared(z: Array) -> Array:
        return np.asarray(np.interp(p.sigma * z - p.sigma**2 / 2, w, x) ** 2)

    packed = hedged(p, p.expiry, impact, sigma=p.sigma)
    return Sampled(
        exact.mean_over_normal(squared),
        packed,
        lambda out: np.log(1 + out.pnl[-1].astype(float)) ** 2,
    )


@case(
    "dealers-path",
    DEALERS,
    "the same, path by path: largest gap over 256 paths",
    "max |w - x + M ln(E0/(E0 - H(x) + H(0)))| = 0",
    header="dealers.h",
    test="kernels/reference/test_dealers::test_dealers_get_as_far_as_the_exponential_step",
    step="390 steps: the last step's curvature",
    tolerance=1e-3,
    absolute=True,
    ranges=LINEAR,
)
def dealers_path(p: Parameters) -> Computed:
    impact, anchor = short_gamma(p)

    def measure(run: Run) -> float:
        out = run(hedged(p, p.expiry, impact, sigma=p.sigma, steps=390), 256)
        assert out.trace is not None
        end = out.trace[:, -1, 0]
        gap = anchor(end["log_price"].astype(float)) - end["anchor"]
        return float(np.abs(gap).max())

    return Computed(0.0, measure)


PINNING = {
    "m": (1.5, 1.0, 2.5), "interest": (0.2, 0.1, 0.4), "strike": (0.05, -0.05, 0.1),
    "vol": (8, 6, 10), "sigma": (0.1, 0.06, 0.12), "steps": (26, 13, 52),
}  # fmt: skip


def long_gamma(p: Parameters) -> tuple[Packed, Any]:
    """Calls that expire at the close, dealers long; the anchor as a function of price and side."""
    hedge0 = -p.interest * float(delta(0.0, p.strike, vol_node(p.vol), 1))
    elastic = 1 - hedge0
    packed = hedged(p, 1, p.m / elastic, sign=-1.0, sigma=p.sigma, steps=p.steps)

    def anchor(x: float, exercised: bool) -> float:
        hedge = -p.interest if exercised else 0.0
        return float(anchor_of(x, hedge, hedge0, elastic, p.m))

    return packed, anchor


def near(out: Simulated, strike: float, width: float) -> Array:
    return np.asarray(np.abs(np.log(1 + out.pnl[-1].astype(float)) - strike) < width, float)


@case(
    "pinning",
    DEALERS,
    "fast dealers long gamma pin the price at expiry",
    "P(|x - k| < d) = P(w in [k - d - M ln(E0/Ea), k + d - M ln(E0/Eb)])",
    header="dealers.h",
    test="laws/test_limits::test_dealers_long_gamma_pin_the_price",
    step="exact at any step: price and hedge are solved together",
    kind=Kind.PROBABILITY,
    ranges={**PINNING, "width": (0.02, 0.015, 0.03)},
)
def pinning(p: Parameters) -> Sampled:
    packed, anchor = long_gamma(p)
    ends = anchor(p.strike - p.width, False), anchor(p.strike + p.width, True)
    low, high = ((w + p.sigma**2 / 2) / p.sigma for w in ends)
    return Sampled(float(ndtr(high) - ndtr(low)), packed, lambda out: near(out, p.strike, p.width))


@case(
    "pinning-below",
    DEALERS,
    "how often the price ends clear below the strike",
    "P(x < k - d) = P(w < k - d - M ln(E0/Ea))",
    header="dealers.h",
    test="laws/test_limits::test_dealers_long_gamma_pin_the_price",
    step="exact at any step",
    kind=Kind.PROBABILITY,
    ranges={**PINNING, "width": (0.02, 0.015, 0.03)},
)
def pinning_below(p: Parameters) -> Sampled:
    packed, anchor = long_gamma(p)
    w = anchor(p.strike - p.width, False)
    level = np.exp(p.strike - p.width)
    return Sampled(
        float(ndtr((w + p.sigma**2 / 2) / p.sigma)), packed, lambda out: out.pnl[-1] + 1 < level
    )


@case(
    "expiry-unwind",
    DEALERS,
    "the hedge of calls that expired is sold at the dealers' speed",
    "x = -M ln((E0 + O (1 - e^(-kappa)))/E0) a day after",
    header="dealers.h",
    test="kernels/reference/test_dealers::test_dealers_answer_the_price_that_everybody_else_makes",
    step="exact at any step",
    tolerance=1e-4,
    ranges={
        "interest": (0.3, 0.1, 0.6),
        "strike": (-1.0, -1.5, -0.9),
        "vol": (3, 2, 5),
        "m": (1.2, 0.5, 2.0),
        "rate": (3.0, 0.5, 20.0),
        "steps": (26, 5, 40),
    },
)
def expiry_unwind(p: Parameters) -> Computed:
    elastic = 1 - p.interest  # deep in the money: delta 1
    packed = hedged(p, 1, p.m / elastic, rate=p.rate, days=2, steps=p.steps)
    sold = p.interest * -np.expm1(-p.rate)
    return Computed(
        float(-p.m * np.log1p(sold / elastic)), lambda run: last(run(packed), "log_price")
    )


@case(
    "vanna",
    DEALERS,
    "implied volatility jumps, and dealers buy the delta it brings",
    "x = M ln(E0/(E0 - H(x, v1) + H(0, v0)))",
    header="dealers.h",
    test="kernels/reference/test_dealers::test_the_table_is_read_between_its_nodes",
    step="exact once dealers are on target",
    tolerance=2e-3,
    ranges={
        "interest": (0.4, 0.2, 0.6),
        "strike": (0.4, 0.3, 0.5),
        "vol": (4, 3, 6),
        "jump": (3, 2, 4),
        "expiry": (30, 20, 60),
        "m": (0.4, 0.2, 0.5),
    },
)
def vanna(p: Parameters) -> Computed:
    before, after = vol_node(p.vol), vol_node(p.vol + p.jump)
    hedge0 = p.interest * float(delta(0.0, p.strike, before, p.expiry))
    elastic = 1 - hedge0
    event = {"type": "implied_vol", "day": 1, "at": 0.5, "size": after / before - 1}
    packed = hedged(p, p.expiry, p.m / elastic, timeline=[event])

    def gap(x: float) -> float:
        hedge = p.interest * delta(x, p.strike, after, p.expiry - 1)
        return float(anchor_of(x, hedge, hedge0, elastic, p.m))

    value = optimize.brentq(gap, 0.0, 3.0)
    return Computed(float(value), lambda run: last(run(packed), "log_price"))


@case(
    "crowd-calls-hedged",
    DEALERS,
    "news, and the hedge of the crowd's calls",
    "x = w + M ln(E0/(E0 - n (N(d(x)) - N(d(0)))))",
    header="dealers.h",
    test="kernels/reference/test_dealers::test_dealers_answer_the_price_that_everybody_else_makes",
    step="exact once dealers are on target",
    tolerance=5e-4,
    ranges={
        "calls": (0.3, 0.1, 0.5),
        "strike": (0.1, 0.0, 0.2),
        "vol": (8, 6, 10),
        "news": (0.05, -0.1, 0.1),
        "m": (0.15, 0.05, 0.2),
    },
)
def crowd_calls_hedged(p: Parameters) -> Computed:
    vol = vol_node(p.vol)
    hedge0 = p.calls * float(delta(0.0, p.strike, vol, 5))
    elastic = 1 - hedge0
    sections = {
        "crowd": {"initial_calls": p.calls, "initial_call_strike": p.strike},
        "dealers": {"hedging_rate": FAST},
        "clearing": {"impact_per_float": p.m / elastic},
    }
    packed = setting(
        Name(implied_vol=vol, sections=sections), seed=p.seed, channels=Channel.DEALERS,
        timeline=[{"type": "anchor_news", "day": 1, "size": float(np.expm1(p.news))}],
    )  # fmt: skip

    def answer(x: float) -> float:
        hedge = p.calls * float(delta(x, p.strike, vol, 4))
        return float(p.news - p.m * np.log1p((hedge0 - hedge) / elastic))

    return Computed(float(exact.climb(answer, p.news)), lambda run: last(run(packed), "log_price"))


@case(
    "dealers-borrow",
    DEALERS,
    "dealers long customers' calls are short the shares, and must borrow them",
    "u = (S + (-H)+)/E with every elastic share lendable, H = -O N(d1)",
    header="borrow.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-4,
    ranges={
        "interest": (0.2, 0.1, 0.4),
        "strike": (0.05, -0.05, 0.1),
        "vol": (8, 6, 10),
        "short": (0.3, 0.1, 0.5),
        "sign": (-1.0, -1.0, -0.5),
    },
)
def dealers_borrow(p: Parameters) -> Computed:
    dealers = {
        "sign": p.sign,
        "open_interest": p.interest,
        "log_strike": p.strike,
        "expiries": (5,),
    }
    packed = setting(
        Name(short_interest=p.short, implied_vol=vol_node(p.vol), sections={"dealers": dealers}),
        seed=p.seed, channels=Channel.DEALERS,
    )  # fmt: skip
    held = p.sign * p.interest * float(delta(0.0, p.strike, vol_node(p.vol), 5))

    def measure(run: Run) -> float:
        trace = run(packed).trace
        assert trace is not None
        return float(trace["utilisation"][0, 0, 0])

    return Computed(float((p.short - held) / (1 + p.short - held)), measure)

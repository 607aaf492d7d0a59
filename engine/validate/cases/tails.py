"""Heavy tails and jumps of the anchor (docs/model.md, 6)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import ndtr

from ....kernels.packed import Packed
from ....kernels.packing.schedule import TRADING_DAYS
from .. import exact
from ..case import Kind, Sampled, case
from ..setting import Name, setting
from .anchor import NONE, price

TAILS = "kernels/test_mixing::test_without_a_cap_a_mixture_is_a_student_t"
EXACT_STEP = "exact at any step: one mixing variable a day"


def one_day(p: Parameters, cap: float, days: int = 1, **more: Any) -> Packed:
    """A heavy-tailed name that nobody trades, overnight and one step a day."""
    anchor = {"dof": p.dof, "tail_cap": cap, **more}
    name = Name(sigma=p.sigma, weight=1.0, sections={"anchor": anchor})
    return setting(name, seed=p.seed, days=days, steps=1, overnight=p.overnight)


STUDENT = {
    "dof": (4.0, 3.0, 8.0), "sigma": (0.02, 0.01, 0.03), "overnight": (0.3, 0.0, 0.6),
}  # fmt: skip
UNCAPPED = 1e4


@case(
    "student-t",
    NONE,
    "tail of a day's return without a cap",
    "P(x < sigma t_q sqrt((dof - 2)/dof)) = E N((c + W sigma^2/2)/(sqrt(W) sigma)), next to q",
    header="tails.h",
    test=TAILS,
    step=EXACT_STEP,
    kind=Kind.PROBABILITY,
    ranges={**STUDENT, "level": (0.02, 0.005, 0.3)},
)
def student_t(p: Parameters) -> Sampled:
    cut = p.sigma * stats.t.ppf(p.level, p.dof) * np.sqrt((p.dof - 2) / p.dof)
    mixture, _ = exact.capped_mixture(p.dof, UNCAPPED)

    def below(z: Any) -> Any:
        w = mixture(z)
        return ndtr((cut + w * p.sigma**2 / 2) / (np.sqrt(w) * p.sigma))

    value = exact.mean_over_normal(below)
    level = np.exp(cut)
    return Sampled(value, one_day(p, UNCAPPED), lambda out: price(out) < level)


@case(
    "tail-variance",
    NONE,
    "heavy tails keep the variance",
    "Var ln P = D sigma^2 for every dof",
    header="tails.h",
    test="kernels/test_mixing::test_the_mean_is_one",
    step=EXACT_STEP + "; the drift's own variance is below 1e-3 of it",
    kind=Kind.MEAN,
    ranges={
        "cap": (10.0, 5.0, 20.0),
        "days": (3, 1, 6),
        "dof": (4.0, 3.0, 8.0),
        "sigma": (0.01, 0.005, 0.015),
        "overnight": (0.3, 0.0, 0.6),
    },
)
def tail_variance(p: Parameters) -> Sampled:
    # ln P = sum sqrt(W) sigma z - W sigma^2/2: the last term adds Var W sigma^4/4 a day
    _, square = exact.capped_mixture(p.dof, p.cap)
    variance = p.days * (p.sigma**2 + (square - 1) * p.sigma**4 / 4)
    middle = -p.days * p.sigma**2 / 2
    packed = one_day(p, p.cap, p.days)
    return Sampled(variance, packed, lambda out: (np.log(price(out)) - middle) ** 2)


@case(
    "tail-kurtosis",
    NONE,
    "kurtosis of a day's return",
    "E x^4 / sigma^4 = 3 E W^2, capped",
    header="tails.h",
    test="kernels/test_mixing::test_the_cap_holds_and_the_table_rises",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "cap": (4.0, 2.0, 6.0),
        "dof": (5.0, 3.0, 8.0),
        "sigma": (0.01, 0.005, 0.015),
        "overnight": (0.3, 0.0, 0.6),
    },
)
def tail_kurtosis(p: Parameters) -> Sampled:
    # the drift is taken at its mean: what it varies by is of order sigma^2 = 1e-4 of the value
    _, square = exact.capped_mixture(p.dof, p.cap)
    middle = -(p.sigma**2) / 2
    packed = one_day(p, p.cap)
    return Sampled(3 * square, packed, lambda out: ((np.log(price(out)) - middle) / p.sigma) ** 4)


@case(
    "factor-tails",
    NONE,
    "factors are wild on the same days",
    "E x_1^2 x_2^2 / (b_1^2 b_2^2) = E W_F^2 for two names on two uncorrelated factors",
    header="tails.h",
    test="kernels/test_mixing::test_the_cap_holds_and_the_table_rises",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "cap": (4.0, 2.0, 6.0),
        "dof": (5.0, 3.0, 8.0),
        "beta": (1.0, 0.5, 1.0),
        "overnight": (0.3, 0.0, 0.6),
    },
)
def factor_tails(p: Parameters) -> Sampled:
    daily = 0.16 / np.sqrt(TRADING_DAYS)
    b = (daily, p.beta * daily)
    packed = [
        setting(
            Name(b[0], weight=float(i == 0), betas={"market": 1.0}),
            Name(b[1], weight=float(i == 1), betas={"meme": p.beta}),
            seed=p.seed, steps=1, overnight=p.overnight, factors={"market": 0.16, "meme": 0.16},
            factor_dof=p.dof, factor_tail_cap=p.cap,
        )
        for i in range(2)
    ]  # fmt: skip
    _, square = exact.capped_mixture(p.dof, p.cap)

    def sample(one: Any, two: Any) -> Any:
        x, y = (np.log(price(out)) + s**2 / 2 for out, s in zip((one, two), b, strict=True))
        return (x * y / (b[0] * b[1])) ** 2

    return Sampled(square, packed, sample)


JUMPS = {
    "sigma": (0.03, 0.02, 0.05), "days": (5, 2, 10), "overnight": (0.3, 0.0, 0.6),
    "rate": (0.1, 0.05, 0.3), "mean": (0.05, -0.15, 0.15), "sd": (0.1, 0.05, 0.2),
}  # fmt: skip


def jumping(p: Parameters) -> Packed:
    anchor = {"jump_rate": p.rate, "jump_mean": p.mean, "jump_sd": p.sd}
    name = Name(sigma=p.sigma, weight=1.0, sections={"anchor": anchor})
    return setting(name, seed=p.seed, days=p.days, steps=4, overnight=p.overnight)


@case(
    "jump-call",
    NONE,
    "a call on a price that jumps",
    "sum_j Binomial(j; D, 1 - e^-rate) BS(D sigma^2 + j sd^2) (Merton)",
    header="jumps.h",
    test="laws/test_validate::test_a_jump_mixture_without_jumps_is_black_scholes",
    step="exact at any step",
    kind=Kind.MEAN,
    ranges={**JUMPS, "strike": (1.1, 0.9, 1.2)},
)
def jump_call(p: Parameters) -> Sampled:
    value = exact.merton_call(p.strike, p.days, p.sigma, p.rate, p.mean, p.sd)
    return Sampled(value, jumping(p), lambda out: np.maximum(price(out) - p.strike, 0))


@case(
    "jump-martingale",
    NONE,
    "jumps with their compensator earn nothing",
    "E P = 1",
    header="jumps.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    kind=Kind.MEAN,
    ranges=JUMPS,
)
def jump_martingale(p: Parameters) -> Sampled:
    return Sampled(1.0, jumping(p), price)

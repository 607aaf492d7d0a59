"""Nobody trades: the anchor's law, the book on it, heavy tails and jumps (docs/model.md, 6, 11)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np
from scipy.special import ndtr

from ....kernels.packed import Packed, Simulated
from ....kernels.packing.schedule import TRADING_DAYS
from ....kernels.records import Channel
from .. import exact
from ..case import Array, Computed, Kind, Sampled, case
from ..setting import Name, setting

EXACT_STEP = "exact at any step"
NONE = "none"


def price(out: Simulated) -> Array:
    """The price at the last horizon where the book is one share: P&L + 1."""
    return np.asarray(out.pnl[-1], float) + 1


def alone(p: Parameters, **more: float) -> Packed:
    """One name, nobody trades, the book is long one unit of it."""
    name = Name(sigma=p.sigma, weight=1.0, sections={"anchor": more})
    return setting(name, seed=p.seed, days=p.days, steps=2, overnight=p.overnight)


@case(
    "martingale",
    NONE,
    "mean price",
    "E P = exp(drift D)",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_the_anchor_drifts_as_asked",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.04, 0.02, 0.08),
        "days": (10, 2, 20),
        "overnight": (0.3, 0.0, 0.6),
        "drift": (0.01, -0.02, 0.02),
    },
)
def martingale(p: Parameters) -> Sampled:
    return Sampled(np.exp(p.drift * p.days), alone(p, drift=p.drift), price)


@case(
    "lognormal-variance",
    NONE,
    "variance of the log price",
    "Var ln P = D sigma^2",
    header="anchor.h",
    test="kernels/test_native::test_calm_is_lognormal",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={"sigma": (0.03, 0.01, 0.08), "days": (10, 2, 30), "overnight": (0.3, 0.0, 0.6)},
)
def lognormal_variance(p: Parameters) -> Sampled:
    variance = p.days * p.sigma**2
    return Sampled(variance, alone(p), lambda out: (np.log(price(out)) + variance / 2) ** 2)


@case(
    "lognormal-quantile",
    NONE,
    "distribution of the price",
    "P(ln P <= z sd - sd^2/2) = N(z)",
    header="anchor.h",
    test="kernels/test_native::test_calm_is_lognormal",
    step=EXACT_STEP,
    kind=Kind.PROBABILITY,
    ranges={
        "sigma": (0.03, 0.01, 0.08),
        "days": (10, 2, 30),
        "overnight": (0.3, 0.0, 0.6),
        "z": (-1.0, -2.0, 2.0),
    },
)
def lognormal_quantile(p: Parameters) -> Sampled:
    sd = np.sqrt(p.days) * p.sigma
    level = np.exp(p.z * sd - sd**2 / 2)
    return Sampled(float(ndtr(p.z)), alone(p), lambda out: price(out) <= level)


@case(
    "long-horizon",
    NONE,
    "a whole year: variance of the log price",
    "Var ln P = 252 sigma^2",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_calm_is_lognormal_with_the_variance_asked_for",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={"sigma": (0.03, 0.01, 0.05), "overnight": (0.3, 0.0, 0.6), "days": (252, 252, 252)},
)
def long_horizon(p: Parameters) -> Sampled:
    variance = p.days * p.sigma**2
    return Sampled(variance, alone(p), lambda out: (np.log(price(out)) + variance / 2) ** 2)


@case(
    "short-es",
    NONE,
    "expected shortfall of a short",
    "ES = N(s - z_p)/(1 - p) - 1",
    header="book.h",
    test="kernels/test_native::test_calm_is_lognormal",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.06, 0.03, 0.12),
        "days": (10, 5, 20),
        "overnight": (0.3, 0.0, 0.6),
        "level": (0.99, 0.95, 0.995),
    },
)
def short_es(p: Parameters) -> Sampled:
    sd = np.sqrt(p.days) * p.sigma
    var, es = exact.short_es(sd, p.level)
    # the mean excess over the exact VaR, so that the estimate is a plain mean
    return Sampled(
        es, alone(p), lambda out: var + np.maximum(price(out) - 1 - var, 0) / (1 - p.level)
    )


@case(
    "call-price",
    NONE,
    "a call on the price",
    "E (P - K)+ = Black-Scholes",
    header="anchor.h",
    test="laws/test_validate::test_exact_values_agree_with_quantlib",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.05, 0.03, 0.10),
        "days": (10, 5, 20),
        "overnight": (0.3, 0.0, 0.6),
        "strike": (1.1, 0.9, 1.2),
    },
)
def call_price(p: Parameters) -> Sampled:
    value = exact.black_scholes(p.strike, np.sqrt(p.days) * p.sigma)
    return Sampled(value, alone(p), lambda out: np.maximum(price(out) - p.strike, 0))


def margin_setting(p: Parameters) -> tuple[Packed, float, list[float]]:
    """A short of `leverage` x equity; the log price of its margin call; variances of the steps."""
    name = Name(sigma=p.sigma, weight=-p.leverage, margin_rate=p.margin)
    packed = setting(name, seed=p.seed, days=p.days, steps=p.steps, overnight=p.overnight)
    called = np.log((1 + p.leverage) / (p.leverage * (1 + p.margin)))
    day = [p.overnight] + [(1 - p.overnight) / p.steps] * p.steps
    return packed, float(called), [p.sigma**2 * share for share in day * p.days]


MARGIN = {
    "sigma": (0.05, 0.03, 0.08), "days": (5, 3, 8), "steps": (26, 8, 26),
    "overnight": (0.3, 0.05, 0.6), "leverage": (2.0, 1.5, 2.4), "margin": (0.3, 0.25, 0.35),
}  # fmt: skip


@case(
    "margin-call",
    NONE,
    "probability of a margin call of a short",
    "P(max_k P_k > (1 + a)/(a (1 + m))), a = short / equity, by quadrature over the steps",
    header="book.h",
    test="laws/test_validate::test_first_passage_tends_to_the_corrected_closed_form",
    step="the exact value is of these very steps, the longer overnight one included",
    kind=Kind.PROBABILITY,
    ranges=MARGIN,
)
def margin_call(p: Parameters) -> Sampled:
    packed, called, variances = margin_setting(p)
    value = 1 - float(exact.survival(variances, called))
    return Sampled(value, packed, lambda out: np.isfinite(out.paths["margin_call_day"]))


@case(
    "worst-loss",
    NONE,
    "probability that a short ever loses so much",
    "P(max_k P_k > 1 + loss/a), by quadrature over the steps",
    header="book.h",
    test="laws/test_validate::test_first_passage_tends_to_the_corrected_closed_form",
    step="the exact value is of these very steps",
    kind=Kind.PROBABILITY,
    ranges={**MARGIN, "loss": (0.2, 0.1, 0.3)},
)
def worst_loss(p: Parameters) -> Sampled:
    packed, _, variances = margin_setting(p)
    value = 1 - float(exact.survival(variances, np.log1p(p.loss / p.leverage)))
    return Sampled(value, packed, lambda out: out.paths["worst_pnl"] < -p.loss)


@case(
    "margin-call-close",
    NONE,
    "the same, looked at on closes alone",
    "as above with one step a day",
    header="book.h",
    test="laws/test_validate::test_first_passage_tends_to_the_corrected_closed_form",
    step="exact at any step",
    kind=Kind.PROBABILITY,
    ranges=MARGIN,
)
def margin_call_close(p: Parameters) -> Sampled:
    packed, called, _ = margin_setting(p)
    value = 1 - float(exact.survival([p.sigma**2] * p.days, called))
    return Sampled(value, packed, lambda out: np.isfinite(out.paths["margin_call_day_close"]))


@case(
    "borrow-fee",
    NONE,
    "borrow fee of a short held to T",
    "E paid = a fee T/252 on a driftless price",
    header="book.h",
    test="kernels/test_native::test_borrow_fee_of_a_short_held_on_a_driftless_price",
    step="exact at any step",
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.05, 0.03, 0.1),
        "days": (10, 5, 30),
        "fee": (0.5, 0.05, 1.5),
        "weight": (0.5, 0.1, 1.0),
        "overnight": (0.3, 0.0, 0.6),
    },
)
def borrow_fee(p: Parameters) -> Sampled:
    name = Name(sigma=p.sigma, weight=-p.weight, borrow_fee=p.fee)
    packed = setting(name, seed=p.seed, days=p.days, steps=4, overnight=p.overnight)
    packed = packed.at_moment(p.days)
    value = p.weight * p.fee * p.days / TRADING_DAYS
    return Sampled(value, packed, lambda out: out.paths["borrow_cost"].astype(float))


@case(
    "borrow-loss",
    NONE,
    "what the fee takes from the book while the price stands",
    "P&L = -a fee T/252",
    header="book.h",
    test="laws/test_validate::test_every_case_passes",
    step="exact at any step",
    tolerance=1e-5,
    ranges={"days": (10, 5, 30), "fee": (0.5, 0.05, 1.5), "weight": (0.5, 0.1, 1.0)},
)
def borrow_loss(p: Parameters) -> Computed:
    packed = setting(Name(weight=-p.weight, borrow_fee=p.fee), seed=p.seed, days=p.days, steps=4)
    value = -p.weight * p.fee * p.days / TRADING_DAYS
    return Computed(value, lambda run: float(run(packed).pnl[-1, 0]))


@case(
    "factor-covariance",
    NONE,
    "covariance of two names on two correlated factors",
    "Cov = D sum_fg beta_1f beta_2g s_f s_g rho_fg",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_calm_is_lognormal_with_the_variance_asked_for",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.04, 0.03, 0.06),
        "days": (5, 2, 10),
        "overnight": (0.3, 0.0, 0.6),
        "rho": (0.4, -0.4, 0.6),
        "beta": (1.2, 0.8, 1.5),
    },
)
def factor_covariance(p: Parameters) -> Sampled:
    betas = {"market": p.beta, "meme": 0.5}, {"market": 0.9, "meme": 1.0}
    factors = {"market": 0.2, "meme": 0.25}
    packed = [
        setting(
            *(Name(p.sigma, weight=float(i == k), betas=b) for k, b in enumerate(betas)),
            seed=p.seed, days=p.days, steps=2, overnight=p.overnight, factors=factors,
            factor_correlation={"market": {"meme": p.rho}},
        )
        for i in range(2)
    ]  # fmt: skip
    s = np.array([0.2, 0.25]) / np.sqrt(TRADING_DAYS)
    covariance = np.outer(s, s) * [[1, p.rho], [p.rho, 1]]
    value = p.days * np.array([p.beta, 0.5]) @ covariance @ np.array([0.9, 1.0])
    middle = -p.days * p.sigma**2 / 2
    return Sampled(
        float(value),
        packed,
        lambda one, two: (np.log(price(one)) - middle) * (np.log(price(two)) - middle),
    )


@case(
    "factor-variance",
    NONE,
    "betas move variance from the name to the factors and add none",
    "Var ln P = D sigma^2 whatever the betas",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_calm_is_lognormal_with_the_variance_asked_for",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.03, 0.025, 0.05),
        "days": (5, 2, 10),
        "overnight": (0.3, 0.0, 0.6),
        "beta": (1.5, 0.5, 1.8),
    },
)
def factor_variance(p: Parameters) -> Sampled:
    packed = setting(
        Name(p.sigma, weight=1.0, betas={"market": p.beta}), seed=p.seed, days=p.days, steps=2,
        overnight=p.overnight, factors={"market": 0.2},
    )  # fmt: skip
    variance = p.days * p.sigma**2
    return Sampled(variance, packed, lambda out: (np.log(price(out)) + variance / 2) ** 2)


@case(
    "attention-variance",
    "crowd",
    "attention makes a name volatile",
    "Var ln P = D sigma^2 (1 + a_sigma A)^2 at constant attention",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_the_anchor_without_news_loses_half_its_variance",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.02, 0.01, 0.04),
        "days": (5, 2, 10),
        "overnight": (0.3, 0.0, 0.6),
        "attention": (0.5, 0.2, 0.8),
        "slope": (1.9, 0.5, 3.0),
    },
)
def attention_variance(p: Parameters) -> Sampled:
    sections = {
        "anchor": {"attention_volatility": p.slope},
        "crowd": {"initial_attention": p.attention, "infection": 0.0, "exit_rate": 0.0},
    }
    packed = setting(
        Name(p.sigma, weight=1.0, sections=sections),
        seed=p.seed, channels=Channel.CROWD, days=p.days, steps=2, overnight=p.overnight,
    )  # fmt: skip
    variance = p.days * p.sigma**2 * (1 + p.slope * p.attention) ** 2
    return Sampled(variance, packed, lambda out: (np.log(price(out)) + variance / 2) ** 2)


@case(
    "clustering",
    NONE,
    "wild days follow a wild one",
    "E (ln P - y + sigma^2)^2 after news y on the first of two days, by quadrature over that day: "
    "s_2^2 = (1 - c) sigma^2 + c ((1 - a) sigma^2 + a r_1^2), a = realised_weight",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_part_of_the_variance_follows_realised_variance",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={
        "sigma": (0.04, 0.02, 0.06),
        "overnight": (0.3, 0.0, 0.6),
        "news": (0.5, -0.5, 0.8),
        "clustering": (0.4, 0.1, 0.9),
        "weight": (0.25, 0.1, 0.5),
    },
)
def clustering(p: Parameters) -> Sampled:
    sections = {
        "anchor": {"clustering": p.clustering},
        "implied_vol": {"realised_weight": p.weight},
    }
    news = {"type": "anchor_news", "day": 1, "size": np.expm1(p.news)}
    packed = setting(
        Name(p.sigma, weight=1.0, sections=sections),
        seed=p.seed, days=2, steps=2, overnight=p.overnight, timeline=[news],
    )  # fmt: skip
    variance = p.sigma**2
    z, mass = np.polynomial.hermite_e.hermegauss(16)
    first = p.sigma * z - variance / 2
    realised = (1 - p.weight) * variance + p.weight * (p.news + first) ** 2
    second = (1 - p.clustering) * variance + p.clustering * realised
    square = (first - second / 2 + variance) ** 2 + second
    value = mass @ square / mass.sum()
    return Sampled(value, packed, lambda out: (np.log(price(out)) - p.news + variance) ** 2)

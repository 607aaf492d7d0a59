"""Names that move together because one crowd looks at them (docs/model.md, 6)."""

from __future__ import annotations

from types import SimpleNamespace as Parameters

import numpy as np

from ....kernels.packed import Packed
from ....kernels.packing.schedule import TRADING_DAYS
from ..case import Kind, Sampled, case
from ..setting import Name, setting
from .anchor import EXACT_STEP, NONE, price

SLOPE, MARKET, BETA = 2.0, 0.2, 0.8
RANGES = {
    "sigma": (0.04, 0.03, 0.06),
    "days": (5, 2, 8),
    "overnight": (0.3, 0.0, 0.6),
    "share": (0.5, 0.2, 0.7),
    "attention": (0.4, 0.1, 0.5),
}


def crowded(p: Parameters, *weights: float, dof: float | None = None) -> Packed:
    """Names under attention, the second under half of it, that load on the market as well; nobody
    trades. The book is long so much of each.
    """
    names = (
        Name(
            p.sigma,
            weight=weight,
            betas={"market": BETA},
            sections={
                "anchor": {"attention_volatility": SLOPE, "dof": dof},
                "crowd": {"initial_attention": p.attention / (1 + k)},
            },
        )
        for k, weight in enumerate(weights)
    )
    return setting(
        *names, seed=p.seed, days=p.days, steps=2, overnight=p.overnight,
        factors={"market": MARKET}, attention_factors={"crowd": {"share": p.share}}, factor_dof=dof,
    )  # fmt: skip


def variance(p: Parameters, attention: float) -> float:
    """Of a day, under so much attention."""
    return float((p.sigma * (1 + SLOPE * attention)) ** 2)


@case(
    "attention-factor-variance",
    NONE,
    "an attention factor moves variance from the name to the factor and adds none",
    "Var ln P = D sigma^2 (1 + a_sigma A)^2 whatever the share",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_an_attention_factor_takes_its_share",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges=RANGES,
)
def attention_factor_variance(p: Parameters) -> Sampled:
    whole = p.days * variance(p, p.attention)
    return Sampled(whole, crowded(p, 1.0), lambda out: (np.log(price(out)) + whole / 2) ** 2)


@case(
    "attention-factor-martingale",
    NONE,
    "mean price under an attention factor, where own and factors' variances of a day differ",
    "E P = 1 whatever the share and the tails",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_an_attention_factor_takes_its_share",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges={**RANGES, "sigma": (0.08, 0.06, 0.09), "dof": (5.0, 4.0, 8.0)},
)
def attention_factor_martingale(p: Parameters) -> Sampled:
    return Sampled(1.0, crowded(p, 1.0, dof=p.dof), price)


@case(
    "attention-factor-covariance",
    NONE,
    "names under one attention factor and unequal attention move together",
    "Cov = D (b_1 b_2 + share sigma^2 sqrt(r_1 r_2)), "
    "r = (sigma^2 (1 + a_sigma A)^2 - b^2)/(sigma^2 - b^2)",
    header="anchor.h",
    test="kernels/reference/test_anchor::test_an_attention_factor_takes_its_share",
    step=EXACT_STEP,
    kind=Kind.MEAN,
    ranges=RANGES,
)
def attention_factor_covariance(p: Parameters) -> Sampled:
    market = (BETA * MARKET) ** 2 / TRADING_DAYS
    whole = [variance(p, p.attention / k) for k in (1, 2)]
    rise = [(each - market) / (p.sigma**2 - market) for each in whole]
    value = p.days * (market + p.share * p.sigma**2 * np.sqrt(rise[0] * rise[1]))
    means = [-p.days * each / 2 for each in whole]
    return Sampled(
        float(value),
        [crowded(p, 1.0, 0.0), crowded(p, 0.0, 1.0)],
        lambda one, two: (np.log(price(one)) - means[0]) * (np.log(price(two)) - means[1]),
    )

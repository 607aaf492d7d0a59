"""Tail statistics with their errors. Losses are positive; level p, a = 1 - p, n paths.

    VaR  q  = L_(ceil(n p))                       the order statistic, never interpolated
    ES      = q + (1/(n a)) sum (L - q)+          exact with ties
    SE(ES)  = sd((L - q)+) / (a sqrt n)           the error of q drops out to first order

Interval of VaR: order statistics at the quantiles of Binomial(n, p), no law assumed. Below
`REFUSE` tail paths intervals cover too rarely (86 % instead of 95 %) and the estimate is refused;
below `WARN` it carries a warning. Probabilities have Wilson intervals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

REFUSE = 50
WARN = 200
COVERAGE = 0.95
Z = 1.959963984540054  # normal quantile at (1 + COVERAGE) / 2


class TooFewPaths(ValueError):
    """The sample cannot support the quantile that was asked for."""


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error and its two-sided 95 % interval."""

    value: float
    standard_error: float
    low: float
    high: float


REFUSED = Estimate(math.nan, math.nan, math.nan, math.nan)


def rank(n: int, level: float) -> int:
    """ceil(n p), in exact arithmetic on the decimal number that was written."""
    return math.ceil(n * Fraction(Decimal(repr(level))))


def tail_paths(n: int, level: float) -> int:
    """How many of n paths lie beyond the VaR path."""
    return n - rank(n, level)


def sorted_losses(losses: npt.ArrayLike) -> Floats:
    """Ascending float64 copy, shape (n,).

    Errors: ValueError if a loss is NaN or infinite, or there is none: never skip a path.
    """
    ordered = np.sort(np.asarray(losses, np.float64).ravel())
    if ordered.size == 0 or not np.isfinite(ordered[[0, -1]]).all():
        raise ValueError("losses must be finite numbers, at least one")
    return ordered


def _check(n: int, level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    tail = tail_paths(n, level)
    if tail < REFUSE:
        raise TooFewPaths(
            f"{tail} of {n} paths lie beyond the {level:.2%} quantile; it takes {REFUSE}"
        )


def rank_interval(n: int, level: float) -> tuple[int, int]:
    """Ranks, from 1, between which the quantile lies with 95 %: Binomial(n, level), any law."""
    from scipy.stats import binom

    below = int(binom.ppf((1 - COVERAGE) / 2, n, level))
    above = int(binom.ppf((1 + COVERAGE) / 2, n, level)) + 1
    return max(below, 1), min(above, n)


def value_at_risk(ordered: Floats, level: float) -> Estimate:
    """VaR of ascending losses, shape (n,), with the binomial interval of its rank.

    The standard error is that of a normal law with the same interval width.
    Errors: TooFewPaths.
    """
    n = ordered.size
    _check(n, level)
    low, high = (float(ordered[k - 1]) for k in rank_interval(n, level))
    return Estimate(float(ordered[rank(n, level) - 1]), (high - low) / (2 * Z), low, high)


def expected_shortfall(ordered: Floats, level: float) -> Estimate:
    """ES of ascending losses, shape (n,), with its normal interval. Errors: TooFewPaths."""
    n, a = ordered.size, 1 - level
    _check(n, level)
    k = rank(n, level)
    q = float(ordered[k - 1])
    excess = ordered[k:] - q  # all others add zero
    mean = float(excess.sum()) / n
    variance = (float(np.square(excess).sum()) - n * mean**2) / max(n - 1, 1)
    es, se = q + mean / a, math.sqrt(max(variance, 0.0) / n) / a
    return Estimate(es, se, es - Z * se, es + Z * se)


def var_es(losses: npt.ArrayLike, level: float) -> tuple[Estimate, Estimate]:
    """VaR and ES of losses in any order, shape (n,). Errors: TooFewPaths, ValueError on NaN."""
    ordered = sorted_losses(losses)
    return value_at_risk(ordered, level), expected_shortfall(ordered, level)


def _paired(value: float, change: Floats, n: int) -> Estimate:
    """Estimate of a difference from the paths whose influence changes, zero for all others."""
    mean = float(change.sum()) / n
    variance = (float(np.square(change).sum()) - n * mean**2) / max(n - 1, 1)
    se = math.sqrt(max(variance, 0.0) / n)
    return Estimate(value, se, value - Z * se, value + Z * se)


def es_difference(losses: npt.ArrayLike, base: npt.ArrayLike, level: float) -> Estimate:
    """ES(losses) - ES(base) where path j of both has the same random numbers, shapes (n,).

    psi = (L - q)+/a + q - ES is what a path adds to the error of ES; SE = sd(psi_1 - psi_0)/sqrt n,
    far below that of two separate runs. Errors: TooFewPaths.
    """
    one, zero = np.asarray(losses, np.float64), np.asarray(base, np.float64)
    return paired_difference(one, var_es(one, level), zero, var_es(zero, level), level)[1]


def paired_difference(
    losses: Floats,
    known: tuple[Estimate, Estimate],
    base: Floats,
    known_base: tuple[Estimate, Estimate],
    level: float,
) -> tuple[Estimate, Estimate]:
    """Differences of VaR and of ES over the same random numbers, from what is known of both.

    `known` is (VaR, ES) of `losses`, `known_base` of `base`, shapes (n,). For VaR
    psi = 1{L > q}/f(q) (Bahadur 1966) with the density f(q) = sqrt(p a/n)/SE that its interval
    implies.
    """
    n, a = losses.size, 1 - level
    (var1, es1), (var0, es0) = known, known_base
    tail = np.flatnonzero((losses > var1.value) | (base > var0.value))
    excess1, excess0 = losses[tail] - var1.value, base[tail] - var0.value
    scale = math.sqrt(n / (level * a))
    moved = scale * ((excess1 > 0) * var1.standard_error - (excess0 > 0) * var0.standard_error)
    change = (np.maximum(excess1, 0) - np.maximum(excess0, 0)) / a
    return (
        _paired(var1.value - var0.value, moved, n),
        _paired(es1.value - es0.value, change, n),
    )


@dataclass(frozen=True)
class Sample:
    """ES of losses (n,) in a sum, with its sign; path j of all samples of one `stream` has the same
    random numbers, other streams are independent."""

    sign: int
    stream: int
    losses: Floats


def es_sum(samples: Iterable[Sample], level: float) -> Estimate:
    """Signed sum of ES over samples that may overlap in paths and differ in length.

    A path's error is the sum of sign psi / n over the samples it is in, with psi as in
    `es_difference`: of two samples of one length this is that difference, of a sample less its own
    first half what the half is off by, and samples that cancel give 0 exactly. Errors: TooFewPaths.
    """
    values: list[float] = []
    errors: dict[int, Floats] = {}
    for sample in samples:
        n, a = sample.losses.size, 1 - level
        var, es = var_es(sample.losses, level)
        psi = np.maximum(sample.losses - var.value, 0) / a + (var.value - es.value)
        before = errors.get(sample.stream, np.empty(0))
        both = np.zeros(max(n, before.size))
        both[: before.size] += before
        both[:n] += sample.sign * psi / n
        errors[sample.stream] = both
        values.append(sample.sign * es.value)
    value = math.fsum(values)
    variances = (float(np.square(e).sum()) * e.size / (e.size - 1) for e in errors.values())
    se = math.sqrt(math.fsum(variances))
    return Estimate(value, se, value - Z * se, value + Z * se)


def probability_difference(hits: npt.NDArray[np.bool_], base: npt.NDArray[np.bool_]) -> Estimate:
    """P(hits) - P(base) over the same random numbers, shapes (n,)."""
    change = hits.astype(np.float64) - base
    return _paired(float(change.mean()), change, change.size)


def superiority(one: npt.ArrayLike, other: npt.ArrayLike) -> Estimate:
    """P(X > Y) + P(X = Y)/2 for independent samples of X, shape (n,), and Y, shape (m,).

    1/2: the samples do not tell X from Y; 0 or 1: they do not overlap. Mann & Whitney's statistic
    over n m, its error from the placements of each sample in the other (DeLong, DeLong &
    Clarke-Pearson, Biometrics 1988). NaN is left out; with fewer than two numbers on a side
    nothing is known.
    """
    x, y = (np.asarray(v, np.float64).ravel() for v in (one, other))
    x, y = np.sort(x[~np.isnan(x)]), np.sort(y[~np.isnan(y)])
    if min(x.size, y.size) < 2:
        return REFUSED

    def below(of: Floats, among: Floats) -> Floats:
        sides = (np.searchsorted(among, of, side) for side in ("left", "right"))
        return np.asarray(sum(sides) / (2 * among.size))

    placed, other_placed = below(x, y), below(y, x)
    value = float(placed.mean())
    se = math.sqrt(placed.var(ddof=1) / x.size + other_placed.var(ddof=1) / y.size)
    return Estimate(value, se, value - Z * se, value + Z * se)


def wilson(hits: int, n: int) -> Estimate:
    """Probability of an event seen `hits` times in n paths, Wilson's interval (1927).

    With no hits the upper bound is the exact 1 - .025^(1/n), with all hits likewise from below.
    """
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"{hits} hits in {n} paths")
    p = hits / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + (Z / (2 * n)) ** 2)
    edge = 1 - ((1 - COVERAGE) / 2) ** (1 / n)
    low = 0.0 if hits == 0 else 1 - edge if hits == n else centre - half
    high = 1.0 if hits == n else edge if hits == 0 else centre + half
    return Estimate(p, math.sqrt(p * (1 - p) / n), low, high)


def clopper_pearson(hits: int, n: int) -> Estimate:
    """The same with the exact interval, which covers at least 95 % always (Biometrika 1934)."""
    from scipy.stats import beta

    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"{hits} hits in {n} paths")
    p, tail = hits / n, (1 - COVERAGE) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits == n else float(beta.ppf(1 - tail, hits + 1, n - hits))
    return Estimate(p, math.sqrt(p * (1 - p) / n), low, high)


def tail_shape(ordered: Floats, level: float, most: int = 5000) -> float:
    """Shape xi of a generalised Pareto law fitted to the losses beyond VaR; NaN if too few.

    A diagnostic: from .5 up the error of ES is not to be trusted, from 1 up ES does not exist.
    Zhang & Stephens (Technometrics 2009), over at most the `most` largest losses.
    """
    n = ordered.size
    k = max(rank(n, level), n - most)
    excess = ordered[k:] - ordered[k - 1]
    excess = excess[excess > 0]
    m = excess.size
    if m < REFUSE:
        return math.nan
    grid = 30 + int(math.sqrt(m))
    j = np.arange(1, grid + 1)
    quartile = float(excess[int(m / 4 + 0.5) - 1])
    theta = 1 / excess[-1] + (1 - np.sqrt(grid / (j - 0.5))) / (3 * quartile)
    theta = theta[theta != 0]
    xi = np.array([float(np.mean(np.log1p(-t * excess))) for t in theta])
    likelihood = m * (np.log(-theta / xi) - xi - 1)
    weight = np.exp(likelihood - likelihood.max())
    best = float((theta * weight).sum() / weight.sum())
    return float(np.mean(np.log1p(-best * excess)))

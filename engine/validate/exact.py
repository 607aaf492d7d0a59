"""What theory says: closed forms and quadrature, without a line of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats
from scipy.special import gammainc, ndtr, ndtri

Array = npt.NDArray[np.float64]

NODES = 600  # of Gauss-Legendre: a step's sd is several nodes wide
WIDE = 9.0  # standard deviations that a density is followed out to


def black_scholes(strike: float, sd: float, spot: float = 1.0) -> float:
    """Call on a driftless price; `sd` of the log price at expiry. Black & Scholes (1973)."""
    d1 = np.log(spot / strike) / sd + sd / 2
    return float(spot * ndtr(d1) - strike * ndtr(d1 - sd))


def merton_call(
    strike: float, days: int, sigma: float, rate: float, mean: float, sd: float
) -> float:
    """Call where each day has a jump with p = 1 - e^-rate: a binomial mixture. Merton (1976)."""
    p = -np.expm1(-rate)
    growth = np.log1p(p * np.expm1(mean + sd**2 / 2))
    jumps = np.arange(days + 1)
    width = np.sqrt(days * sigma**2 + jumps * sd**2)
    spot = np.exp(jumps * (mean + sd**2 / 2) - days * growth)
    prices = [black_scholes(strike, w, s) for w, s in zip(width, spot, strict=True)]
    return float(stats.binom.pmf(jumps, days, p) @ prices)


def short_es(sd: float, level: float) -> tuple[float, float]:
    """VaR and ES of a short of one on a driftless lognormal price (docs/model.md, 15)."""
    z = ndtri(level)
    var = np.exp(sd * z - sd**2 / 2) - 1
    return float(var), float(ndtr(sd - z) / (1 - level) - 1)


class Tail(NamedTuple):
    """VaR and ES of a loss, and the density of the loss at its VaR."""

    var: float
    es: float
    density: float


def worst_short(
    variances: Sequence[float], weight: float, level: float, *, nodes: int = NODES
) -> Tail:
    """The tail of a short's loss at its worst moment, L = weight (e^M - 1), M = max(0, max_k X_k).

    M has an atom at 0, the paths that never lose: where it is larger than the level VaR is 0 and
    the density is without meaning. ES = VaR + E(L - VaR)+ / (1 - level), the mean excess being
    weight int e^m P(M > m) dm beyond the quantile of M.
    """
    law, reach = highest(variances, nodes=nodes), WIDE * float(np.sqrt(sum(variances)))
    m = 0.0
    if law(0.0) < level:
        m = float(optimize.brentq(lambda at: float(law(at)) - level, 0.0, reach, xtol=1e-14))
    at, mass = _legendre(m, reach, nodes)
    excess = weight * float(mass @ (np.exp(at) * (1 - law(at))))
    near = reach * 1e-5
    slope = float(law(m + near) - law(m - near)) / (2 * near)
    var = weight * float(np.expm1(m))
    return Tail(var, var + excess / (1 - level), slope / (weight * float(np.exp(m))))


def survival(variances: Sequence[float], distance: npt.ArrayLike) -> Array:
    """P(max_k X_k < distance) of a driftless log price X sampled after each step.

    X moves by N(-v/2, v) at every step. Shape of `distance`.
    """
    return highest(variances)(distance)


def highest(
    variances: Sequence[float], *, drift: float = -0.5, nodes: int = NODES
) -> Callable[[npt.ArrayLike], Array]:
    """The law of the highest point of a walk: m to P(max_k X_k < m), of the shape of m.

    X moves by N(drift v, v) at every step. Backwards from the last step on Gauss-Legendre nodes of
    the distance left: exact for the steps given, no continuity correction. Only the first step is
    taken anew for every m, so that a quantile costs little more than a probability.
    """
    reach = WIDE * np.sqrt(sum(variances))
    left, weights = _legendre(0.0, reach, nodes)

    def kernel(at: Array, v: float) -> Array:
        sd = np.sqrt(v)
        density = np.exp(-(((left - at[:, None] + drift * v) / sd) ** 2) / 2)
        return np.asarray(density * weights / np.sqrt(2 * np.pi) / sd)

    def beyond(at: Array, v: float, limit: float) -> Array:
        return np.asarray(ndtr((at - drift * v - limit) / np.sqrt(v)))

    # from distance d to d' = d - step; beyond the reach nothing happens
    alive: Array | None = None  # at the nodes, None: certain
    kernels = {v: kernel(left, v) for v in set(variances[1:])}
    for v in reversed(variances[1:]):
        alive = (
            beyond(left, v, 0.0) if alive is None else kernels[v] @ alive + beyond(left, v, reach)
        )

    def law(m: npt.ArrayLike) -> Array:
        at, v = np.atleast_1d(np.asarray(m, float)), variances[0]
        if alive is None:
            return beyond(at, v, 0.0).reshape(np.shape(m))
        return np.asarray(kernel(at, v) @ alive + beyond(at, v, reach)).reshape(np.shape(m))

    return law


def first_highest(variances: Sequence[float]) -> Array:
    """P(a driftless log price is highest after step k), k = 0 being the start: (steps + 1,).

    What came before is a walk back from the top that stays below it, what comes after is one that
    never passes it, and the two are independent (Feller, An Introduction to Probability II, XII).
    """
    found = []
    for k in range(len(variances) + 1):
        before, after = variances[:k][::-1], variances[k:]
        stays_below = float(highest(before, drift=0.5)(0.0)) if before else 1.0
        never_passes = float(survival(after, 0.0)) if after else 1.0
        found.append(stays_below * never_passes)
    return np.array(found)


def stays_inside(
    variances: Sequence[float], down: Sequence[float], up: Sequence[float], pull: float
) -> float:
    """P(no exit) of y_k = (1 - pull) y_{k-1} + N(-v_k/2, v_k), -down_k <= y_k <= up_k, y_0 = 0.

    The bands are checked before the pull. Nystrom's method: backwards on the nodes of each step's
    band, exact for the steps given.
    """
    later: Array | None = None
    for k in range(len(variances) - 1, -1, -1):
        nodes, weights = _legendre(-down[k], up[k])
        before = _legendre(-down[k - 1], up[k - 1])[0] if k else np.zeros(1)
        at, v = (1 - pull) * before, variances[k]
        sd = np.sqrt(v)
        if later is None:
            later = ndtr((up[k] - at + v / 2) / sd) - ndtr((-down[k] - at + v / 2) / sd)
            continue
        density = np.exp(-(((nodes - at[:, None] + v / 2) / sd) ** 2) / 2) / np.sqrt(2 * np.pi) / sd
        later = density @ (weights * later)
    assert later is not None
    return float(later[0])


@cache
def _unit_legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)


def _legendre(low: float, high: float, count: int = NODES) -> tuple[Array, Array]:
    nodes, weights = _unit_legendre(count)
    half = (high - low) / 2
    return low + half * (nodes + 1), half * weights


def mean_over_normal(f: Callable[[Array], Array], count: int = 4001) -> float:
    """E f(Z) of a standard normal, by the trapezoid rule on [-9, 9]: f may have kinks."""
    z = np.linspace(-9, 9, count)
    return float(np.trapezoid(f(z) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), z))


def capped_mixture(dof: float, cap: float) -> tuple[Callable[[Array], Array], float]:
    """W of a normal score z, and E W^2: min((dof - 2)/chi^2_dof, cap) over its mean."""

    def raw(z: Array) -> Array:
        return np.minimum((dof - 2) / np.maximum(stats.chi2.isf(ndtr(z), dof), 1e-300), cap)

    # below, chi^2 is small and the cap holds: E W in closed form
    knee = (dof - 2) / cap
    mean = cap * gammainc(dof / 2, knee / 2) + 1 - gammainc(dof / 2 - 1, knee / 2)
    square = mean_over_normal(lambda z: (raw(z) / mean) ** 2, 40_001)
    return lambda z: raw(z) / mean, square


def final_size(r0: float, susceptible: float) -> float:
    """Attention ever had, r = 1 - s0 e^(-R0 r). Kermack & McKendrick (1927)."""
    return float(
        optimize.brentq(lambda r: 1 - susceptible * np.exp(-r0 * r) - r, 1e-12, 1, xtol=1e-15)
    )


def final_sizes(r0: Array, susceptible: Array, shared: float, weights: Array) -> Array:
    """The same of names that infect each other:

    r_i = 1 - s_i exp(-R0_i ((1 - shared) r_i + shared sum_j W_j r_j)), the largest solution.
    """
    r = np.ones_like(susceptible)
    for _ in range(10_000):
        force = (1 - shared) * r + shared * weights @ r
        r, old = 1 - susceptible * np.exp(-r0 * force), r
        if np.abs(r - old).max() < 1e-15:
            break
    return r


def peak_attention(r0: float, attention: float) -> float:
    """Largest A of an epidemic that starts at A0, nobody removed: 1 - (1 + ln(R0 s0))/R0."""
    return float(1 - (1 + np.log(r0 * (1 - attention))) / r0)


def logistic(start: float, rate: float, time: float) -> float:
    """A' = rate A (1 - A)."""
    odds = start / (1 - start) * np.exp(rate * time)
    return float(odds / (1 + odds))


def bass(p: float, q: float, time: float) -> float:
    """Adopters of Bass (1969): innovation p, imitation q, nobody at the start."""
    decay = np.exp(-(p + q) * time)
    return float((1 - decay) / (1 + q / p * decay))


def normal_share(x: npt.ArrayLike, mean: float, sd: float) -> Array:
    """Share of a cohort whose limit, normal and truncated at 0, is below x."""
    floor = ndtr(-mean / sd)
    return np.asarray(np.maximum(ndtr((np.asarray(x) - mean) / sd) - floor, 0) / (1 - floor))


def cost_of_buying(quantity: float, elastic: float, m: float) -> float:
    """int P dE of buying `quantity` from elastic holders, P = (E0/E)^M."""
    left = elastic - quantity
    if abs(m - 1) < 1e-12:
        return float(elastic * np.log(elastic / left))
    return float(elastic**m * (elastic ** (1 - m) - left ** (1 - m)) / (1 - m))


def steady_cost(rho_t: float) -> float:
    """Cost of a steady order under decaying impact, over X^2: Obizhaeva & Wang (2013)."""
    return float((rho_t - 1 + np.exp(-rho_t)) / rho_t**2)


def climb(answer: Callable[[float], float], start: float) -> float:
    """The first fixed point of a rising function at or above (below, if falling) `start`."""
    x = start
    for _ in range(100_000):
        x, old = answer(x), x
        if abs(x - old) < 1e-14:
            break
    return x

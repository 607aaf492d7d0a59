"""GARCH(1,1) with Student's t innovations, what closes without a squeeze are held against.

    h_{t+1} = omega + alpha r_t^2 + beta h_t,    r_t = sqrt(h_t) e_t,  e_t Student's t of variance 1

Bollerslev (1987), A conditionally heteroskedastic time series model for speculative prices and
rates of return, Review of Economics and Statistics 69.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, gammaln

Array = npt.NDArray[np.float64]

LEAST_DOF, PERSISTENCE, LEAST_VARIANCE = 2.1, 0.999, 1e-12
STARTS = ((0.05, 0.9, 8.0), (0.1, 0.6, 5.0), (0.3, 0.3, 4.0))


@dataclass(frozen=True)
class Garch:
    """`variance` is the mean one, at which the first day stands; alpha + beta is below 1."""

    variance: float
    alpha: float
    beta: float
    dof: float

    def variances(self, returns: Array) -> Array:
        """Of every day, known at the close before. Shape: returns (days,), as given."""
        h, found = self.variance, np.empty_like(returns)
        omega = self.variance * (1 - self.alpha - self.beta)
        for day, r in enumerate(returns):
            found[day] = h
            h = omega + self.alpha * r * r + self.beta * h
        return found

    def log_likelihood(self, returns: npt.ArrayLike) -> float:
        """Of daily log returns without a mean. Shape: returns (days,)."""
        r = np.asarray(returns, float)
        h, v = self.variances(r), self.dof
        constant = gammaln((v + 1) / 2) - gammaln(v / 2) - np.log(np.pi * (v - 2)) / 2
        terms = np.log(h) / 2 + (v + 1) / 2 * np.log1p(r * r / (h * (v - 2)))
        return float(len(r) * constant - terms.sum())

    def paths(self, days: int, paths: int, seed: int) -> Array:
        """Simulated log prices from the first day on, shape (paths, days)."""
        rng = np.random.default_rng(seed)
        scale = np.sqrt((self.dof - 2) / self.dof)
        e = scale * rng.standard_t(self.dof, (days, paths))
        omega = self.variance * (1 - self.alpha - self.beta)
        h, moves = np.full(paths, self.variance), np.empty((days, paths))
        for day in range(days):
            moves[day] = np.sqrt(h) * e[day]
            h = omega + self.alpha * moves[day] ** 2 + self.beta * h
        return np.cumsum(moves, axis=0).T


def fit_garch(returns: npt.ArrayLike) -> Garch:
    """Maximum likelihood from three starts. Shape: returns (days,), three or more."""
    r = np.asarray(returns, float)
    mean_square = max(float(np.mean(r**2)), LEAST_VARIANCE)

    def made(p: Array) -> Garch:
        persistence, share = PERSISTENCE * expit(p[1]), expit(p[2])
        return Garch(
            mean_square * float(np.exp(np.clip(p[0], -3, 3))),
            float(persistence * share),
            float(persistence * (1 - share)),
            LEAST_DOF + float(np.exp(np.clip(p[3], -5, 5))),
        )

    def misfit(p: Array) -> float:
        return -made(p).log_likelihood(r)

    fits = [
        minimize(
            misfit,
            np.array([0.0, np.log((a + b) / (1 - a - b)), np.log(a / b), np.log(dof - LEAST_DOF)]),
            method="Nelder-Mead",
            options={"maxiter": 2000, "xatol": 1e-4, "fatol": 1e-6},
        )
        for a, b, dof in STARTS
    ]
    return made(min(fits, key=lambda fit: float(fit.fun)).x)

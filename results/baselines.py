"""What an episode is compared with: a random walk, and jumps fitted to the episode itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import poisson

from .scores import crps, energy_score

Array = npt.NDArray[np.float64]

MOST_JUMPS = 8  # a day, of those the likelihood adds up
LEAST_SHARE = 0.2  # of the returns' sd that the diffusion keeps
LARGEST_RATE = 2.0


def random_walk(volatility: float, days: int, paths: int, seed: int) -> Array:
    """Log prices of a driftless walk. `volatility` is per square-root day.

    Shape: (paths, days). e^x is a martingale, so the mean is -volatility^2/2 a day.
    """
    z = np.random.default_rng(seed).standard_normal((paths, days))
    return np.asarray(np.cumsum(volatility * z - volatility**2 / 2, axis=1))


@dataclass(frozen=True)
class Merton:
    """Daily log returns `drift + volatility z + sum of Poisson(rate) jumps N(mean, sd^2)`.

    Merton (1976), Option pricing when underlying stock returns are discontinuous, JFE 3.
    """

    drift: float
    volatility: float
    rate: float
    jump_mean: float
    jump_sd: float

    def log_likelihood(self, returns: npt.ArrayLike) -> float:
        """Of independent daily returns: a mixture of normals over the number of jumps."""
        n = np.arange(MOST_JUMPS + 1)
        mean = self.drift + n * self.jump_mean
        variance = self.volatility**2 + n * self.jump_sd**2
        gaps = np.asarray(returns, float)[:, None] - mean
        density = np.exp(-(gaps**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        mixed = density @ poisson.pmf(n, self.rate)
        return float(np.log(np.maximum(mixed, 1e-300)).sum())

    def paths(self, days: int, paths: int, seed: int) -> Array:
        """Simulated log prices, shape (paths, days)."""
        rng = np.random.default_rng(seed)
        jumps = rng.poisson(self.rate, (paths, days))
        sd = np.sqrt(self.volatility**2 + jumps * self.jump_sd**2)
        moves = self.drift + jumps * self.jump_mean + sd * rng.standard_normal((paths, days))
        return np.asarray(np.cumsum(moves, axis=1))


def fit_merton(returns: npt.ArrayLike) -> Merton:
    """Maximum likelihood from four starts. Shape: returns (days,), three or more.

    The likelihood of a mixture is without bound where one of its normals shrinks onto a return, so
    the diffusion keeps a fifth of the returns' sd and a jump's sd a tenth.
    """
    r = np.asarray(returns, float)
    sd, middle = float(r.std()), float(np.median(r))
    bounds = [
        (middle - 2 * sd, middle + 2 * sd),
        (LEAST_SHARE * sd, 2 * sd),
        (1e-3, LARGEST_RATE),
        (-4 * sd, 4 * sd),
        (0.1 * sd, 4 * sd),
    ]
    starts = [
        (middle, share * sd, rate, 0.0, wide * sd)
        for share, rate, wide in (
            (1.0, 0.01, 1.0),
            (0.5, 0.2, 2.0),
            (0.3, 0.5, 1.5),
            (0.7, 1.0, 0.5),
        )
    ]

    def misfit(p: Array) -> float:
        return -Merton(*map(float, p)).log_likelihood(r)

    fits = [minimize(misfit, np.array(s), method="L-BFGS-B", bounds=bounds) for s in starts]
    best = min(fits, key=lambda fit: float(fit.fun))
    return Merton(*(float(value) for value in best.x))


def scored_beside(
    closes: Array, actual: Array, volatility: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Mean CRPS and energy score of simulated paths, of a walk and of Merton's jumps.

    The walk has the `volatility` from before, per square-root day; the jumps are fitted to the
    episode itself. Shape: closes (paths, days), actual (days,), log prices.
    """
    paths, days = closes.shape
    jumps = fit_merton(np.diff(actual, prepend=0.0))
    laws = {
        "scenario": closes,
        "random walk": random_walk(volatility, days, paths, seed),
        "Merton, fitted to it": jumps.paths(days, paths, seed),
    }
    return {
        name: (float(crps(x, actual).mean()), energy_score(x, actual)) for name, x in laws.items()
    }

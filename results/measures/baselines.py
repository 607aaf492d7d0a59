"""What an episode is compared with: a random walk, and jumps and a GARCH fitted to itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import poisson

from .garch import fit_garch
from .scores import crps, energy_score

Array = npt.NDArray[np.float64]

MOST_JUMPS = 8  # a day, of those the likelihood adds up
LEAST_SHARE = 0.2  # of the returns' sd that the diffusion keeps
LARGEST_RATE = 2.0
FEWEST_RETURNS = 3
WALK, GARCH = "random walk", "GARCH, fitted to it"


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

    def log_likelihood(self, returns: npt.ArrayLike, days: npt.ArrayLike = 1) -> float:
        """Of independent returns over so many days each: normals mixed over the number of jumps."""
        t = np.broadcast_to(np.asarray(days), np.shape(returns))[:, None]
        n = np.arange(MOST_JUMPS * int(t.max()) + 1)
        mean = t * self.drift + n * self.jump_mean
        variance = t * self.volatility**2 + n * self.jump_sd**2
        gaps = np.asarray(returns, float)[:, None] - mean
        density = np.exp(-(gaps**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        mixed = (density * poisson.pmf(n, t * self.rate)).sum(axis=1)
        return float(np.log(np.maximum(mixed, 1e-300)).sum())

    def paths(self, days: int, paths: int, seed: int) -> Array:
        """Simulated log prices, shape (paths, days)."""
        rng = np.random.default_rng(seed)
        jumps = rng.poisson(self.rate, (paths, days))
        sd = np.sqrt(self.volatility**2 + jumps * self.jump_sd**2)
        moves = self.drift + jumps * self.jump_mean + sd * rng.standard_normal((paths, days))
        return np.asarray(np.cumsum(moves, axis=1))


def fit_merton(returns: npt.ArrayLike, days: npt.ArrayLike = 1) -> Merton:
    """Maximum likelihood from four starts, of returns over so many `days` each.

    Shape: returns (returns,), three or more.

    The likelihood of a mixture is without bound where one of its normals shrinks onto a return, so
    the diffusion keeps a fifth of the returns' sd and a jump's sd a tenth.
    """
    r = np.asarray(returns, float)
    t = np.broadcast_to(np.asarray(days), r.shape)
    sd, middle = float((r / np.sqrt(t)).std()), float(np.median(r / t))
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
        return -Merton(*map(float, p)).log_likelihood(r, t)

    fits = [minimize(misfit, np.array(s), method="L-BFGS-B", bounds=bounds) for s in starts]
    best = min(fits, key=lambda fit: float(fit.fun))
    return Merton(*(float(value) for value in best.x))


def scored_beside(
    closes: Array,
    actual: Array,
    volatility: float,
    seed: int,
    days: Sequence[int] | None = None,
) -> dict[str, tuple[float, float]]:
    """Mean CRPS and energy score of simulated paths, of a walk, of Merton's jumps and of a GARCH.

    The walk has the `volatility` from before, per square-root day; jumps and GARCH are fitted to
    the episode itself, if it has three returns or more, the GARCH to daily ones alone. `days` are
    the numbers of the days whose closes are known; None: 1, 2, ...
    Shape: closes (paths, closes), actual (closes,), log prices.
    """
    paths, count = closes.shape
    known = np.arange(1, count + 1) if days is None else np.asarray(days)
    last, at = int(known[-1]), known - 1
    laws = {
        "scenario": closes,
        WALK: random_walk(volatility, last, paths, seed)[:, at],
    }
    if count >= FEWEST_RETURNS:
        jumps = fit_merton(np.diff(actual, prepend=0.0), np.diff(known, prepend=0))
        laws["Merton, fitted to it"] = jumps.paths(last, paths, seed)[:, at]
        if last == count:
            garch = fit_garch(np.diff(actual, prepend=0.0))
            laws[GARCH] = garch.paths(last, paths, seed)
    return {
        name: (float(crps(x, actual).mean()), energy_score(x, actual)) for name, x in laws.items()
    }

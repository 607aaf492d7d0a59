"""Whether fits find parameters again: synthetic episodes, one bank of simulated sets for all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...results.measures.scores import distance, spread
from ...scenarios.errors import InputError
from .fit import IDENTIFIED, RATE
from .loss import Observed, moves, weights
from .simulator import Paths, Simulator, simulate_all

Array = npt.NDArray[np.float64]

CHUNK = 256
PARTS = (np.asarray, moves)


@dataclass(frozen=True)
class Recovery:
    """Synthetic episodes fitted by weighting the bank.

    Shape: each (episodes, parameters) in normal scores; `effective` (episodes,) members of the
    bank that count.
    """

    parameters: tuple[str, ...]
    truth: Array
    low: Array
    high: Array
    sd: Array
    effective: Array

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether the 90 % interval holds the true value."""
        return (self.truth >= self.low) & (self.truth <= self.high)

    @property
    def identified(self) -> npt.NDArray[np.bool_]:
        """Where the episode tells the parameter."""
        return np.asarray(self.sd < IDENTIFIED)

    def coverage(self) -> tuple[float, float]:
        """Share of 90 % intervals of identified parameters that hold the truth, standard error.

        Parameters of one episode depend on each other, so the error is that over episodes.
        """
        hits = np.where(self.identified, self.inside, 0).sum(axis=1)
        counts = self.identified.sum(axis=1)
        share = hits.sum() / counts.sum()
        left = hits - share * counts
        return float(share), float(np.sqrt((left**2).sum()) / counts.sum())


def recover(
    simulator: Simulator, sets: int, episodes: int, *, workers: int, least_peak: float = 2.0
) -> Recovery:
    """Fit synthetic episodes: one path each of sets of the bank, peaking at `least_peak` or above.

    The paths of an episode are left out of every set's score, as all sets share their random
    numbers; so is the set that made it. The bank stands for the prior: weights are exp(-RATE loss).
    Raises InputError if too few paths peak so high.
    """
    rng = np.random.Generator(np.random.Philox(simulator.seed))
    z = rng.standard_normal((sets, len(simulator.priors.parameters)))
    made, truth = _episodes(simulator, z, episodes, workers, float(np.log(least_peak)))
    distances, own = _bank(simulator.elsewhere(simulator.paths), z, made, workers)
    unit = weights(Observed(made[0])) / np.median(own[np.isfinite(own).all(axis=1)], axis=0)
    loss = (distances - own[:, None]) @ unit  # (sets, episodes)
    loss[truth, np.arange(episodes)] = np.inf
    w = np.exp(-RATE * (loss - loss.min(axis=0)))
    w /= w.sum(axis=0)
    low, high = (_quantiles(z, w, p) for p in (0.05, 0.95))
    sd = np.sqrt(np.maximum(w.T @ z**2 - (w.T @ z) ** 2, 0))
    effective = 1 / (w**2).sum(axis=0)
    return Recovery(simulator.priors.parameters, z[truth], low, high, sd, effective)


def _episodes(
    simulator: Simulator, z: Array, count: int, workers: int, least: float
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Log closes of episodes, and the sets that made them. Shape: (episodes, days), (episodes,).

    Episode k is path k of the first set not yet used whose path k peaks high enough.
    """
    found: list[Array] = []
    made: list[int] = []
    several = replace(simulator, paths=count)
    for start in range(0, len(z), CHUNK):
        sets = simulator.priors.values(z[start : start + CHUNK])
        for number, closes in enumerate(simulate_all(several, sets, workers, _closes), start):
            if len(found) < count and closes[len(found)].max() >= least:
                found.append(closes[len(found)])
                made.append(number)
        if len(found) == count:
            return np.array(found), np.array(made)
    raise InputError(f"only {len(found)} of {count} synthetic episodes peak high enough")


def _closes(paths: Paths | InputError) -> Array:
    if isinstance(paths, InputError):
        raise paths
    return paths.closes


def _bank(simulator: Simulator, z: Array, episodes: Array, workers: int) -> tuple[Array, Array]:
    """Distances of every set's paths from every episode, and their spread, by part.

    Shape: (sets, episodes, parts), (sets, parts).
    """

    def parts(paths: Paths | InputError) -> tuple[Array, Array]:
        x = _closes(paths)
        apart = [[distance(f(x), f(y)) for f in PARTS] for y in episodes]
        return np.array(apart), np.array([spread(f(x)) for f in PARTS])

    found = list(simulate_all(simulator, simulator.priors.values(z), workers, parts))
    return np.stack([apart for apart, _ in found]), np.stack([own for _, own in found])


def _quantiles(z: Array, w: Array, p: float) -> Array:
    """Weighted quantiles of every parameter. Shape: z (sets, parameters), w (sets, episodes)."""
    order = np.argsort(z, axis=0)
    columns = []
    for k in range(z.shape[1]):
        reached = np.cumsum(w[order[:, k]], axis=0)
        at = np.minimum((reached < p).sum(axis=0), len(z) - 1)
        columns.append(z[order[at, k], k])
    return np.stack(columns, axis=1)

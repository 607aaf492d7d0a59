"""Whether fits find parameters again: synthetic episodes, one bank of simulated sets for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ...results.measures.scores import distance, spread
from ...scenarios.errors import InputError
from ..campaign import Campaign
from .fit import IDENTIFIED, RATE
from .loss import Observed, moves, weights
from .simulator import Paths, Simulator, simulate_all

Array = npt.NDArray[np.float64]
Result = TypeVar("Result")

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
    work: Campaign, simulator: Simulator, sets: int, episodes: int, *, least_peak: float = 2.0
) -> Recovery:
    """Fit synthetic episodes: one path each of sets of the bank, peaking at `least_peak` or above.

    The paths of an episode are left out of every set's score, as all sets share their random
    numbers; so is the set that made it. The bank stands for the prior: weights are exp(-RATE loss).
    Raises InputError if too few paths peak so high.
    """
    rng = np.random.Generator(np.random.Philox(simulator.seed))
    z = rng.standard_normal((sets, len(simulator.priors.parameters)))
    made, truth = _episodes(work, simulator, z, episodes, float(np.log(least_peak)))
    distances, own = _bank(work, simulator.elsewhere(simulator.paths), z, made)
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
    work: Campaign, simulator: Simulator, z: Array, count: int, least: float
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Log closes of episodes, and the sets that made them. Shape: (episodes, days), (episodes,).

    Episode k is path k of the first set not yet used whose path k peaks high enough.
    """
    found: list[Array] = []
    made: list[int] = []
    several = replace(simulator, paths=count)
    for start in range(0, len(z), CHUNK):
        sets = simulator.priors.values(z[start : start + CHUNK])
        for number, closes in enumerate(
            map(_possible, simulate_all(work, several, sets, _closes)), start
        ):
            if len(found) < count and closes[len(found)].max() >= least:
                found.append(closes[len(found)])
                made.append(number)
        if len(found) == count:
            return np.array(found), np.array(made)
    raise InputError(f"only {len(found)} of {count} synthetic episodes peak high enough")


def _closes(paths: Paths | InputError) -> Array | InputError:
    return paths.closes if isinstance(paths, Paths) else paths


def _possible(result: Result | InputError) -> Result:
    """The result of a set. Raises the InputError of one that cannot be."""
    if isinstance(result, InputError):
        raise result
    return result


@dataclass(frozen=True)
class Apart:
    """Distances of a set's paths from every episode, and their spread, by part."""

    episodes: Array

    def __call__(self, paths: Paths | InputError) -> tuple[Array, Array] | InputError:
        if isinstance(paths, InputError):
            return paths
        x = paths.closes
        apart = [[distance(f(x), f(y)) for f in PARTS] for y in self.episodes]
        return np.array(apart), np.array([spread(f(x)) for f in PARTS])


def _bank(work: Campaign, simulator: Simulator, z: Array, episodes: Array) -> tuple[Array, Array]:
    """Distances of every set's paths from every episode, and their spread, by part.

    Shape: (sets, episodes, parts), (sets, parts).
    """
    bank = simulate_all(work, simulator, simulator.priors.values(z), Apart(episodes))
    both = [_possible(each) for each in bank]
    return np.stack([apart for apart, _ in both]), np.stack([own for _, own in both])


def _quantiles(z: Array, w: Array, p: float) -> Array:
    """Weighted quantiles of every parameter. Shape: z (sets, parameters), w (sets, episodes)."""
    order = np.argsort(z, axis=0)
    columns = []
    for k in range(z.shape[1]):
        reached = np.cumsum(w[order[:, k]], axis=0)
        at = np.minimum((reached < p).sum(axis=0), len(z) - 1)
        columns.append(z[order[at, k], k])
    return np.stack(columns, axis=1)

"""A sampler for parameters whose fit to the data is a score: tempered sequential Monte Carlo.

The prior is N(0, I) in the scores z of scenarios/priors.py, the target

    p(z) proportional to exp(-|z|^2/2 - rate loss(z)),

reached through rising rates (Del Moral, Doucet & Jasra 2006, Sequential Monte Carlo samplers,
JRSS B 68), whose mean weights multiply to the evidence, the prior mean of e^(-rate loss). Between
them particles move by a preconditioned Crank-Nicolson proposal around their own mean and
covariance, which a normal target accepts always, whatever its dimension (Cotter et al. 2013, MCMC
methods for functions, Statistical Science 28).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Loss = Callable[[Array], Array]

KEPT = 0.5
"""Effective part of the particles that a step of the rate leaves."""
MOVES = 3  # at a rate
WANTED = 0.3  # accepted proposals, around which their size is steered
SHRINK = 0.9  # of the particles' covariance, the rest is the prior's


@dataclass(frozen=True)
class Evidence:
    """ln of the prior mean of e^(-rate loss), of sets that can be, and its standard error."""

    log: float
    standard_error: float

    @classmethod
    def of(cls, losses: Array, by: float) -> Evidence:
        """From equally weighted sets whose rate rises `by` so much. Shape: losses (sets,)."""
        known = losses[np.isfinite(losses)]
        least = float(known.min())
        w = np.exp(-by * (known - least))
        mean = float(w.mean())
        error = float(w.std()) / mean / np.sqrt(len(w))
        return cls(float(np.log(mean)) - by * least, float(error))

    def __add__(self, other: Evidence) -> Evidence:
        """Of two rises, one after the other."""
        error = np.hypot(self.standard_error, other.standard_error)
        return Evidence(self.log + other.log, float(error))


@dataclass(frozen=True)
class Sample:
    """Equally weighted particles. Shape: z (particles, parameters), loss (particles,).

    The error of `evidence` takes particles for independent: it is at least so large.
    """

    z: Array
    loss: Array
    rates: tuple[float, ...]
    accepted: tuple[float, ...]
    evidence: Evidence


def sample(
    loss: Loss,
    z: Array,
    losses: Array,
    *,
    rate: float,
    particles: int,
    steps: int,
    rng: np.random.Generator,
    on_move: Callable[[float, float], None] | None = None,
) -> Sample:
    """Particles of the target, from draws `z` of the prior whose losses are known.

    Every particle moves `steps` times: a few at each rate, what is left at the last. A loss may be
    infinite: such a set cannot be. `on_move` hears the rate reached and the part of the proposals
    accepted. Shape: z (draws, parameters), losses (draws,). Raises ValueError if no draw is
    possible.
    """
    if not np.isfinite(losses).any():
        raise ValueError("no draw of the prior has a finite loss")
    at, size = 0.0, 0.6
    rates: list[float] = []
    accepted: list[float] = []
    evidence = Evidence(0.0, 0.0)
    while at < rate:
        target = KEPT * len(z) if rates else min(particles, KEPT * len(z))
        left = steps - len(accepted)
        before = at
        at, weights = (
            next_rate(losses, at, rate, target)
            if left >= 2 * MOVES
            else (rate, _weights(losses, rate - at))
        )
        evidence += Evidence.of(losses, at - before)
        moves = MOVES if at < rate else max(left, MOVES)
        chosen = systematic(weights, particles, rng)
        mean, root = _normal(z, weights)
        z, losses = z[chosen], losses[chosen]
        for _ in range(moves):
            z, losses, share = _move(loss, z, losses, at, mean, root, size, rng)
            size = float(np.clip(size * np.exp(share - WANTED), 0.05, 1.0))
            accepted.append(share)
            if on_move:
                on_move(at, share)
        rates.append(at)
    return Sample(z, losses, tuple(rates), tuple(accepted), evidence)


def next_rate(losses: Array, at: float, most: float, effective: float) -> tuple[float, Array]:
    """The rate that leaves so many effective particles, at most `most`, and their weights."""

    def left(rate: float) -> float:
        return effective_size(_weights(losses, rate - at))

    if left(most) >= effective:
        return most, _weights(losses, most - at)
    low, high = at, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if left(middle) >= effective else (low, middle)
    return high, _weights(losses, high - at)


def _weights(losses: Array, by: float) -> Array:
    """Of particles whose rate rises; they sum to 1."""
    return normalised(-by * (losses - losses.min()))


def normalised(logs: Array) -> Array:
    """Weights that sum to 1, from their logs up to a constant."""
    w = np.exp(logs - logs.max())
    return np.asarray(w / w.sum())


def effective_size(weights: Array) -> float:
    """How many equal ones weights that sum to 1 count as (Kish 1965)."""
    return float(1 / np.sum(weights**2))


def systematic(weights: Array, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Indices of `count` draws in proportion to weights, evenly spaced from a random start."""
    return evenly(weights, count, rng.random())


def evenly(weights: Array, count: int, start: float = 0.5) -> npt.NDArray[np.intp]:
    """Indices evenly spaced in a weighted law, the first `start` of a space from its lower end.

    Shape: weights (particles,), result (count,).
    """
    ends = np.cumsum(weights)
    return np.searchsorted(ends / ends[-1], (start + np.arange(count)) / count, side="right")


def _normal(z: Array, weights: Array) -> tuple[Array, Array]:
    """Mean and Cholesky root of weighted particles, drawn towards the prior's covariance."""
    mean = weights @ z
    covariance = (weights[:, None] * (z - mean)).T @ (z - mean)
    covariance = SHRINK * covariance + (1 - SHRINK) * np.eye(z.shape[1])
    return np.asarray(mean), np.asarray(np.linalg.cholesky(covariance))


def _move(
    loss: Loss,
    z: Array,
    losses: Array,
    rate: float,
    mean: Array,
    root: Array,
    size: float,
    rng: np.random.Generator,
) -> tuple[Array, Array, float]:
    """One Metropolis-Hastings step of every particle; also the share that moved."""
    noise = rng.standard_normal(z.shape) @ root.T
    proposed = mean + np.sqrt(1 - size**2) * (z - mean) + size * noise
    new = loss(proposed)

    def density(at: Array, its_loss: Array) -> Array:
        """ln of the target over the normal that the proposal leaves as it is."""
        scores = np.linalg.solve(root, (at - mean).T)
        return np.asarray((scores**2).sum(axis=0) / 2 - (at**2).sum(axis=1) / 2 - rate * its_loss)

    with np.errstate(invalid="ignore"):
        gain = density(proposed, new) - density(z, losses)
    moved = np.log(rng.random(len(z))) < np.where(np.isfinite(new), gain, -np.inf)
    z, losses = np.where(moved[:, None], proposed, z), np.where(moved, new, losses)
    return z, losses, float(moved.mean())

"""Paths of both cases from one start, simulated once; what was known on a day weighs them.

Draws of the prior with a crowd, and of the case that none comes, are simulated through all days of
an episode. At any close a path counts by the prior weight of its case times a Gaussian kernel of
the root-mean-square distance between its log closes so far and those that happened, whose width
leaves EFFECTIVE paths: approximate Bayesian computation by a kernel (Beaumont, Zhang & Balding
2002, Genetics 162), of parameters, of what nobody sees (attention, holdings) and of the case
alike. The closes count once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...scenarios.errors import InputError
from ..campaign import Campaign
from .no_crowd import DRAWS, without
from .simulator import CHUNK, Simulator, pieces_of
from .smc import effective_size, evenly, normalised

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]

PER_SET = 32  # paths of every draw of the prior, others for each
NOBODY = 4  # draws with a crowd to one without
EFFECTIVE = 512.0
NARROW, WIDE = 1e-4, 1e2  # kernel widths, in log price
HALVINGS = 32


@dataclass(frozen=True)
class Bank:
    """Shape: crowd (paths, days) and nobody (others, days) log closes, `prior` that of nobody,
    scores (sets, parameters) of the draws with a crowd, logs (sets,) of their weights; every set
    has as many paths, one after the other.
    """

    crowd: Single
    nobody: Single
    prior: float
    scores: Array
    logs: Array

    def seen(self, closes: Array) -> Seen:
        """Paths weighed by the first closes; by none, as before them. Shape: closes (known,)."""
        days = len(closes)
        apart = [mean_square(x[:, :days], closes) for x in (self.crowd, self.nobody)]
        each = len(self.crowd) // len(self.logs)
        before = (
            np.repeat((1 - self.prior) * normalised(self.logs) / each, each),
            np.full(len(apart[1]), self.prior / len(apart[1])),
        )
        logs, width = kernel(np.concatenate(apart), np.concatenate(before))
        return Seen(self, days, logs, width)

    def centre(self, closes: Array) -> Array:
        """Mean scores of a crowd's parameters after all these closes. Shape: (parameters,)."""
        squares = mean_square(self.crowd[:, : len(closes)], closes)
        logs, _ = kernel(squares, np.full(len(squares), 1 / len(squares)))
        return np.asarray(normalised(logs).reshape(len(self.scores), -1).sum(axis=1) @ self.scores)

    def around(self, centre: Array) -> Bank:
        """The same with a prior N(centre, I) of the crowd's parameters: draws are weighed by the
        ratio of both. Shape: centre (parameters,).
        """
        return replace(self, logs=self.logs + self.scores @ centre)


@dataclass(frozen=True)
class Seen:
    """A bank at a close. Shape: logs (paths + others,) of weights; `width` of the kernel."""

    bank: Bank
    days: int
    logs: Array
    width: float

    @property
    def weight(self) -> float:
        """Probability that no crowd comes."""
        w = normalised(self.logs)
        return float(w[len(self.bank.crowd) :].sum())

    def ahead(self, days: int, count: int) -> tuple[Array, Array]:
        """Log returns from the last close known, so many draws of each case by their weights.

        Shape: (count, days) each.
        """
        split = len(self.bank.crowd)
        both = (self.bank.crowd, self.logs[:split]), (self.bank.nobody, self.logs[split:])
        crowd, nobody = (self._drawn(x, normalised(logs), days, count) for x, logs in both)
        return crowd, nobody

    @property
    def effective(self) -> tuple[float, float]:
        """Paths that count, of either case (Kish 1965)."""
        split = len(self.bank.crowd)
        cases = self.logs[:split], self.logs[split:]
        crowd, nobody = (effective_size(normalised(logs)) for logs in cases)
        return crowd, nobody

    def _drawn(self, paths: Single, weights: Array, days: int, count: int) -> Array:
        rows = evenly(weights, count)
        start = paths[rows, self.days - 1, None].astype(float) if self.days else 0.0
        return np.asarray(paths[rows, self.days : self.days + days].astype(float) - start)


def mean_square(paths: Single, closes: Array) -> Array:
    """Mean over days of the squared difference of log prices; 0 of no day. Shape: (paths,)."""
    total = np.zeros(len(paths))
    for day, close in enumerate(closes):
        total += (paths[:, day].astype(float) - close) ** 2
    return total / max(len(closes), 1)


def kernel(squares: Array, before: Array) -> tuple[Array, float]:
    """ln of weights before x e^(-square/(2 width^2)), and the width that leaves EFFECTIVE paths.

    Where fewer are there before, the widest. Shape: both (paths,).
    """
    logs, above = np.log(before), squares - squares.min()
    low, high = NARROW, WIDE
    for _ in range(HALVINGS):
        width = float(np.sqrt(low * high))
        if effective_size(normalised(logs - above / (2 * width**2))) < EFFECTIVE:
            low = width
        else:
            high = width
    return logs - above / (2 * high**2), high


@dataclass(frozen=True)
class Draws:
    """Parameter sets of a simulator. Shape: sets (sets, parameters)."""

    simulator: Simulator
    sets: Array


def simulate_chunk(job: Draws, chunk: int) -> list[tuple[int, Single]]:
    """A few sets that can be and their closes, on paths of their own. Called in a worker."""
    done = []
    for number in range(chunk * CHUNK, min((chunk + 1) * CHUNK, len(job.sets))):
        there = job.simulator.elsewhere(PER_SET, number)
        try:
            done.append((number, there(job.sets[number].tolist()).closes.astype(np.float32)))
        except InputError:
            continue
    return done


def simulate_bank(work: Campaign, simulator: Simulator, draws: int, prior: float) -> Bank:
    """Both cases, on the simulator's days. A function of its arguments but `work`.

    Raises InputError if no draw of the prior can be simulated.
    """
    rng = np.random.Generator(np.random.Philox(simulator.seed))
    z = rng.standard_normal((draws, len(simulator.priors.parameters)))
    nobody, left = without(simulator)
    few = z[: min(draws, max(DRAWS, draws // NOBODY)), left]
    paths = (len(z) + len(few)) * PER_SET
    work.check_memory(paths * len(simulator.days) * 8, 0, "`draws`")
    with work.part(pieces_of(len(z)) + pieces_of(len(few)), paths):
        sets, crowd = _closes(work, Draws(simulator, simulator.priors.values(z)))
        _, others = _closes(work, Draws(nobody, nobody.priors.values(few)))
    return Bank(crowd, others, prior, z[sets], np.zeros(len(sets)))


def _closes(work: Campaign, job: Draws) -> tuple[list[int], Single]:
    """The sets that can be, and their paths."""
    chunks = range(pieces_of(len(job.sets)))
    done = work.map(simulate_chunk, job, chunks, lambda _, made: len(made) * PER_SET)
    found = [each for chunk in done for each in chunk]
    if not found:
        raise InputError(
            f"nothing that the priors {job.simulator.priors.name} allow fits the market file"
        )
    return [number for number, _ in found], np.concatenate([closes for _, closes in found])

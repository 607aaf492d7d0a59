"""From an episode to an ensemble of parameter sets that the data cannot tell apart.

The sets are draws from prior(parameters) exp(-RATE loss): a generalised posterior (Bissiri, Holmes
& Walker 2016, A general framework for updating belief distributions, JRSS B 78) whose loss is a
proper score of simulated paths (Pacchiardi, Khoo & Dutta 2024, Generalized Bayesian likelihood-free
inference, Electronic J. Statistics 18). A score asks less of the model than a likelihood: it is
finite for what the model thinks impossible, and no likelihood has to be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...results.measures.baselines import scored_beside
from ...results.measures.scores import inside, ranks
from ...scenarios.capacity import FEWEST_MEMBERS, MOST_MEMBERS
from ...scenarios.errors import InputError
from ..campaign import Campaign
from .loss import Observed, scores, weights
from .simulator import Paths, Simulator, pieces_of, simulate_all
from .smc import Sample, sample

Array = npt.NDArray[np.float64]

RATE = 4.0
"""How much a unit of loss counts: as much as leaves 90 % intervals honest. Over 50 synthetic
squeezes those of identified parameters hold 89 % of the true values (standard error 4), 80 at a
rate of 6; the CRPS of the parameters is then nearly the least, too (docs/calibration.md)."""
IDENTIFIED = 0.8
"""A parameter whose posterior sd is below this part of its prior's is told by the data."""
PER_DRAW = 8  # draws of the prior to a particle
STEPS = 20
DIGITS = 4
SCORED_PATHS = 8192
YEAR = 252


@dataclass(frozen=True)
class Size:
    """How much a fit simulates.

    Parameters
    ----------
    draws
        Of the prior, 256 or more; the sampler's size goes with it.
    paths
        Of every parameter set, 16 to 4096.
    members
        Parameter sets that are kept.

    Example
    -------
    >>> import powderkeg
    >>> powderkeg.Size(draws=1024).sets
    3584
    """

    draws: int = 4096
    paths: int = 160
    members: int = 64

    def check(self) -> None:
        """Raises InputError for a size that makes no fit."""
        for option, number, least, most in (
            ("draws", self.draws, 256, 1 << 20),
            ("paths", self.paths, 16, 4096),
            ("members", self.members, FEWEST_MEMBERS, min(MOST_MEMBERS, self.draws // PER_DRAW)),
        ):
            if not least <= number <= most:
                raise InputError(f"{option}: {number:,} is not between {least:,} and {most:,}")

    @property
    def particles(self) -> int:
        """That the sampler moves."""
        return self.draws // PER_DRAW

    @property
    def sets(self) -> int:
        """Parameter sets that are simulated in all."""
        return self.draws + STEPS * self.particles

    @property
    def pieces(self) -> int:
        """Pieces of work that they make, and the members on fresh paths."""
        return pieces_of(self.draws) + STEPS * pieces_of(self.particles) + self.members


USUAL = Size()


@dataclass(frozen=True)
class Fit:
    """An ensemble, what it was drawn from, and how it does on paths that the fit has not seen.

    Shape: members (members, parameters) in their own units, `closes` (paths, closes) log prices.
    """

    simulator: Simulator
    observed: Observed
    size: Size
    sample: Sample
    members: Array
    impossible: int
    closes: Array

    @property
    def sd_ratio(self) -> Array:
        """Posterior sd over prior sd of every parameter, in normal scores. Shape: (parameters,)."""
        return np.asarray(self.sample.z.std(axis=0))

    @cached_property
    def scores(self) -> dict[str, tuple[float, float]]:
        """Mean CRPS and energy score of the ensemble and of what it is compared with."""
        with_ = self.simulator
        volatility = with_.market[with_.symbol].volatility / YEAR**0.5
        return scored_beside(self.closes, self.observed.closes, volatility, with_.seed, with_.days)

    def inside(self) -> dict[tuple[float, float], int]:
        """How many closes lie inside each band of the ensemble's paths."""
        return inside(ranks(self.closes, self.observed.closes))


@dataclass(frozen=True)
class Scored:
    """Scores of a set and what it expects of itself, shape (2, parts), or why it cannot be."""

    observed: Observed

    def __call__(self, paths: Paths | InputError) -> Array | str:
        return scores(paths, self.observed) if isinstance(paths, Paths) else str(paths)


def fit(work: Campaign, simulator: Simulator, observed: Observed, size: Size) -> Fit:
    """Draw an ensemble. A function of its arguments but `work`.

    Random numbers are drawn here, in a fixed order, whoever simulates. Raises InputError if no set
    of the prior can be simulated.
    """
    parameters = simulator.priors.parameters
    problems: list[str] = []

    def evaluated(z: Array) -> Array:
        """Scores and what sets expect of themselves, shape (2, sets, parts)."""
        each = simulate_all(work, simulator, simulator.priors.values(z), Scored(observed))
        problems.extend(said for said in each if isinstance(said, str))
        impossible = np.full((2, len(observed.parts)), np.inf)
        return np.stack([impossible if isinstance(said, str) else said for said in each], axis=1)

    rng = np.random.Generator(np.random.Philox(simulator.seed))
    with work.part(size.pieces, size.sets * size.paths + SCORED_PATHS):
        z = rng.standard_normal((size.draws, len(parameters)))
        prior, own = evaluated(z)
        possible = np.isfinite(prior).all(axis=1)
        if not possible.any():
            raise InputError(
                f"nothing that the priors {simulator.priors.name} allow fits the market file: "
                f"{problems[0]}"
            )
        scale = np.median(own[possible], axis=0)
        unit = weights(observed) / scale
        drawn = sample(
            lambda at: evaluated(at)[0] @ unit,
            z,
            prior @ unit,
            rate=RATE,
            particles=size.particles,
            steps=STEPS,
            rng=rng,
        )
        kept = rng.permutation(size.particles)[: size.members]
        members = rounded(simulator.priors.values(drawn.z[kept]))
        closes = seen_anew(work, simulator, members)
    impossible = int((~possible).sum())
    return Fit(simulator, observed, size, drawn, members, impossible, closes)


def rounded(values: Array) -> Array:
    """To as many digits as a scenario's file shows, so that it says what was scored."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values.ravel()]).reshape(
        values.shape
    )


@dataclass(frozen=True)
class Members:
    """An ensemble on paths that its fit has not seen, `count` for every member."""

    simulator: Simulator
    members: Array
    count: int


def closes_anew(job: Members, number: int) -> Array:
    """Log closes of one member on its paths. Called in a worker."""
    there = job.simulator.elsewhere(job.count, number)
    return there(job.members[number].tolist()).closes


def seen_anew(work: Campaign, simulator: Simulator, members: Array) -> Array:
    """Log closes of an ensemble on paths that its fit has not seen, others for every member: what
    they have in common would not average out. Shape: (paths, closes).
    """
    job = Members(simulator, members, max(1, SCORED_PATHS // len(members)))
    return np.concatenate(work.map(closes_anew, job, range(len(members)), lambda *_: job.count))

"""From an episode to an ensemble of parameter sets that the data cannot tell apart.

The sets are draws from prior(parameters) exp(-RATE loss): a generalised posterior (Bissiri, Holmes
& Walker 2016, A general framework for updating belief distributions, JRSS B 78) whose loss is a
proper score of simulated paths (Pacchiardi, Khoo & Dutta 2024, Generalized Bayesian likelihood-free
inference, Electronic J. Statistics 18). A score asks less of the model than a likelihood: it is
finite for what the model thinks impossible, and no likelihood has to be known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...results.measures.baselines import scored_beside
from ...results.measures.scores import inside, ranks
from ...scenarios.capacity import FEWEST_MEMBERS, MOST_MEMBERS
from ...scenarios.errors import InputError
from ...scenarios.no_crowd import prior_weight
from ...scenarios.overrides import with_values
from ..campaign import Campaign
from . import outlook
from .loss import Observed, scores, weights
from .no_crowd import DRAWS, NoCrowd, without
from .outlook import Outlook
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
    7168
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
        return sum(n + STEPS * (n // PER_DRAW) for n in (self.draws, self.without_crowd))

    @property
    def without_crowd(self) -> int:
        """Draws of the prior in which no crowd comes."""
        return min(self.draws, max(DRAWS, PER_DRAW * self.members))

    @property
    def pieces(self) -> int:
        """Pieces of work that they make, and the members on fresh paths."""
        sampled = (
            pieces_of(n) + STEPS * pieces_of(n // PER_DRAW)
            for n in (self.draws, self.without_crowd)
        )
        return sum(sampled) + 3 * self.members


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
    no_crowd: NoCrowd
    outlook: Outlook

    @cached_property
    def crowd_may_come(self) -> bool:
        """Whether base and priors are of a crowd at all: where not, both cases are the same."""
        by, values = self.simulator, self.simulator.values(self.members[0].tolist())
        return by.packed(with_values(by.scenario(), values)).without("crowd") is not None

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


def fit(
    work: Campaign,
    simulator: Simulator,
    observed: Observed,
    size: Size,
    no_crowd_prior: float | None = None,
) -> Fit:
    """Draw an ensemble. A function of its arguments but `work`.

    `no_crowd_prior` is the probability before the closes that no crowd comes; None: by the priors'
    base rate over the days simulated. Random numbers are drawn here, in a fixed order, whoever
    simulates. Raises InputError if no set of the prior can be simulated, or if a series cannot be
    scored.
    """
    parameters = simulator.priors.parameters
    rng = np.random.Generator(np.random.Philox(simulator.seed))
    sets = Scores(work, observed)
    with work.part(size.pieces, size.sets * size.paths + SCORED_PATHS + 2 * outlook.PATHS):
        z = rng.standard_normal((size.draws, len(parameters)))
        prior, own = sets(simulator, z)
        possible = np.isfinite(prior).all(axis=1)
        if not possible.any():
            raise InputError(
                f"nothing that the priors {simulator.priors.name} allow fits the market file: "
                f"{sets.problems[0]}"
            )
        scale = np.median(own[possible], axis=0)
        _check_scale(observed, scale)
        unit = weights(observed) / scale
        drawn, members = _drawn(sets, simulator, z, prior @ unit, unit, size.members, rng)
        nobody, left = without(simulator)
        alone = z[: size.without_crowd, left]
        losses = sets(nobody, alone)[0] @ unit
        case, others = _drawn(sets, nobody, alone, losses, unit, size.members, rng)
        if no_crowd_prior is None:
            no_crowd_prior = prior_weight(simulator.days[-1], simulator.priors.crowds_per_year)
        no_crowd = NoCrowd(nobody, no_crowd_prior, case.evidence, drawn.evidence, others)
        closes = seen_anew(work, simulator, members, SCORED_PATHS)
        ahead = _outlook(work, simulator, members, no_crowd)
    impossible = int((~possible).sum())
    return Fit(simulator, observed, size, drawn, members, impossible, closes, no_crowd, ahead)


def _check_scale(observed: Observed, scale: Array) -> None:
    """Raises InputError for a part in which the prior's paths hardly ever differ."""
    for part, own in zip(observed.parts, scale, strict=True):
        if not own > 0:
            raise InputError(
                f"{part}: on most parameter sets all paths lie in one bin of the model, so it "
                "tells nothing of them; leave this series out"
            )


@dataclass(frozen=True)
class Scores:
    """What simulators make of sets of normal scores; `problems` are why some cannot be."""

    work: Campaign
    observed: Observed
    problems: list[str] = field(default_factory=list)

    def __call__(self, simulator: Simulator, z: Array) -> Array:
        """Scores and what sets expect of themselves, shape (2, sets, parts)."""
        values = simulator.priors.values(z)
        each = simulate_all(self.work, simulator, values, Scored(self.observed))
        self.problems.extend(said for said in each if isinstance(said, str))
        impossible = np.full((2, len(self.observed.parts)), np.inf)
        return np.stack([impossible if isinstance(said, str) else said for said in each], axis=1)


# long: the sampler's inputs and how many members
def _drawn(
    sets: Scores,
    simulator: Simulator,
    z: Array,
    losses: Array,
    unit: Array,
    members: int,
    rng: np.random.Generator,
) -> tuple[Sample, Array]:
    """Particles of the posterior, from draws whose losses are known, and members among them."""
    particles = len(z) // PER_DRAW
    drawn = sample(
        lambda at: sets(simulator, at)[0] @ unit,
        z,
        losses,
        rate=RATE,
        particles=particles,
        steps=STEPS,
        rng=rng,
    )
    kept = rng.permutation(particles)[:members]
    return drawn, rounded(simulator.priors.values(drawn.z[kept]))


def _outlook(work: Campaign, simulator: Simulator, members: Array, no_crowd: NoCrowd) -> Outlook:
    """Ten sessions from the first close on paths that no fit has seen."""
    days = tuple(range(1, outlook.SESSIONS + 1))
    crowd, nobody = (
        seen_anew(work, replace(by, days=days), sets, outlook.PATHS)
        for by, sets in ((simulator, members), (no_crowd.simulator, no_crowd.members))
    )
    weight = no_crowd.weight, no_crowd.weight_error
    return Outlook.of(crowd, nobody, len(members), weight)


def check_prior(no_crowd: float | None) -> None:
    """Raises InputError for what is no probability that no crowd comes."""
    if no_crowd is not None and not 0 < no_crowd < 1:
        raise InputError(
            f"no_crowd_prior: {no_crowd:g} is not between 0 and 1, both of which no close could "
            "change"
        )


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


def seen_anew(work: Campaign, simulator: Simulator, members: Array, paths: int) -> Array:
    """Log closes of an ensemble on paths that its fit has not seen, others for every member: what
    they have in common would not average out. Shape: (paths, closes).
    """
    job = Members(simulator, members, max(1, paths // len(members)))
    return np.concatenate(work.map(closes_anew, job, range(len(members)), lambda *_: job.count))

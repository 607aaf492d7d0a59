"""What would have been said of the days ahead by somebody who knew an episode up to one close.

An ensemble is fitted to the closes known and simulated through those days and on. The market is the
episode's, whose short interest at the start may have come out later than the day known last. Its
paths start where the episode started and few pass through the closes that were seen, so of many
(parameter set, path) pairs the nearest ones are kept: those whose log closes so far have the least
root-mean-square distance to the actual ones. That is approximate Bayesian computation by nearest
neighbours (Biau, Cerou & Guyader 2015, New insights into ABC, Ann. IHP 51). What they do after the
last close known, as returns from it, is the forecast. A kept path brings its whole state along
(attention, holdings, shorts, volatility), which no restart from prices alone could know. The closes
count twice, in the fit and in what is kept: parameters are too sure of themselves.

That no crowd comes is foretold in the same way, from an ensemble of its own, and both fans are
mixed by the weights that the closes leave them (no_crowd.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels.members import member_of
from ...results.measures.baselines import random_walk
from ...results.measures.scores import crps, inside, ranks
from ...scenarios.chain import Chain
from ...scenarios.episode import Episode
from ...scenarios.errors import InputError
from ...scenarios.no_crowd import prior_weight
from ...scenarios.priors import load_priors
from ...scenarios.scenario import Scenario
from ..campaign import Campaign
from .closes import closes_of
from .fit import Size, fit
from .loss import Observed
from .simulator import Simulator, dotted, on_days

Array = npt.NDArray[np.float64]

AHEAD = 10  # sessions
PATHS, KEPT, MIXED = 1 << 17, 512, 1 << 13
FIRST = 1 << 20  # of the paths; no fit has seen them, and every set has as many
YEAR = 252


@dataclass(frozen=True)
class Forecast:
    """Shape: crowd, nobody (kept, days) log returns from the close known last, if a crowd comes and
    if none does, actual (days,) likewise.

    `weight` is that of nobody after the closes known, `prior` before them. `farthest` is the
    largest distance that was kept with a crowd, in log price, `sets` how many of its parameter sets
    are among what was kept, `scores` the mean CRPS over the days by who foretold them.
    """

    as_of: date
    dates: tuple[date, ...]
    close: float
    known: int
    crowd: Array
    nobody: Array
    weight: float
    prior: float
    actual: Array
    farthest: float
    sets: int
    scores: dict[str, float]

    @cached_property
    def paths(self) -> Array:
        """Both fans mixed by their weights, MIXED draws. Shape: (MIXED, days)."""
        return mixed(self.crowd, self.nobody, self.weight)

    @property
    def pit(self) -> Array:
        """Rank of every close among the paths."""
        return ranks(self.paths, self.actual)

    @property
    def inside(self) -> dict[tuple[float, float], int]:
        """Closes inside each band."""
        return inside(self.pit)


@dataclass(frozen=True)
class Fan:
    """What the nearest paths of a law do. Shape: paths (kept, days), sets (kept,)."""

    paths: Array
    farthest: float
    sets: npt.NDArray[np.intp]


# long: what a forecast takes, by keyword
def forecast(
    work: Campaign,
    scenario: Scenario,
    chain: Chain,
    as_of: date,
    *,
    size: Size,
    seed: int,
    engine: Backend,
    priors: str = "squeeze",
    no_crowd_prior: float | None = None,
) -> Forecast:
    """The sessions after `as_of`, at most AHEAD, foretold from what was known at its close.

    Of the scenario only what the priors do not fit is kept, and nothing of its ensemble and its
    timeline. Raises InputError for a day that is no close of the episode, or its last.
    """
    episode, known = known_at(scenario, as_of)
    total = min(known + AHEAD, len(episode.closes))
    days = tuple(range(1, known + 1))
    logs = episode.log_closes
    base = scenario.model_copy(update={"ensemble": {}, "timeline": ()})
    simulator = Simulator(
        episode.symbol, episode.market(), chain, base, load_priors(priors), days, size.paths, seed,
        engine,
    )  # fmt: skip
    seen = logs[:known]
    if no_crowd_prior is None:
        no_crowd_prior = prior_weight(total, simulator.priors.crowds_per_year)
    found = fit(work, simulator, Observed(seen), size, no_crowd_prior)
    fans = []
    for by, members in (
        (simulator, found.members),
        (found.no_crowd.simulator, found.no_crowd.members),
    ):
        paths, sets = simulated(work, by, members, total)
        kept, distance = nearest(paths[:, :known], seen, KEPT)
        fans.append(Fan(paths[kept, known:] - paths[kept, known - 1 : known], distance, sets[kept]))
    crowd, nobody = fans
    actual = logs[known:total] - logs[known - 1]
    usual = episode.volatility / YEAR**0.5
    since = float(np.sqrt(np.mean(np.diff(seen, prepend=0.0) ** 2)))
    weight = found.no_crowd.weight
    laws = {
        "scenario": mixed(crowd.paths, nobody.paths, weight),
        "random walk, volatility from before": random_walk(usual, len(actual), 8192, seed),
        "random walk, volatility since": random_walk(since, len(actual), 8192, seed),
    }
    return Forecast(
        as_of=as_of,
        dates=episode.dates[known + 1 : total + 1],
        close=float(np.exp(logs[known - 1])) * episode.price,
        known=known,
        crowd=crowd.paths,
        nobody=nobody.paths,
        weight=weight,
        prior=no_crowd_prior,
        actual=actual,
        farthest=crowd.farthest,
        sets=len(set(crowd.sets.tolist())),
        scores={name: float(crps(x, actual).mean()) for name, x in laws.items()},
    )


def known_at(scenario: Scenario, as_of: date) -> tuple[Episode, int]:
    """The episode, and how many closes after its first are known. Raises InputError."""
    if len(scenario.pasts) != 1 or scenario.pasts[0].sessions == "some":
        raise InputError(
            f"scenario {scenario.id}: a forecast takes an episode of one name with all its closes"
        )
    (episode,) = scenario.pasts
    known = episode.dates[1:-1]
    if as_of not in known:
        raise InputError(
            f"`as_of` {as_of}: give a day from {known[0]} to {known[-1]} that the episode has"
        )
    return episode, known.index(as_of) + 1


def reported(scenario: Scenario, shares: float) -> Scenario:
    """The scenario of one name with the short interest that was known, in shares."""
    (past,) = scenario.pasts
    known = past.model_copy(update={"short_interest": float(shares)})
    where = {"episode": known} if scenario.episode else {"episodes": {past.symbol: known}}
    return scenario.model_copy(update=where)


def simulated(
    work: Campaign, by: Simulator, members: Array, days: int
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Log closes under an ensemble, and every path's member. Shape: (paths, days), (paths,)."""
    columns = zip(by.priors.parameters, members.T, strict=True)
    ensemble = {dotted(by.symbol, key): tuple(map(float, v)) for key, v in columns}
    story = on_days(by.base, (by.symbol,), tuple(range(1, days + 1)))
    story = story.model_copy(update={"ensemble": ensemble})
    model = by.model(story).pack()
    (closes,) = closes_of(work, by.engine.name, [model], PATHS, FIRST)
    ids = np.arange(FIRST, FIRST + PATHS, dtype=np.uint64)
    return closes.logs[:, :, 0], member_of(model.packed(), ids)


def mixed(crowd: Array, nobody: Array, weight: float) -> Array:
    """Draws of both, evenly spaced in the weighted law. Shape: (paths, days) each."""
    parts = (1 - weight) / len(crowd), weight / len(nobody)
    ends = np.cumsum(np.repeat(parts, (len(crowd), len(nobody))))
    places = (np.arange(MIXED) + 0.5) / MIXED
    return np.concatenate([crowd, nobody])[np.searchsorted(ends / ends[-1], places)]


def nearest(paths: Array, actual: Array, count: int) -> tuple[npt.NDArray[np.intp], float]:
    """The paths nearest to what happened, and the distance of the last one.

    Root mean square over days of the difference of log prices. Shape: paths (paths, days), actual
    (days,).
    """
    distance = np.sqrt(np.mean((paths - actual) ** 2, axis=1))
    order = np.argsort(distance, kind="stable")[:count]
    return order, float(distance[order[-1]])

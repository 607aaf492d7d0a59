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
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels.members import member_of
from ...results.measures.baselines import random_walk
from ...results.measures.scores import crps, inside, ranks
from ...scenarios.chain import Chain
from ...scenarios.episode import Episode
from ...scenarios.errors import InputError
from ...scenarios.priors import load_priors
from ...scenarios.scenario import Scenario
from ..campaign import Campaign
from .closes import closes_of
from .fit import Fit, Size, fit
from .loss import Observed
from .simulator import Simulator, dotted, on_days

Array = npt.NDArray[np.float64]

AHEAD = 10  # sessions
PATHS, KEPT = 1 << 17, 512
FIRST = 1 << 20  # of the paths; no fit has seen them, and every set has as many
YEAR = 252


@dataclass(frozen=True)
class Forecast:
    """Shape: paths (kept, days) log returns from the close known last, actual (days,) likewise.

    `farthest` is the largest distance that was kept, in log price, `sets` how many parameter sets
    are among what was kept, `scores` the mean CRPS over the days by who foretold them.
    """

    as_of: date
    dates: tuple[date, ...]
    close: float
    known: int
    paths: Array
    actual: Array
    farthest: float
    sets: int
    scores: dict[str, float]

    @property
    def pit(self) -> Array:
        """Rank of every close among the paths."""
        return ranks(self.paths, self.actual)

    @property
    def inside(self) -> dict[tuple[float, float], int]:
        """Closes inside each band."""
        return inside(self.pit)


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
    ensemble = fit(work, simulator, Observed(logs[:known]), size)
    paths, sets = simulated(work, ensemble, base, total)
    kept, farthest = nearest(paths[:, :known], logs[:known], KEPT)
    ahead = paths[kept, known:] - paths[kept, known - 1 : known]
    actual = logs[known:total] - logs[known - 1]
    usual = episode.volatility / YEAR**0.5
    seen = float(np.sqrt(np.mean(np.diff(logs[:known], prepend=0.0) ** 2)))
    laws = {
        "scenario": ahead,
        "random walk, volatility from before": random_walk(usual, len(actual), 8192, seed),
        "random walk, volatility since": random_walk(seen, len(actual), 8192, seed),
    }
    return Forecast(
        as_of=as_of,
        dates=episode.dates[known + 1 : total + 1],
        close=float(np.exp(logs[known - 1])) * episode.price,
        known=known,
        paths=ahead,
        actual=actual,
        farthest=farthest,
        sets=len(set(sets[kept].tolist())),
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
    work: Campaign, found: Fit, base: Scenario, days: int
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Log closes under an ensemble, and every path's member. Shape: (paths, days), (paths,)."""
    by = found.simulator
    columns = zip(by.priors.parameters, found.members.T, strict=True)
    ensemble = {dotted(by.symbol, key): tuple(map(float, v)) for key, v in columns}
    story = on_days(base, (by.symbol,), tuple(range(1, days + 1)))
    story = story.model_copy(update={"ensemble": ensemble})
    model = by.model(story).pack()
    (closes,) = closes_of(work, by.engine.name, [model], PATHS, FIRST)
    ids = np.arange(FIRST, FIRST + PATHS, dtype=np.uint64)
    return closes.logs[:, :, 0], member_of(model.packed(), ids)


def nearest(paths: Array, actual: Array, count: int) -> tuple[npt.NDArray[np.intp], float]:
    """The paths nearest to what happened, and the distance of the last one.

    Root mean square over days of the difference of log prices. Shape: paths (paths, days), actual
    (days,).
    """
    distance = np.sqrt(np.mean((paths - actual) ** 2, axis=1))
    order = np.argsort(distance, kind="stable")[:count]
    return order, float(distance[order[-1]])

"""What would have been said of the days ahead by somebody who knew an episode up to one close.

Draws of the prior are simulated once through all days of the episode, with a crowd and without
(bank.py). At a day every path counts by how near its closes so far lie to the actual ones, and what
it does after the last close known, as returns from it, is the forecast. A path brings its whole
state along (attention, holdings, shorts, volatility), which no restart from prices alone could
know. Nothing is fitted, so a day costs next to nothing and the closes count once. The market is the
episode's, whose short interest at the start may have come out later than the day known last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...results.measures.baselines import random_walk
from ...results.measures.scores import crps, inside, ranks
from ...scenarios.chain import Chain
from ...scenarios.episode import Episode
from ...scenarios.errors import InputError
from ...scenarios.no_crowd import prior_weight
from ...scenarios.priors import load_priors
from ...scenarios.scenario import Scenario
from ..campaign import Campaign
from .bank import PER_SET, Bank, simulate_bank
from .simulator import Simulator
from .smc import evenly

Array = npt.NDArray[np.float64]

AHEAD = 10  # sessions
DRAWN, MIXED = 1 << 12, 1 << 13
YEAR = 252


@dataclass(frozen=True)
class Forecast:
    """Shape: crowd, nobody (DRAWN, days) log returns from the close known last, if a crowd comes
    and if none does, actual (days,) likewise.

    `weight` is that of nobody after the closes known, `prior` before them. `effective` paths of
    either case count, `width` is that of their kernel in log price, `scores` the mean CRPS over the
    days by who foretold them.
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
    width: float
    effective: tuple[float, float]
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


# long: what a bank takes, by keyword
def banked(
    work: Campaign,
    scenario: Scenario,
    chain: Chain,
    *,
    draws: int,
    seed: int,
    engine: Backend,
    priors: str = "squeeze",
    no_crowd_prior: float | None = None,
) -> Bank:
    """Paths of the episode's days, for forecasts on any of them.

    Of the scenario only what the priors do not say is kept, and nothing of its ensemble and its
    timeline. Raises InputError.
    """
    episode = one_past(scenario)
    base = scenario.model_copy(update={"ensemble": {}, "timeline": ()})
    days, laws = tuple(range(1, len(episode.closes) + 1)), load_priors(priors)
    simulator = Simulator(
        episode.symbol, episode.market(), chain, base, laws, days, PER_SET, seed, engine
    )
    if no_crowd_prior is None:
        no_crowd_prior = prior_weight(len(days), laws.crowds_per_year)
    return simulate_bank(work, simulator, draws, no_crowd_prior)


def forecast(bank: Bank, scenario: Scenario, as_of: date, seed: int) -> Forecast:
    """The sessions after `as_of`, at most AHEAD, foretold from what was known at its close.

    Raises InputError for a day that is none of the episode's, or its last.
    """
    episode, known = known_at(scenario, as_of)
    total = min(known + AHEAD, len(episode.closes))
    logs = np.append(0.0, episode.log_closes)
    actual = logs[known + 1 : total + 1] - logs[known]
    seen = bank.seen(logs[1 : known + 1])
    crowd, nobody = seen.ahead(len(actual), DRAWN)
    usual = episode.volatility / YEAR**0.5
    laws = {
        "scenario": mixed(crowd, nobody, seen.weight),
        "random walk, volatility from before": random_walk(usual, len(actual), MIXED, seed),
    }
    if known:
        since = float(np.sqrt(np.mean(np.diff(logs[: known + 1]) ** 2)))
        walk = random_walk(since, len(actual), MIXED, seed)
        laws["random walk, volatility since"] = walk
    return Forecast(
        as_of=as_of,
        dates=episode.dates[known + 1 : total + 1],
        close=float(np.exp(logs[known])) * episode.price,
        known=known,
        crowd=crowd,
        nobody=nobody,
        weight=seen.weight,
        prior=bank.prior,
        actual=actual,
        width=seen.width,
        effective=seen.effective,
        scores={name: float(crps(x, actual).mean()) for name, x in laws.items()},
    )


def one_past(scenario: Scenario) -> Episode:
    """The episode of the scenario's one name, with all its closes. Raises InputError."""
    if len(scenario.pasts) != 1 or scenario.pasts[0].sessions == "some":
        raise InputError(
            f"scenario {scenario.id}: a forecast takes an episode of one name with all its closes"
        )
    return scenario.pasts[0]


def known_at(scenario: Scenario, as_of: date) -> tuple[Episode, int]:
    """The episode, and how many closes after its first are known. Raises InputError."""
    episode = one_past(scenario)
    known = episode.dates[:-1]
    if as_of not in known:
        raise InputError(
            f"`as_of` {as_of}: give a day from {known[0]} to {known[-1]} that the episode has"
        )
    return episode, known.index(as_of)


def reported(scenario: Scenario, shares: float) -> Scenario:
    """The scenario of one name with the short interest that was known, in shares."""
    (past,) = scenario.pasts
    known = past.model_copy(update={"short_interest": float(shares)})
    where = {"episode": known} if scenario.episode else {"episodes": {past.symbol: known}}
    return scenario.model_copy(update=where)


def mixed(crowd: Array, nobody: Array, weight: float) -> Array:
    """Draws of both, evenly spaced in the weighted law. Shape: (paths, days) each."""
    parts = (1 - weight) / len(crowd), weight / len(nobody)
    rows = evenly(np.repeat(parts, (len(crowd), len(nobody))), MIXED)
    return np.concatenate([crowd, nobody])[rows]

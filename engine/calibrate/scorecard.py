"""A scenario held against what really happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels import backend as back_end_of
from ...kernels.histogram_bins import QUANTITIES, bin_edges
from ...kernels.packed import Packed
from ...results.measures.baselines import scored_beside
from ...results.measures.scores import (
    BANDS,
    central_range,
    coverage,
    inside,
    pit_deviation,
    ranks,
    ranks_of_each,
)
from ...scenarios.bound import bind
from ...scenarios.calendar import sessions
from ...scenarios.chain import Chain
from ...scenarios.episode import Episode, market_of
from ...scenarios.errors import InputError
from ...scenarios.scenario import Scenario
from ...scenarios.series import Points, Prices
from ..campaign import Campaign, campaign
from ..checks import check_paths, check_seed
from ..executors import check_back_end
from ..executors.placement import EMBEDDED, Placement
from ..model import Model
from ..progress import Progress
from .closes import closes_of
from .inputs import read_scored
from .loss import days_of
from .simulator import all_watched, on_days

Array = npt.NDArray[np.float64]

LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)  # of figures
BINS = 5  # of the rank histogram
PATHS, FEWEST = 16_384, 200  # where nobody says how many, and to say anything of a band
YEAR = 252


@dataclass(frozen=True)
class Figure:
    """One number of the past beside its simulated law; `rank` is where it lies there.

    `quantiles` at LEVELS; NaN where the past has no such number.
    """

    name: str
    actual: float
    quantiles: Array
    rank: float


@dataclass(frozen=True)
class Expected:
    """A statistic, and the central 95 % of its values with each path in turn as the truth."""

    name: str
    actual: float
    low: float
    high: float

    @property
    def usual(self) -> bool:
        """Whether the past is one that the scenario finds unsurprising."""
        return self.low <= self.actual <= self.high


@dataclass(frozen=True)
class Scorecard:
    """Shape: closes (paths, closes) log prices, days, actual and pit (closes,), `scores` by who
    foretold them: mean CRPS and energy score.
    """

    scenario: Scenario
    episode: Episode
    members: int
    days: tuple[int, ...]
    closes: Array
    actual: Array
    pit: Array
    expected: tuple[Expected, ...]
    figures: tuple[Figure, ...]
    scores: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def daily(self) -> bool:
        """Whether the close of every day is known."""
        return len(self.days) == self.days[-1]

    @property
    def histogram(self) -> npt.NDArray[np.intp]:
        """Closes by their rank, in fifths from below to above."""
        return np.histogram(self.pit, bins=BINS, range=(0, 1))[0]

    @property
    def inside(self) -> dict[tuple[float, float], int]:
        """Closes inside each band."""
        return inside(self.pit)


def score(
    scenario: str | Path | Scenario,
    *,
    chain: str | Path | Chain | None = None,
    paths: int = PATHS,
    seed: int = 2,
    backend: str = "auto",
    placement: Placement = EMBEDDED,
    progress: Progress | None = None,
) -> tuple[Scorecard, ...]:
    """Hold a scenario against what really happened in its episode.

    Source: CRPS and energy score (Gneiting & Raftery 2007, JASA 102), ranks of the past among the
    paths, and the same for a random walk and Merton's jumps; docs/calibration.md.

    Parameters
    ----------
    scenario
        A preset or YAML file that has an `episode`, or what was read of one.
    chain
        The option chain of the first close, a CSV file or what was read of it.
    paths
        How many are simulated; 200 or more say something of a band.
    seed
        Of the random numbers.
    backend
        auto, cuda, native or reference.
    placement
        Where it runs; the numbers do not depend on it.
    progress
        What hears how far it is; None: nobody.

    Returns
    -------
    A card for every name of the episode, all of the same paths: its closes among the simulated
    ones, figures of the path, scores of log closes.

    Units: prices relative to the first close, closes their logs, shape (paths, closes).

    Raises
    ------
    InputError
        The scenario has no episode, or its closes are not those of all sessions.
    BackendUnavailable
        The back end that was asked for cannot run here.
    Incomplete
        Pieces of work failed for good.

    Example
    -------
    >>> import powderkeg
    >>> (card,) = powderkeg.score("gme-2021", paths=1000)
    >>> card.episode.symbol, card.closes.shape
    ('GME', (1000, 23))
    """
    paths, seed = check_paths(paths), check_seed(seed)
    check_back_end(backend)
    story, options = read_scored(scenario, chain)
    engine = back_end_of(backend)
    with campaign(placement, engine.name, progress) as work:
        return score_all(work, story, options, paths=paths, seed=seed, engine=engine)


def score_all(
    work: Campaign, scenario: Scenario, chain: Chain, *, paths: int, seed: int, engine: Backend
) -> tuple[Scorecard, ...]:
    """Simulate an episode's days under its scenario and compare: a card for every name, all from
    the same paths.

    Raises InputError if the scenario has no episode, its closes are not those of all sessions, or
    there are too few paths.
    """
    if paths < FEWEST:
        raise InputError(f"paths: {paths} say little about a band; give {FEWEST} or more")
    model = past_model(scenario, chain, seed)
    packed = model.packed()
    (closes,) = closes_of(work, engine.name, [model], paths)
    places = [(e, packed.symbols.index(e.symbol)) for e in scenario.pasts]
    return tuple(
        _card(scenario, episode, packed, closes.logs[:, :, i], closes.counts[:, i], closes.peaks[i])
        for episode, i in places
    )


def past_model(scenario: Scenario, chain: Chain, seed: int) -> Model:
    """All names of a scenario's episodes, from their first close to the last day of any.

    Raises InputError as `score_all`.
    """
    episodes = scenario.pasts
    if not episodes:
        raise InputError(f"scenario {scenario.id} has no episode to be held against")
    for episode in episodes:
        _complete(episode, scenario.id)
    last = max(episode.days[-1] for episode in episodes)
    story = on_days(scenario, [e.symbol for e in episodes], tuple(range(1, last + 1)))
    book = all_watched({episode.symbol: episode.price for episode in episodes})
    return Model(bind(story, book, market_of(episodes), chain), seed).pack()


def _card(
    scenario: Scenario,
    episode: Episode,
    packed: Packed,
    closes: Array,
    counts: npt.NDArray[np.uint32],
    peaks: npt.NDArray[np.uint32],
) -> Scorecard:
    """One name's. Shape: closes (paths, days) log prices, counts (days, quantities, bins), peaks
    (bins,).
    """
    actual, days = episode.log_closes, episode.days
    closes = closes[:, np.array(days) - 1]
    return Scorecard(
        scenario=scenario,
        episode=episode,
        members=max(len(packed.members), 1),
        days=days,
        closes=closes,
        actual=actual,
        pit=ranks(closes, actual),
        expected=_expected(closes, actual),
        figures=(
            *_shape(closes, actual, days),
            *_high(episode, peaks),
            *_short_interest(episode, counts),
        ),
        scores=scored_beside(
            closes, actual, episode.volatility / YEAR**0.5, int(packed.run["seed"]), days
        ),
    )


def _complete(episode: Episode, name: str) -> None:
    wanted = set(sessions(episode.dates[0], episode.dates[-1], episode.calendar))
    odd = wanted ^ set(episode.dates)
    if episode.sessions == "some":
        odd -= wanted
    if odd:
        missing = f"has no close of {episode.symbol}; add it, or say `sessions: some`"
        problem = missing if min(odd) in wanted else f"is no session of {episode.calendar}"
        raise InputError(f"scenario {name}: episode.closes: {min(odd)} {problem}")


def _expected(closes: Array, actual: Array) -> tuple[Expected, ...]:
    """Coverage and evenness of ranks, beside what they are with each path as the truth."""
    pit, each = ranks(closes, actual), ranks_of_each(closes)
    made = []
    for band in BANDS:
        low, high = central_range(coverage(each, band))
        words = f"closes inside {band[0]:.0%}-{band[1]:.0%}"
        made.append(Expected(words, float(coverage(pit, band)), low, high))
    low, high = central_range(pit_deviation(each))
    made.append(Expected("deviation of ranks from even", float(pit_deviation(pit)), low, high))
    return tuple(made)


def _shape(closes: Array, actual: Array, days: tuple[int, ...]) -> list[Figure]:
    """Peak, its day, days near it, the fall after it, and daily moves once it was over.

    Of the days whose close is known, on every path; where they are only some, nothing is said
    that takes all.
    """
    near = np.flatnonzero(actual >= actual.max() - np.log(2))
    over = int(near[-1]) + 1  # the first close below half the real peak for good, on every path
    daily = len(days) == days[-1]
    top = "peak" if daily else "highest"

    def of(x: Array) -> dict[str, Array]:
        peak, day = x.max(axis=1), np.array(days, float)[x.argmax(axis=1)]
        made = {f"{top} close, multiple": np.exp(np.maximum(peak, 0)), f"day of the {top}": day}
        if daily:
            above = x >= peak[:, None] - np.log(2)
            made["days above half the peak"] = above.sum(axis=1).astype(float)
        made[f"last close over the {top}"] = np.exp(x[:, -1] - np.maximum(peak, 0))
        if daily and x.shape[1] - over > 2:
            made[f"daily sd after day {over + 1}"] = np.diff(x[:, over:], axis=1).std(axis=1)
        return made

    seen = of(actual[None])
    return [figure(name, float(seen[name][0]), values) for name, values in of(closes).items()]


def figure(name: str, actual: float, values: Array) -> Figure:
    """A figure of the past among those of paths. Shape: values (paths,)."""
    rank = float(ranks(values[:, None], [actual])[0])
    return Figure(name, actual, np.quantile(values, LEVELS), rank)


def _high(episode: Episode, peaks: npt.NDArray[np.uint32]) -> list[Figure]:
    """The highest price of all steps, not of closes alone: steps are as near as trades get."""
    if episode.high is None:
        return []
    return [_of_counts("highest price, multiple", episode.high / episode.price, peaks, "peak")]


def _of_counts(name: str, actual: float, counts: npt.NDArray[np.uint32], quantity: str) -> Figure:
    """A figure whose law is a histogram of a quantity. Shape: counts (bins,)."""
    edges = bin_edges(quantity)
    below = np.cumsum(counts) / counts.sum()
    quantiles = edges[1:][np.searchsorted(below, LEVELS)]
    return Figure(name, actual, quantiles, float(np.interp(actual, edges[1:], below)))


def _short_interest(episode: Episode, counts: npt.NDArray[np.uint32]) -> list[Figure]:
    """In floats at the last report, on the day of the trades that it counts."""
    reported = episode.short_interest_reported
    if not reported:
        return []
    dates = tuple(type(episode.dates[0]).fromisoformat(text) for text in reported)
    points = Points(dates, np.array(list(reported.values())), "episode")
    prices = Prices(episode.dates, np.ones(len(episode.dates)), None, "episode", episode.calendar)
    made = []
    for day, shares in zip(*days_of(points, prices, settlement=True), strict=True):
        count = counts[day - 1, QUANTITIES.index("short_interest")]
        actual, name = float(shares) / episode.float_shares, f"short interest, day {day}"
        made.append(_of_counts(name, actual, count, "short_interest"))
    return made

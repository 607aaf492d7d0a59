"""One name under one set of parameters: its closes on every path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from ...kernels import Backend
from ...kernels.packed import Packed
from ...scenarios.book import ChangedBook, Position
from ...scenarios.bound import bind
from ...scenarios.chain import Chain
from ...scenarios.ensemble import is_size
from ...scenarios.errors import InputError
from ...scenarios.market import Market
from ...scenarios.overrides import with_values
from ...scenarios.priors import Priors
from ...scenarios.scenario import NameParameters, Scenario
from ..campaign import Campaign
from ..model import Model

Array = npt.NDArray[np.float64]
Result = TypeVar("Result")
LEAST = 1e-7  # of the first price, the resolution of float32
CHUNK = 8  # sets at a time
SHARE = 1.0  # of a watched name: far less than a lot, so it is marked and never trades


@dataclass(frozen=True)
class Paths:
    """What one set of parameters makes of an episode.

    Shape: closes (paths, closes) log prices on the days that are known; counts (days, quantities,
    bins) as Simulated.closes.
    `adv` is in floats a day, `attention_volume` a_V: volume is adv (1 + a_V A).
    """

    closes: Array
    counts: npt.NDArray[np.uint32]
    adv: float
    attention_volume: float


@dataclass(frozen=True)
class Simulator:
    """The episode's name alone, under any parameters; `days` are those of its closes, 1 the first
    after the as-of close.

    All sets see the same random numbers, so a score is a function of the parameters: two sets are
    compared path by path. `first` is the id of the first path.
    """

    symbol: str
    market: Market
    chain: Chain
    base: Scenario
    priors: Priors
    days: tuple[int, ...]
    paths: int
    seed: int
    engine: Backend
    first: int = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """Whoever is simulated."""
        return (self.symbol,)

    def scenario(self) -> Scenario:
        """The base on this episode's days, without an ensemble."""
        story = on_days(self.base, self.symbols, self.days)
        return story.model_copy(update={"ensemble": {}})

    def values(self, parameters: Sequence[float]) -> dict[str, float]:
        """Parameters by their dotted names in a scenario, in the order of the priors."""
        keys = (dotted(self.symbol, key) for key in self.priors.parameters)
        return dict(zip(keys, map(float, parameters), strict=True))

    def __call__(self, parameters: Sequence[float]) -> Paths:
        """Simulate one set. Raises InputError where the holdings do not fit together."""
        packed = self.packed(with_values(self.scenario(), self.values(parameters)))
        at = packed.symbols.index(self.symbol)
        ids = np.arange(self.first, self.first + self.paths, dtype=np.uint64)
        done = self.engine.simulate(packed, ids)
        name = packed.names[at]
        return Paths(
            log_closes(packed, done.pnl[packed.horizons - 1], at),
            done.closes[:, at],
            float(name["adv"]),
            float(name["attention_volume"]),
        )

    def model(self, scenario: Scenario) -> Model:
        """A scenario bound to a book whose P&L is that of the fitted name alone."""
        book = watched(self.symbol, self.market[self.symbol].price)
        return Model(bind(scenario, book, self.market, self.chain), self.seed)

    def packed(self, scenario: Scenario) -> Packed:
        """The arrays of a scenario, bound so."""
        return self.model(scenario).arrays()

    def elsewhere(self, paths: int, number: int = 0) -> Simulator:
        """The same with paths that no fit has seen; none are in two numbers."""
        return replace(self, first=self.first + self.paths + number * paths, paths=paths)


def dotted(symbol: str, key: str) -> str:
    """A parameter of the priors as a scenario's ensemble names it."""
    return key if is_size(key) else f"names.{symbol}.{key}"


def on_days(scenario: Scenario, symbols: Sequence[str], days: tuple[int, ...]) -> Scenario:
    """A scenario told on these names alone, the closes of some days kept.

    What its funds copy is a book that nobody holds here; the symbols stand under `names`. The past
    has a market of its own, which is not shifted.
    """
    funds = {
        name: fund.model_copy(update={"copies": 0.0})
        for name, fund in scenario.funds.items()
        if fund.positions
    }
    return scenario.model_copy(
        update={
            "horizon_days": days[-1],
            "horizons": days,
            "funds": funds,
            "market_shifts": (),
            "names": {**dict.fromkeys(symbols, NameParameters()), **scenario.names},
        }
    )


def log_closes(packed: Packed, pnl: npt.NDArray[np.float32], at: int = 0) -> Array:
    """ln P/P(0) at the horizons of the one name whose share counts, from what it earned.

    Shape: pnl (horizons, paths) -> (paths, horizons).
    """
    weight = float(packed.names["book_weight"][at])
    return np.asarray(np.log1p(np.maximum(pnl.T.astype(float) / weight, -1 + LEAST)))


def watched(symbol: str, price: float) -> ChangedBook:
    """A share of one name; for a scenario it is one that the book is short."""
    return all_watched({symbol: price})


def all_watched(prices: Mapping[str, float]) -> ChangedBook:
    """A share of every name, by symbol; for a scenario they are names that the book is short."""
    positions = tuple(
        Position(str(row), symbol, SHARE, price, 0.25)
        for row, (symbol, price) in enumerate(prices.items(), 1)
    )
    return ChangedBook(positions, cash=0.0, before=frozenset(prices))


@dataclass(frozen=True)
class Sets(Generic[Result]):
    """A simulator, and what is made of the paths of a set, or of why it cannot be."""

    simulator: Simulator
    then: Callable[[Paths | InputError], Result]


def run_sets(job: Sets[Result], chunk: tuple[tuple[float, ...], ...]) -> list[Result]:
    """What becomes of every set. Called in a worker."""
    results = []
    for parameters in chunk:
        try:
            paths: Paths | InputError = job.simulator(parameters)
        except InputError as error:
            paths = error
        results.append(job.then(paths))
    return results


def pieces_of(sets: int) -> int:
    """How many pieces of work so many sets make."""
    return -(-sets // CHUNK)


def simulate_all(
    work: Campaign, simulator: Simulator, sets: Array, then: Callable[[Paths | InputError], Result]
) -> list[Result]:
    """What `then`, which can be pickled, makes of every set, in their order.

    Shape: sets (sets, parameters).
    """
    rows = [tuple(map(float, row)) for row in sets]
    chunks = [tuple(rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK)]
    job: Any = Sets(simulator, then)
    done = work.map(run_sets, job, chunks, lambda chunk, _: len(chunk) * simulator.paths)
    return [each for chunk in done for each in chunk]

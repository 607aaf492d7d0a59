"""A what-if that was checked and packed and waits to be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...kernels.packing.scenario import prepare
from ...kernels.probes.utilisation import utilisation
from ...results.measures.path_loss import PathLoss
from ...scenarios import InputError, bind
from ...scenarios.book import Book
from ...scenarios.bound import Bound
from ..checks import check_paths, texts
from ..model import Model
from ..path_loss import path_loss
from ..stored import Finished, chosen, finished, level_of
from .book_change import (
    SPREAD,
    Terms,
    Trade,
    changed,
    changed_book,
    changes_of,
    check_changes,
    cost_of,
)
from .hedge import hedge_of
from .shares import shares_of
from .trades import read_trades
from .universe import File, Universe, enlarged, known_market

TOGETHER = "all together"


@dataclass(frozen=True)
class Orders:
    """What is to be traded, as Python and the command line say it.

    `close`, `halve` symbols; `scale` by symbol the part that is kept; `add` by symbol signed shares
    to buy, negative: to sell; `hedges` contracts to buy, `GME210129C00115000=2500` or
    `=2500@3.40`; `trades` a file of changes (trades.py); `market` a file with the rows of names
    that the run's market file lacks; `changes` as objects.
    """

    changes: Sequence[Trade] = ()
    close: Sequence[str] = ()
    halve: Sequence[str] = ()
    scale: Mapping[str, float] | None = None
    add: Mapping[str, float] | None = None
    hedges: Sequence[str] = ()
    trades: str | Path | None = None
    market: File | None = None

    def of(self, source: Finished, spread: float) -> tuple[list[Trade], Universe]:
        """The changes, which can be done, and the names that they take. Raises InputError."""
        book, market = source.job.book, known_market(source, self.market)
        made = [*self.changes, *changes_of(self.close, self.halve, self.scale)]
        made += shares_of(self.add or {}, market)
        made += (hedge_of(text, book, market, spread) for text in texts("hedges", self.hedges))
        if self.trades is not None:
            made += read_trades(self.trades, book, market, spread)
        check_changes(made, book)
        return made, enlarged(source, market, made)


@dataclass(frozen=True)
class Case:
    """A change of the book under a scenario, packed. `scale` is equity after over before."""

    scenario: int
    label: str
    cost: float
    premium: float
    scale: float
    model: Model


@dataclass(frozen=True)
class Question:
    """A what-if that was checked and packed and waits to be run."""

    source: Finished
    paths: int
    measure: PathLoss
    rate: float | None
    spread: float
    added: tuple[str, ...]
    bases: dict[int, Model]
    cases: list[Case]

    @property
    def again(self) -> bool:
        """Whether the book as it is must run again, since the store's losses cannot be paired."""
        job = self.source.job
        elsewhere = not self.source.same_build or chosen(job.backend).name != job.backend
        return bool(self.added) or elsewhere

    @property
    def runs(self) -> int:
        """Runs over all paths."""
        return len(self.cases) + self.again * len(self.bases)

    @property
    def seconds(self) -> float | None:
        """About how long it takes, if this machine is the one that made the store."""
        job, provenance = self.source.job, self.source.tree.attrs["provenance"]
        if "wall_seconds" not in provenance:
            return None
        runs = 2 * len(job.scenarios) * job.paths  # with feedback and without
        return float(provenance["wall_seconds"]) * self.runs * self.paths / runs


def ask(
    store: str | Path,
    changes: Sequence[Trade] = (),
    *,
    paths: int | None = None,
    measure: str | None = None,
    rate: float | None = None,
    spread: float = SPREAD,
    **orders: Any,
) -> Question:
    """Check and pack what is to run. Raises StoreError, InputError.

    `orders` are fields of `Orders`. `paths` takes the first of the store's run, None all; `measure`
    what a path loses, None what the store's run was about; `rate` is the cost of trading as a
    fraction of the value of shares traded, None takes half the impact of the scenario; `spread`
    half the spread of options as a fraction of their mark.
    """
    source = finished(store)
    job = source.job
    if not 0 <= spread < 1:
        raise InputError(f"spread: {spread:g} is not a fraction of the mark, such as .05")
    changes, universe = Orders(changes, **orders).of(source, spread)
    if rate is not None and not 0 <= rate < 1:
        raise InputError(f"rate: {rate:g} is not a fraction of the value traded, such as .01")
    count = job.paths if paths is None else check_paths(paths)
    if count > job.paths:
        raise InputError(f"paths: {count:,} is more than the {job.paths:,} paths of {store}")
    level_of(count)
    loss = path_loss(measure or job.measure, source.horizons)
    bases: dict[int, Model] = {}
    cases: list[Case] = []
    for index, scenario in enumerate(job.scenarios):
        if scenario.variant_of is None:
            bases[index], more = _cases(source, universe, index, changes, (rate, spread))
            cases += more
    return Question(source, count, loss, rate, spread, universe.added, bases, cases)


def _cases(
    source: Finished,
    universe: Universe,
    index: int,
    changes: Sequence[Trade],
    costs: tuple[float | None, float],
) -> tuple[Model, list[Case]]:
    """The scenario with the book as it is, and with every change; `costs` are rate and spread."""
    job, book = source.job, universe.book
    scenario = job.scenarios[index]
    try:
        bound = bind(scenario, book, universe.market, universe.chain)
        ready = prepare(bound, seed=job.seed)
    except InputError as error:
        raise InputError(f"scenario {scenario.id}: {error}") from None
    terms = Terms(bound.market, {each.symbol: each.per_float for each in ready.impacts}, *costs)
    choices = {str(change): [change] for change in changes}
    if len(changes) > 1:
        choices[TOGETHER] = list(changes)
    cases, equity = [], book.equity
    for label, chosen_changes in choices.items():
        cost = cost_of(chosen_changes, book, terms)
        if cost >= equity:
            raise InputError(
                f"scenario {scenario.id}: {label} costs {cost:,.0f}, no less than the equity of "
                f"{equity:,.0f}; give `rate` or `spread`, or trade less"
            )
        after = changed_book(book, chosen_changes, cost)
        try:
            model = Model(changed(bound, after), job.seed).pack()
            _check_loans(bound, after, model)
        except InputError as error:
            raise InputError(f"scenario {scenario.id}, {label}: {error}") from None
        premium = sum(change.premium(book) for change in chosen_changes)
        paid = cost / equity, premium / equity
        cases.append(Case(index, label, *paid, after.equity / equity, model))
    return Model(bound, job.seed).keep(ready.packed), cases


def _check_loans(bound: Bound, after: Book, model: Model) -> None:
    """Raises InputError where the book borrows more than a scenario lets lend; where the market
    file says what is lendable, trades were held against that (shares.py).
    """
    on_loan = dict(zip(bound.symbols, utilisation(model.packed()), strict=True))
    for old, new in zip(bound.book.positions, after.positions, strict=True):
        more = max(-new.quantity, 0.0) > max(-old.quantity, 0.0)
        if more and bound.market[new.symbol].lendable is None and on_loan[new.symbol] > 1:
            raise InputError(
                f"{new.symbol}: {on_loan[new.symbol]:.2f} times what can be lent would be on loan; "
                "sell less, or give lendable in the market file"
            )

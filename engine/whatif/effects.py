"""What closing, shrinking or hedging positions would do to the tail, paired path by path, and cost.

Every change alone and all together run on the paths of a finished store. Losses stay fractions of
the equity before, without the cost of trading, which stands beside them; margin is checked against
the equity that is left after it. No mean appears: paths are conditional stories, not prices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...kernels.packed import Packed
from ...kernels.packing.scenario import pack, prepare
from ...results.measures import statistics as st
from ...results.measures.levels import WORST_LEVEL
from ...scenarios import InputError, Scenario, bind
from ..job import Job
from ..paired import simulate
from ..progress import Progress
from ..stored import Finished, Losses, chosen, finished, level_of
from .book_change import SPREAD, Terms, Trade, changed, changed_book, check_changes, cost_of
from .hedge import hedge_of

SECOND_LEVEL = 0.975
TOGETHER = "all together"


@dataclass(frozen=True)
class Shift:
    """A measure before and after a change, and the difference on the same random numbers."""

    before: st.Estimate
    after: st.Estimate
    change: st.Estimate


@dataclass(frozen=True)
class Effect:
    """What a change does under a scenario.

    `es` by level, in fractions of the equity before, on day `WhatIf.day`; `margin_call` the
    probability of a call at any time; `cost` of trading, a fraction of the equity before.
    """

    change: str
    cost: float
    es: dict[float, Shift]
    margin_call: Shift

    @property
    def main(self) -> Shift:
        """ES at the first level."""
        return next(iter(self.es.values()))

    @property
    def relief(self) -> float:
        """How much ES falls at the first level."""
        return 0.0 - self.main.change.value

    @property
    def clear(self) -> bool:
        """Whether the sample tells the change of ES from none."""
        return not self.main.change.low <= 0 <= self.main.change.high

    @property
    def relief_per_cost(self) -> float:
        """Relief per unit of cost; NaN where trading is free or the relief is not clear.

        Without the latter, noise over a cost of nearly nothing would lead the table.
        """
        return self.relief / self.cost if self.cost and self.clear else math.nan


@dataclass(frozen=True)
class WhatIf:
    """Effects of every change, by scenario, most relief per cost first."""

    store: str
    paths: int
    day: int
    equity: float
    currency: str
    rate: float | None
    spread: float
    effects: dict[str, list[Effect]]

    def as_json(self) -> dict[str, Any]:
        """Plain objects; NaN as None."""
        effects = {
            scenario: [
                {
                    "change": e.change,
                    "cost": e.cost,
                    "relief_per_cost": None if math.isnan(e.relief_per_cost) else e.relief_per_cost,
                    "expected_shortfall": {str(p): asdict(shift) for p, shift in e.es.items()},
                    "margin_call": asdict(e.margin_call),
                }
                for e in found
            ]
            for scenario, found in self.effects.items()
        }
        return {
            "store": self.store,
            "paths": self.paths,
            "day": self.day,
            "equity": self.equity,
            "currency": self.currency,
            "cost_rate": self.rate,
            "spread": self.spread,
            "scenarios": effects,
        }


@dataclass(frozen=True)
class Case:
    """A change of the book under a scenario, packed. `scale` is equity after over before."""

    scenario: int
    label: str
    cost: float
    scale: float
    packed: Packed


@dataclass(frozen=True)
class Question:
    """A what-if that was checked and packed and waits to be run."""

    source: Finished
    paths: int
    rate: float | None
    spread: float
    bases: dict[int, Packed]
    cases: list[Case]

    @property
    def again(self) -> bool:
        """Whether the book as it is must run again, since the store's losses cannot be paired."""
        job = self.source.job
        return not self.source.same_build or chosen(job.backend).name != job.backend

    @property
    def runs(self) -> int:
        """Runs over all paths."""
        return len(self.cases) + self.again * len(self.bases)

    @property
    def seconds(self) -> float | None:
        """About how long it takes, if this machine is the one that made the store."""
        job, told = self.source.job, self.source.tree.attrs["provenance"]
        if "wall_seconds" not in told:
            return None
        runs = 2 * len(job.scenarios) * job.paths  # with feedback and without
        return float(told["wall_seconds"]) * self.runs * self.paths / runs


def ask(
    store: str | Path,
    changes: Sequence[Trade],
    *,
    hedges: Sequence[str] = (),
    paths: int | None = None,
    rate: float | None = None,
    spread: float = SPREAD,
) -> Question:
    """Check and pack what is to run. Raises StoreError, InputError.

    `hedges` are contracts to buy, `GME210129C00115000=2500` or `=2500@3.40`. `paths` takes the
    first of the store's run, None all; `rate` is the cost of trading as a fraction of the value of
    shares traded, None takes half the impact of the scenario; `spread` half the spread of options
    as a fraction of their mark.
    """
    source = finished(store)
    job = source.job
    if not 0 <= spread < 1:
        raise InputError(f"--spread: {spread:g} is not a fraction of the mark, such as .05")
    changes = [*changes, *(hedge_of(text, job.book, job.market, spread) for text in hedges)]
    check_changes(changes, job.book)
    if rate is not None and not 0 <= rate < 1:
        raise InputError(
            f"--cover-cost: {rate:g} is not a fraction of the value traded, such as .01"
        )
    count = job.paths if paths is None else paths
    if count > job.paths:
        raise InputError(f"--paths: {count:,} is more than the {job.paths:,} paths of {store}")
    level_of(count)
    bases: dict[int, Packed] = {}
    cases: list[Case] = []
    for index, scenario in enumerate(job.scenarios):
        if scenario.variant_of is None:
            bases[index], made = _cases(job, index, scenario, changes, rate, spread)
            cases += made
    return Question(source, count, rate, spread, bases, cases)


def _cases(
    job: Job,
    index: int,
    scenario: Scenario,
    changes: Sequence[Trade],
    rate: float | None,
    spread: float,
) -> tuple[Packed, list[Case]]:
    """The scenario with the book as it is, and with every change."""
    bound = bind(scenario, job.book, job.market, job.chain)
    ready = prepare(bound, seed=job.seed)
    terms = Terms(
        bound.market, {each.symbol: each.per_float for each in ready.impacts}, rate, spread
    )
    choices = {str(change): [change] for change in changes}
    if len(changes) > 1:
        choices[TOGETHER] = list(changes)
    made, equity = [], job.book.equity
    for label, chosen_changes in choices.items():
        cost = cost_of(chosen_changes, job.book, terms)
        if cost >= equity:
            raise InputError(
                f"scenario {scenario.id}: {label} costs {cost:,.0f}, no less than the equity of "
                f"{equity:,.0f}; give --cover-cost or --spread, or trade less"
            )
        after = changed_book(job.book, chosen_changes, cost)
        try:
            packed = pack(changed(bound, after), seed=job.seed)
        except InputError as error:
            raise InputError(f"scenario {scenario.id}, {label}: {error}") from None
        made.append(Case(index, label, cost / equity, after.equity / equity, packed))
    return ready.packed, made


def answer(
    question: Question, *, workers: int | None = None, progress: Progress | None = None
) -> WhatIf:
    """Run what was asked. Raises Incomplete."""
    source, n = question.source, question.paths
    job, packed = source.job, [case.packed for case in question.cases]
    packed += question.bases.values() if question.again else ()
    runs = [(each, -1) for each in packed]
    ran = simulate(chosen(job.backend), runs, n, job.block, workers=workers, progress=progress)
    if question.again:
        bases = dict(zip(question.bases, ran[len(question.cases) :], strict=True))
    else:
        bases = {index: source.losses(index).first(n) for index in question.bases}
    effects: dict[str, list[Effect]] = {job.scenarios[index].id: [] for index in question.bases}
    for case, after in zip(question.cases, ran, strict=False):
        found = effects[job.scenarios[case.scenario].id]
        found.append(_effect(case, bases[case.scenario], after))
    for scenario in effects:
        effects[scenario].sort(key=_order)
    return WhatIf(
        store=str(source.store),
        paths=n,
        day=int(job.scenarios[0].horizons[-1]),
        equity=job.book.equity,
        currency=job.book.currency,
        rate=question.rate,
        spread=question.spread,
        effects=effects,
    )


def _order(effect: Effect) -> tuple[int, float, float]:
    """Clear relief by its ratio to cost (free: first), then what is not clear, then harm."""
    group = 1 if not effect.clear else 0 if effect.relief > 0 else 2
    ratio = effect.relief_per_cost
    return group, -math.inf if math.isnan(ratio) else -ratio, -effect.relief


def _effect(case: Case, before: Losses, after: Losses) -> Effect:
    """Both sides on the last horizon; what is left of the equity is counted in that before."""
    first = level_of(before.called.size)
    levels = [first, SECOND_LEVEL] if first == WORST_LEVEL else [first]
    was, now = before.loss, after.loss * case.scale
    es = {
        level: Shift(
            st.var_es(was, level)[1], st.var_es(now, level)[1], st.es_difference(now, was, level)
        )
        for level in levels
    }
    calls = Shift(
        _odds(before), _odds(after), st.probability_difference(after.called, before.called)
    )
    return Effect(case.label, case.cost, es, calls)


def _odds(side: Losses) -> st.Estimate:
    return st.wilson(int(side.called.sum()), side.called.size)


def whatif(
    store: str | Path,
    changes: Sequence[Trade] = (),
    *,
    hedges: Sequence[str] = (),
    paths: int | None = None,
    rate: float | None = None,
    spread: float = SPREAD,
    workers: int | None = None,
    progress: Progress | None = None,
) -> WhatIf:
    """Effects of changes of the book on the tail of a finished store.

    Raises StoreError, InputError, Incomplete as `ask` and `answer`.
    """
    question = ask(store, changes, hedges=hedges, paths=paths, rate=rate, spread=spread)
    return answer(question, workers=workers, progress=progress)

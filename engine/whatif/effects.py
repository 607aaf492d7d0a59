"""What changing positions would do to the tail, paired path by path, and what it would cost.

Every change alone and all together run on the paths of a finished store. Losses stay fractions of
the equity before, without the cost of trading, which stands beside them; margin is checked against
the equity that is left after it. The premium of an option bought is no cost: it becomes the option.
But it is paid today, and relief is set against both. No mean appears: paths are conditional
stories, not prices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...results.measures import statistics as st
from ...results.measures.levels import WORST_LEVEL
from ...results.measures.path_loss import PathLoss
from ..campaign import campaign
from ..executors.placement import EMBEDDED, Placement
from ..paired import simulate
from ..progress import Progress
from ..stored import Losses, chosen, level_of
from .book_change import Trade
from .question import Case, Question, ask

SECOND_LEVEL = 0.975


@dataclass(frozen=True)
class Shift:
    """A measure before and after a change, and the difference on the same random numbers."""

    before: st.Estimate
    after: st.Estimate
    change: st.Estimate


@dataclass(frozen=True)
class Effect:
    """What a change does under a scenario.

    `es` by level, in fractions of the equity before, of the measure `WhatIf.measure`; `margin_call`
    the probability of a call at any time; `cost` of trading and `premium` paid for options at their
    marks, fractions of the equity before.
    """

    change: str
    cost: float
    premium: float
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
        """Relief per unit of outlay; NaN where it is free or the relief is not clear.

        Without the latter, noise over a cost of nearly nothing would lead the table.
        """
        return self.relief / self.outlay if self.outlay and self.clear else math.nan

    @property
    def outlay(self) -> float:
        """Cost and premium: what is paid today and is gone if nothing happens."""
        return self.cost + self.premium


@dataclass(frozen=True)
class WhatIf:
    """Effects of every change, by scenario, most relief per cost first.

    `added` names are simulated besides the book's on both sides.
    """

    store: str
    paths: int
    added: tuple[str, ...]
    measure: PathLoss
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
                    "premium": e.premium,
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
            "added": list(self.added),
            "measure": str(self.measure),
            "equity": self.equity,
            "currency": self.currency,
            "cost_rate": self.rate,
            "spread": self.spread,
            "scenarios": effects,
        }


def answer(
    question: Question, *, placement: Placement = EMBEDDED, progress: Progress | None = None
) -> WhatIf:
    """Run what was asked. Raises Incomplete."""
    source, n = question.source, question.paths
    job, models = source.job, [case.model for case in question.cases]
    models += question.bases.values() if question.again else ()
    engine, loss = chosen(job.backend).name, question.measure
    with campaign(placement, engine, progress) as work:
        ran = simulate(work, engine, models, n, job.block, loss)
    if question.again:
        bases = dict(zip(question.bases, ran[len(question.cases) :], strict=True))
    else:
        bases = {index: source.losses(index, loss).first(n) for index in question.bases}
    effects: dict[str, list[Effect]] = {job.scenarios[index].id: [] for index in question.bases}
    for case, after in zip(question.cases, ran, strict=False):
        found = effects[job.scenarios[case.scenario].id]
        found.append(_effect(case, bases[case.scenario], after))
    for scenario in effects:
        effects[scenario].sort(key=_order)
    return WhatIf(
        store=str(source.store),
        paths=n,
        added=question.added,
        measure=loss,
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
    """Both sides by the measure; what is left of the equity is counted in that before."""
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
    return Effect(case.label, case.cost, case.premium, es, calls)


def _odds(side: Losses) -> st.Estimate:
    return st.wilson(int(side.called.sum()), side.called.size)


def whatif(
    store: str | Path,
    changes: Sequence[Trade] = (),
    *,
    close: Sequence[str] = (),
    halve: Sequence[str] = (),
    scale: Mapping[str, float] | None = None,
    add: Mapping[str, float] | None = None,
    placement: Placement = EMBEDDED,
    progress: Progress | None = None,
    **terms: Any,
) -> WhatIf:
    """What closing, shrinking, adding or hedging positions today does to the tail, and its cost.

    Every change alone and all together, on the paths of the store.

    Source: paired differences of ES by their influence functions (results/measures/statistics.py);
    the cost is half the linear impact of the trade (Almgren & Chriss 2000, J. Risk 3).

    Parameters
    ----------
    store
        A finished results store.
    changes
        Changes as objects (`Trade`); most callers need none of these.
    close, halve, scale
        Symbols to close, to halve, and by symbol the part that is kept, {"BB": 0.7}.
    add
        By symbol shares to buy, negative: to sell, {"SPY": 10000}; of names that the book holds and
        of others, whose market rows are those of the run's market file.
    placement
        Where it runs; the numbers do not depend on it.
    progress
        What hears how far it is; None: nobody.
    terms
        `hedges`, contracts to buy by OCC symbol, ["GME210129C00115000=2500"], with `=2500@3.40` at
        that ask; `trades`, a CSV file of changes with the columns action, symbol, quantity, price:
        close, halve, scale (quantity is the part that is kept), buy (contracts of an option by
        OCC symbol, price the ask; empty: the mark and half the spread; or shares) or sell
        (shares); `market`, a market file with the rows of names that the run's lacks; `paths`, the
        first of the store's to take, None: all; `measure`, what a path loses, `worst`,
        `worst_close` or `day_N`, None: the store's; `rate`, the cost of trading shares as a
        fraction of their value, None: half the impact of the scenario, 1/2 lambda q^2 for q floats
        at once (docs/results.md); `spread`, half the spread of options as a fraction of their mark.

    Returns
    -------
    Effects by scenario, most relief per cost first: ES before, after and its paired difference,
    each with its error, the probability of a margin call, the cost.

    Units: fractions of the equity before, losses positive.

    Raises
    ------
    InputError
        Nothing to change, a symbol to close that the book does not hold, one to add without a
        market row, a contract that is none; of a file with its row.
    StoreError
        The store is unfinished or damaged, or its inputs are of another build.
    Incomplete
        Pieces of work failed for good.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=6000)
    >>> (effect,) = powderkeg.whatif(store, close=["GME"]).effects["calm"]
    >>> effect.change, effect.relief > 0
    ('close GME', True)
    """
    asked = ask(store, changes, close=close, halve=halve, scale=scale, add=add, **terms)
    return answer(asked, placement=placement, progress=progress)

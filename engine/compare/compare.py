"""Compare two stores: run what is to run, take the differences."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from ...results.measures import statistics as st
from ...results.measures.statistics import Sample
from ...scenarios.book import Book
from ..campaign import campaign
from ..executors.placement import EMBEDDED, Placement
from ..progress import Progress
from ..stored import chosen
from .moves import day_pnl, moves
from .plan import BOOK, MARKET, NOISE, PARTS, Comparing, Course, Way, plan_comparison, scenarios_of
from .result import Comparison, Difference
from .swaps import INPUTS, LEAST_SPLIT, NAMES_SPLIT

Estimates = dict[str, st.Estimate]


def run_comparison(
    plan: Comparing, *, placement: Placement = EMBEDDED, progress: Progress | None = None
) -> Comparison:
    """Run what is to run and take the differences. Raises Incomplete."""
    engine = chosen(plan.tonight.job.backend).name
    idle = not plan.todo and not plan.more
    with nullcontext() if idle else campaign(placement, engine, progress) as work:
        runs = plan.run(work)
        named = [_Named(plan, course) for course in plan.courses]
        runs += plan.run(work)
    before, after = plan.yesterday.job, plan.tonight.job
    names = set(scenarios_of(plan.yesterday)), set(scenarios_of(plan.tonight))
    held = _held(before.book), _held(after.book)
    return Comparison(
        level=plan.level,
        measure=plan.measure,
        paths=plan.paths,
        runs=runs,
        differences=sorted((each.difference() for each in named), key=lambda d: -d.total.value),
        only_yesterday=tuple(sorted(names[0] - names[1])),
        only_tonight=tuple(sorted(names[1] - names[0])),
        bought=tuple(sorted(held[1] - held[0])),
        sold=tuple(sorted(held[0] - held[1])),
        moves=moves(before.book, after.book),
        day_pnl=day_pnl(before.book, after.market),
        currency=after.book.currency,
    )


class _Named:
    """One scenario's changes of ES by name, and the ways that split the largest of them."""

    def __init__(self, plan: Comparing, course: Course) -> None:
        self.plan, self.course = plan, course
        self.inputs = self._by_name(course.inputs)
        self.names = self._by_name(course.names)
        self.split = self._split()

    def _by_name(self, way: Way) -> Estimates:
        return dict(zip(way.names, self.plan.estimates(way), strict=True))

    def _split(self) -> dict[str, Way]:
        """Through the step of a name input by input: of every name of which one input alone
        changed, and of the few others whose steps are largest."""
        swap, left = self.course.swap, NAMES_SPLIT
        parts = {name: self._size(self.names, name) for name in self.names.keys() & swap.changed}
        least = LEAST_SPLIT * max(parts.values(), default=0.0)
        ranked = sorted(INPUTS, key=lambda name: -self._size(self.inputs, name))
        found: dict[str, Way] = {}
        for name in sorted(parts, key=lambda name: (-parts[name], name)):
            several = len(swap.changed[name]) > 1
            if several and (left == 0 or parts[name] < least):
                continue
            left -= several
            before, after = self.course.names.ends_of(name)
            found[name] = self.plan.way(before, swap.of_name(name, before, after, ranked))
        return found

    @staticmethod
    def _size(of: Estimates, name: str) -> float:
        return abs(of[name].value) if name in of else 0.0

    def difference(self) -> Difference:
        """Parts as sums of ES over the states they lead to, less those they lead from."""
        course, level = self.course, self.plan.level
        first, last = course.yesterday, course.tonight
        parts = self._parts()
        return Difference(
            scenario=course.scenario,
            yesterday=st.var_es(first.losses, level)[1],
            tonight=st.var_es(last.losses, level)[1],
            total=st.es_sum([first, last], level),
            parts=parts,
            trades=self._by_name(course.trades) if course.trades else {},
            inputs=self.inputs,
            names=self.names,
            cells={name: self._by_name(way) for name, way in self.split.items()},
            causes=self._causes(parts),
        )

    def _parts(self) -> Estimates:
        """Of everything, in the order of PARTS."""
        course, known = self.course, self.plan.known
        samples: dict[str, list[Sample]] = {name: [] for name in PARTS}
        if course.trades is None:
            samples = {f"{BOOK} and {MARKET}": [], **samples}
            del samples[BOOK], samples[MARKET]
        # Side by side with its opposite a sample that is there twice leaves an error of 0, not
        # 1e-20.
        states = course.whole.states
        for end, state in ((course.yesterday, states[0]), (course.tonight, states[-1])):
            samples[NOISE] += [end, Sample(-end.sign, state.seed, known[state.key])]
        for name, pair in zip(course.whole.names, course.whole.samples(known), strict=True):
            samples[name] += pair
        return {name: st.es_sum(each, self.plan.level) for name, each in samples.items()}

    def _causes(self, parts: Estimates) -> Estimates:
        """Everything once, as finely as it was told apart, the largest first."""
        course = self.course
        told = {name: part for name, part in parts.items() if BOOK not in name and name != MARKET}
        steps = zip(course.names.names, course.names.words, strict=True)
        split = {words for name, words in steps if name in self.split}
        for way in (course.trades, course.names, *self.split.values()):
            if way is not None:
                told |= zip(way.words, self.plan.estimates(way), strict=True)
        left = {words: part for words, part in told.items() if words not in split}
        return dict(sorted(left.items(), key=lambda pair: -abs(pair[1].value)))


def _held(book: Book) -> set[str]:
    """Names of shares, and contracts."""
    return {p.symbol for p in book.positions if p.quantity} | {d.label for d in book.derivatives}


def compare(
    yesterday: str | Path,
    tonight: str | Path,
    *,
    paths: int | None = None,
    measure: str | None = None,
    placement: Placement = EMBEDDED,
    progress: Progress | None = None,
) -> Comparison:
    """Why ES changed between two finished stores, by book, market, scenario, model version and
    noise, by name and by input.

    Source: inputs are swapped one at a time on the same paths (engine/compare/plan.py).

    Parameters
    ----------
    yesterday, tonight
        Finished results stores.
    paths
        Paths of every step; None: 100,000, or those of the smaller store.
    measure
        Loss of a path: `worst`, `worst_close` or `day_N`; None: tonight's.
    placement
        Where it runs; the numbers do not depend on it.
    progress
        What hears how far it is; None: nobody.

    Returns
    -------
    For every scenario of both, ES and its parts, which add up to the change, each with its error:
    `parts`; the book's by name (`trades`), the market's by input (`inputs`) and by name (`names`),
    names by input (`cells`), and all of it once, the largest first (`causes`). Positions that
    changed; P&L of the day by name.

    Units: fractions of equity, losses positive.

    Raises
    ------
    InputError
        No scenario or no day in common, too few paths.
    StoreError
        A store is unfinished or damaged, or its inputs are of another build.
    Incomplete
        Pieces of work failed for good.

    Example
    -------
    >>> import powderkeg
    >>> inputs = ("book.csv", "market.csv", "calm.yaml")
    >>> old = powderkeg.run(*inputs, "yesterday.zarr", paths=6000)
    >>> new = powderkeg.run(*inputs, "tonight.zarr", paths=6000, seed=2)
    >>> (found,) = powderkeg.compare(old, new).differences
    >>> [cause for cause, value in found.causes.items() if value.value]
    ['Monte Carlo noise']
    """
    plan = plan_comparison(yesterday, tonight, paths=paths, measure=measure)
    return run_comparison(plan, placement=placement, progress=progress)

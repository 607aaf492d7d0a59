"""Which states lie between two stores, and which of them must run.

The inputs are swapped one at a time, book, then market and chain, then scenario, on tonight's
seed and one set of paths:

    yesterday's store, all its paths
      its first n paths                                      noise
      yesterday's inputs by this build of the model          model version
      ... with tonight's seed                                noise
      ... with tonight's book, at yesterday's prices         book, name by name
      ... with tonight's market and chain                    market, by input and by name
      ... with tonight's scenario                            scenario
      tonight's store, its first n paths                     model version
    tonight's store, all its paths                           noise

Each line less the one before is a part, so parts add up to the total. States with equal inputs are
one state: nothing runs for them and their part is 0 exactly. What is known from a store is not run
again. Names only in one book were bought or sold: they are part of `book`, and where yesterday's
market lacks a name, its row of tonight stands in. Options keep the ratio of their volatility to the
name's; a contract that has expired since is part of `book`, too. A state whose inputs do not fit
together is passed over: its step is one with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from ...kernels.digest import model_digest
from ...results.measures import statistics as st
from ...results.measures.path_loss import PathLoss
from ...results.measures.statistics import Sample
from ...scenarios import InputError
from ...scenarios.chain import Chain
from ..campaign import Campaign
from ..checks import check_paths
from ..job import Job
from ..model import Model
from ..paired import simulate
from ..path_loss import path_loss
from ..stored import Finished, Floats, chosen, finished, level_of
from .state import State, at_prices_of, filled
from .swaps import MarketSwap, Step, by_trade

MOST_PATHS = 100_000
SPLITTING = "simulating single names, input by input"
BOOK, MARKET, SCENARIO = "book", "market", "scenario"
VERSION, NOISE = "model version", "Monte Carlo noise"
PARTS = (BOOK, MARKET, SCENARIO, VERSION, NOISE)
Known = dict[tuple[str, str], Floats]


@dataclass
class Way:
    """States from one to another, and what leads from each to the next; a step that could not be
    taken alone is named with the next."""

    states: list[State]
    names: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    found: list[st.Estimate] = field(default_factory=list)

    def samples(self, known: Known) -> list[list[Sample]]:
        """Step by step, what its change of ES is made of."""
        rows = [(state.seed, known[state.key]) for state in self.states]
        return [[Sample(-1, *lower), Sample(1, *upper)] for lower, upper in pairwise(rows)]

    def ends_of(self, name: str) -> tuple[State, State]:
        """The states around a step."""
        place = self.names.index(name)
        return self.states[place], self.states[place + 1]


@dataclass(frozen=True)
class Course:
    """The ways of one scenario from yesterday to tonight.

    `whole` has every part; `trades` goes through the book name by name, `inputs` and `names`
    through the market. Where tonight's book does not fit yesterday's market, these two begin before
    the book, and there are no `trades`.
    """

    scenario: str
    yesterday: Sample
    tonight: Sample
    swap: MarketSwap
    whole: Way
    trades: Way | None
    inputs: Way
    names: Way


@dataclass(frozen=True)
class Comparing:
    """A comparison that was checked and packed and waits to be run."""

    yesterday: Finished
    tonight: Finished
    paths: int
    level: float
    measure: PathLoss
    courses: list[Course] = field(default_factory=list)
    known: Known = field(default_factory=dict)
    todo: dict[tuple[str, str], Model] = field(default_factory=dict)

    @property
    def more(self) -> int:
        """Runs that may come when it is known which names matter most."""
        return sum(course.swap.most_runs() for course in self.courses)

    def way(self, start: State, steps: Sequence[Step]) -> Way:
        """The way of some steps, the last of which fits."""
        way, pending = Way([start]), list[Step]()
        for step in steps:
            pending.append(step)
            if not self.fits(step.state):
                continue
            way.states.append(step.state)
            way.names.append(_joined([each.name for each in pending]))
            way.words.append(_joined([each.words for each in pending]))
            pending = []
        return way

    def fits(self, state: State) -> bool:
        """Whether the inputs of a state fit together."""
        try:
            self.add(state)
        except InputError:
            return False
        return True

    def add(self, state: State) -> None:
        """See to it that the losses of a state will be known. Raises InputError."""
        if state.key not in self.known and state.key not in self.todo:
            self.todo[state.key] = state.packed()

    def run(self, work: Campaign | None) -> int:
        """Run what waits, if anything; how many runs it took. Raises Incomplete."""
        models = list(self.todo.values())
        if models and work is not None:
            if work.started:
                work.phase(SPLITTING, len(models) * self.paths)
            job = self.tonight.job
            engine = chosen(job.backend).name
            ran = simulate(work, engine, models, self.paths, job.block, self.measure)
            losses = (each.loss for each in ran)
            self.known.update(zip(self.todo, losses, strict=True))
            self.todo.clear()
        return len(models)

    def estimates(self, way: Way) -> list[st.Estimate]:
        """Step by step, the change of ES; found once."""
        if not way.found:
            way.found += [st.es_sum(pair, self.level) for pair in way.samples(self.known)]
        return way.found


def plan_comparison(
    yesterday: str | Path,
    tonight: str | Path,
    *,
    paths: int | None = None,
    measure: str | None = None,
) -> Comparing:
    """Find out what must run. Raises StoreError, InputError.

    `paths` None takes 100,000, or those of the smaller store, `measure` None that of tonight's.
    """
    old, new = finished(yesterday), finished(tonight)
    least = min(old.job.paths, new.job.paths)
    n = min(MOST_PATHS, least) if paths is None else check_paths(paths)
    if n > least:
        raise InputError(f"paths: {n:,} is more than the {least:,} paths of the smaller store")
    shared = tuple(sorted(set(old.horizons) & set(new.horizons)))
    if not shared:
        raise InputError(f"{yesterday} and {tonight} have no day of losses in common")
    loss = path_loss(measure or new.job.measure, shared)
    days = tuple(source.job.scenarios[0].horizon_days for source in (old, new))
    if loss.day is None and days[0] != days[1]:
        raise InputError(
            f"{yesterday} runs for {days[0]} days and {tonight} for {days[1]}, so their worst "
            "moments are not alike; give a `measure` of a day of both, such as "
            f"day_{shared[-1]}"
        )
    plan = Comparing(old, new, n, level_of(n), loss)
    theirs = scenarios_of(new)
    for name, index in scenarios_of(old).items():
        if name in theirs:
            plan.courses.append(_course(plan, index, theirs[name]))
    if not plan.courses:
        raise InputError(
            f"{yesterday} and {tonight} have no scenario in common: "
            f"{', '.join(scenarios_of(old))} and {', '.join(theirs)}"
        )
    return plan


def scenarios_of(source: Finished) -> dict[str, int]:
    """Scenarios as given by their ids, without those that only vary another one."""
    scenarios = source.job.scenarios
    return {s.id: i for i, s in enumerate(scenarios) if s.variant_of is None}


def _course(plan: Comparing, before: int, after: int) -> Course:
    """The ways of one scenario; what no store knows is packed."""
    old, new, n = plan.yesterday, plan.tonight, plan.paths
    was, now = old.job, new.job
    ours = (old.losses(before, plan.measure).loss, new.losses(after, plan.measure).loss)
    first = State(
        was.book,
        filled(was.market, now.market),
        _filled_chain(was, now),
        was.scenarios[before],
        was.seed,
        was.backend,
        old.model,
    )
    here = replace(first, back_end=chosen(now.backend).name, model=model_digest())
    seeded = replace(here, seed=now.seed)
    held = replace(seeded, book=at_prices_of(first.market, now))
    market = replace(held, book=now.book, market=filled(now.market, was.market), chain=now.chain)
    story = replace(market, scenario=now.scenarios[after])
    last = replace(story, back_end=now.backend, model=new.model)
    for state, losses in zip((first, last), ours, strict=True):
        plan.known.setdefault(state.key, losses[:n])

    for state in (here, seeded, market, story, last):
        plan.add(state)
    alone = plan.fits(held)
    owed = old.contributions(before), new.contributions(after)
    weight = {name: max(abs(each.get(name, 0.0)) for each in owed) for name in owed[0] | owed[1]}
    swap, by_book = MarketSwap(now, held, market, weight), Step(BOOK, BOOK, held)
    steps = [
        Step(VERSION, VERSION, here),
        Step(NOISE, NOISE, seeded),
        by_book,
        Step(MARKET, MARKET, market),
        Step(SCENARIO, SCENARIO, story),
        Step(VERSION, VERSION, last),
    ]
    start, lead = (held, []) if alone else (seeded, [by_book])
    return Course(
        scenario=old.job.scenarios[before].id,
        yesterday=Sample(-1, was.seed, ours[0]),
        tonight=Sample(1, now.seed, ours[1]),
        swap=swap,
        whole=plan.way(first, steps),
        trades=plan.way(seeded, by_trade(seeded, held, weight)) if alone else None,
        inputs=plan.way(start, [*lead, *swap.by_input()]),
        names=plan.way(start, [*lead, *swap.by_name()]),
    )


def _joined(names: Sequence[str]) -> str:
    """One name for steps that could not be told apart."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _filled_chain(was: Job, now: Job) -> Chain:
    """Yesterday's chain, and tonight's rows of names that were not held yesterday."""
    more = (row for row in now.chain.rows if row.symbol not in was.book.symbols)
    return replace(was.chain, rows=(*was.chain.rows, *more))

"""Why ES of tonight is not that of yesterday: book, market, scenario, model version, noise.

The inputs are swapped one at a time, book, then market and chain, then scenario, on tonight's
seed and one set of paths:

    yesterday's store, all its paths
      its first n paths                                      noise
      yesterday's inputs by this build of the model          model version
      ... with tonight's seed                                noise
      ... with tonight's book, at yesterday's prices         book
      ... with tonight's market and chain                    market, input by input
      ... with tonight's scenario                            scenario
      tonight's store, its first n paths                     model version
    tonight's store, all its paths                           noise

Each line less the one before is a part, so parts add up to the total. States with equal inputs are
one state: nothing runs for them and their part is 0 exactly. What is known from a store is not run
again. Names only in one book were bought or sold: they are part of `book`, and where yesterday's
market lacks a name, its row of tonight stands in. Options keep the ratio of their volatility to the
name's; a contract that has expired since is part of `book`, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..kernels.digest import model_digest
from ..results.measures import statistics as st
from ..results.measures.path_loss import PathLoss
from ..results.measures.statistics import Sample
from ..scenarios import InputError, Scenario
from ..scenarios.book import Book, maintenance_margin
from ..scenarios.bound import bind
from ..scenarios.chain import Chain
from ..scenarios.derivatives import at_close_of
from ..scenarios.market import Market
from .campaign import campaign
from .checks import check_paths
from .executors.placement import EMBEDDED, Placement
from .job import Job
from .market_inputs import REST, Move, day_pnl, moves, swapped
from .model import Model
from .paired import simulate
from .path_loss import path_loss
from .progress import Progress
from .stored import Finished, Floats, chosen, finished, level_of

MOST_PATHS = 100_000
BOOK, MARKET, SCENARIO = "book", "market", "scenario"
VERSION, NOISE = "model version", "Monte Carlo noise"
PARTS = (BOOK, MARKET, SCENARIO, VERSION, NOISE)


@dataclass(frozen=True)
class State:
    """One scenario with the inputs of a moment; equal keys give equal losses to the last bit."""

    book: Book
    market: Market
    chain: Chain
    scenario: Scenario
    seed: int
    back_end: str
    model: str

    @property
    def key(self) -> tuple[str, str]:
        """Everything that decides the losses of a path."""
        scenarios = (self.scenario,)
        inputs = (self.book, self.market, self.chain, scenarios)
        job = Job(*inputs, 1, 1, self.back_end, seed=self.seed)
        return job.to_json(), self.model

    def packed(self) -> Model:
        """What is to run, packed. Raises InputError where the inputs do not fit together."""
        for d in self.book.derivatives:
            if d.expiry is not None and (d.expiry_day or 0) < 1:
                raise InputError(f"{d.label} has expired by {self.market.as_of}")
        return Model(bind(self.scenario, self.book, self.market, self.chain), self.seed).pack()


@dataclass(frozen=True)
class Difference:
    """ES of a scenario in both stores and the parts of its change, in fractions of equity.

    `parts` are in the order of PARTS; two that could not be told apart share a name, `book and
    market`. They add up to `total`. `inputs` are the parts of `market`, in the order in which they
    were swapped.
    """

    scenario: str
    yesterday: st.Estimate
    tonight: st.Estimate
    total: st.Estimate
    parts: dict[str, st.Estimate]
    inputs: dict[str, st.Estimate]


@dataclass(frozen=True)
class Comparison:
    """Changes of ES at one level and measure, largest rise first.

    `only` names what was not compared, `runs` counts the runs of `paths` paths that it took.
    """

    level: float
    measure: PathLoss
    paths: int
    runs: int
    differences: list[Difference]
    only_yesterday: tuple[str, ...]
    only_tonight: tuple[str, ...]
    bought: tuple[str, ...]
    sold: tuple[str, ...]
    moves: tuple[Move, ...]
    day_pnl: dict[str, float]
    currency: str

    def as_json(self) -> dict[str, Any]:
        """Plain objects."""
        return asdict(self) | {"measure": str(self.measure)}


@dataclass
class Steps:
    """The way of one scenario from yesterday to tonight; `names[i]` is the part that leads from
    state i to state i + 1, "" where it is noise."""

    scenario: str
    yesterday: Floats
    tonight: Floats
    states: list[State] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparing:
    """A comparison that was checked and packed and waits to be run."""

    yesterday: Finished
    tonight: Finished
    paths: int
    level: float
    measure: PathLoss
    ways: list[Steps]
    known: dict[tuple[str, str], Floats]
    todo: dict[tuple[str, str], Model]


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
    plan = Comparing(old, new, n, level_of(n), loss, [], {}, {})
    theirs = _indices(new)
    for name, index in _indices(old).items():
        if name in theirs:
            _add(plan, index, theirs[name])
    if not plan.ways:
        raise InputError(
            f"{yesterday} and {tonight} have no scenario in common: "
            f"{', '.join(_indices(old))} and {', '.join(theirs)}"
        )
    return plan


def _indices(source: Finished) -> dict[str, int]:
    """Scenarios as given by their ids, without those that only vary another one."""
    scenarios = source.job.scenarios
    return {s.id: i for i, s in enumerate(scenarios) if s.variant_of is None}


def _add(plan: Comparing, before: int, after: int) -> None:
    """One scenario's way; packs what no store knows and leaves out states that cannot be."""
    old, new, n = plan.yesterday, plan.tonight, plan.paths
    losses = (old.losses(before, plan.measure).loss, new.losses(after, plan.measure).loss)
    way = Steps(old.job.scenarios[before].id, *losses)
    steps = list(_steps(old, new, before, after))
    for (_, state), known in ((steps[0], losses[0]), (steps[-1], losses[1])):
        plan.known.setdefault(state.key, known[:n])
    pending: list[str] = []
    for name, state in steps:
        key = state.key
        if key not in plan.known and key not in plan.todo:
            try:
                plan.todo[key] = state.packed()
            except InputError:
                if name != BOOK and (not name.startswith(MARKET) or name.endswith(REST)):
                    raise
                pending.append(name)  # tonight's book under yesterday's market, say
                continue
        way.states.append(state)
        way.names.append(_joined([*pending, name]))
        pending = []
    way.names.pop(0)
    plan.ways.append(way)


def _joined(names: list[str]) -> str:
    """One name for steps that could not be told apart."""
    if names[0] == BOOK and len(names) > 1:
        return f"{BOOK} and {MARKET}"
    inputs = [name.removeprefix(f"{MARKET}: ") for name in names]
    return names[0] if len(names) == 1 else f"{MARKET}: {' and '.join(inputs)}"


def _steps(old: Finished, new: Finished, before: int, after: int) -> Iterator[tuple[str, State]]:
    """States in order, each with the part that leads to it."""
    was, now = old.job, new.job
    state = State(
        was.book,
        _filled(was.market, now.market),
        _filled_chain(was, now),
        was.scenarios[before],
        was.seed,
        was.backend,
        old.model,
    )
    yield "", state
    here = chosen(now.backend).name
    yield VERSION, (state := replace(state, back_end=here, model=model_digest()))
    yield "", (state := replace(state, seed=now.seed))
    yield BOOK, (state := replace(state, book=_at_prices_of(state.market, now)))
    market, chain = _filled(now.market, was.market), now.chain
    for name, rows in swapped(state.market, market):
        there = replace(state, market=rows, book=_at_prices_of(rows, now))
        yield f"{MARKET}: {name}", (state := there)
    yield f"{MARKET}: {REST}", (state := replace(state, book=now.book, market=market, chain=chain))
    yield SCENARIO, (state := replace(state, scenario=now.scenarios[after]))
    yield VERSION, replace(state, back_end=now.backend, model=new.model)


def _filled(market: Market, other: Market) -> Market:
    """A market with the rows that only the other one has."""
    return replace(market, rows={**other.rows, **market.rows})


def _filled_chain(was: Job, now: Job) -> Chain:
    """Yesterday's chain, and tonight's rows of names that were not held yesterday."""
    more = (row for row in now.chain.rows if row.symbol not in was.book.symbols)
    return replace(was.chain, rows=(*was.chain.rows, *more))


def _at_prices_of(market: Market, job: Job) -> Book:
    """The job's book at the prices of a market; margin rates by default follow the price."""
    positions = []
    for p in job.book.positions:
        quote, margin = market[p.symbol], p.margin_rate
        if margin == maintenance_margin(p.quantity, p.price * p.rate):
            margin = maintenance_margin(p.quantity, quote.price * quote.rate)
        positions.append(replace(p, price=quote.price, rate=quote.rate, margin_rate=margin))
    derivatives = tuple(at_close_of(d, market, job.market) for d in job.book.derivatives)
    return replace(job.book, positions=tuple(positions), derivatives=derivatives)


def _held(book: Book) -> set[str]:
    """Names of shares, and contracts."""
    return {p.symbol for p in book.positions if p.quantity} | {d.label for d in book.derivatives}


def run_comparison(
    plan: Comparing, *, placement: Placement = EMBEDDED, progress: Progress | None = None
) -> Comparison:
    """Run what is to run and take the differences. Raises Incomplete."""
    job, known = plan.tonight.job, dict(plan.known)
    if plan.todo:
        engine = chosen(job.backend).name
        models = list(plan.todo.values())
        with campaign(placement, engine, progress) as work:
            ran = simulate(work, engine, models, plan.paths, job.block, plan.measure)
        known |= {key: losses.loss for key, losses in zip(plan.todo, ran, strict=True)}
    before, after = plan.yesterday.job, plan.tonight.job
    names = set(_indices(plan.yesterday)), set(_indices(plan.tonight))
    held = _held(before.book), _held(after.book)
    found = [_difference(plan, way, known) for way in plan.ways]
    return Comparison(
        level=plan.level,
        measure=plan.measure,
        paths=plan.paths,
        runs=len(plan.todo),
        differences=sorted(found, key=lambda d: -d.total.value),
        only_yesterday=tuple(sorted(names[0] - names[1])),
        only_tonight=tuple(sorted(names[1] - names[0])),
        bought=tuple(sorted(held[1] - held[0])),
        sold=tuple(sorted(held[0] - held[1])),
        moves=moves(before.book, after.book),
        day_pnl=day_pnl(before.book, after.market),
        currency=after.book.currency,
    )


def _difference(plan: Comparing, way: Steps, known: dict[tuple[str, str], Floats]) -> Difference:
    """Parts as sums of ES over the states they lead to, less those they lead from."""
    seeds = plan.yesterday.job.seed, plan.tonight.job.seed
    first, last = Sample(-1, seeds[0], way.yesterday), Sample(1, seeds[1], way.tonight)
    rows = [(state.seed, known[state.key]) for state in way.states]
    parts: dict[str, list[Sample]] = {name: [] for name in PARTS}
    joint = f"{BOOK} and {MARKET}"
    if joint in way.names:
        parts = {joint: []} | {p: s for p, s in parts.items() if p not in (BOOK, MARKET)}
    inputs: dict[str, list[Sample]] = {}
    # Side by side with its opposite a sample that is there twice leaves an error of 0, not 1e-20.
    parts[NOISE] += [first, Sample(1, *rows[0]), last, Sample(-1, *rows[-1])]
    for name, lower, upper in zip(way.names, rows, rows[1:], strict=False):
        both = [Sample(-1, *lower), Sample(1, *upper)]
        part, _, of_market = name.partition(": ")
        if of_market:
            inputs[of_market] = both
            part = joint if joint in parts else part
        parts[part or NOISE] += both
    return Difference(
        scenario=way.scenario,
        yesterday=st.var_es(way.yesterday, plan.level)[1],
        tonight=st.var_es(way.tonight, plan.level)[1],
        total=st.es_sum([first, last], plan.level),
        parts={name: st.es_sum(samples, plan.level) for name, samples in parts.items()},
        inputs={name: st.es_sum(samples, plan.level) for name, samples in inputs.items()},
    )


def compare(
    yesterday: str | Path,
    tonight: str | Path,
    *,
    paths: int | None = None,
    measure: str | None = None,
    placement: Placement = EMBEDDED,
    progress: Progress | None = None,
) -> Comparison:
    """Why ES changed between two finished stores: book, market, scenario, model version, noise.

    Source: inputs are swapped one at a time on the same paths (see the head of this module).

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
    For every scenario of both, ES and its parts, which add up to the change, each with its error,
    and those of the market by input; positions that changed; P&L of the day by name.

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
    >>> [part for part, value in found.parts.items() if value.value]
    ['Monte Carlo noise']
    """
    plan = plan_comparison(yesterday, tonight, paths=paths, measure=measure)
    return run_comparison(plan, placement=placement, progress=progress)

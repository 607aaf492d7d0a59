"""Reverse stress test: for a loss given, the most likely way there.

Of a finished store: how the paths that lose so much differ from all paths (breach.py), which are
the most likely of them, and how little must change for a risk measure to reach the loss, along
each axis of the scenario and over all at once (axes.py, nearest.py). A measure that is beyond the
loss already is moved back to it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...kernels import Backend
from ...kernels.packed import Packed
from ...kernels.packing.scenario import pack
from ...results.measures import statistics as st
from ...scenarios import InputError, Scenario, bind
from ..errors import Incomplete, Interrupted
from ..executors import Outcome, executor, gpus, run_all
from ..paired import simulate
from ..progress import Progress, Silent
from ..replay.path import scenario_index
from ..stored import Finished, Losses, chosen, finished
from .axes import Axis, axes_of, chosen_axes, moved
from .breach import MOST, Breach, Ids, Told, breach, check_same, pieces_of, tell
from .nearest import Floats, Reached, Search
from .result import Alone, Joint, Measure, Move, Reverse, parse_measure

PATHS = 10_000
"""Paths of every point of the search, where none are asked for."""
BLOCK = 2048
POINTS = 13
"""About how many points a search takes for every axis."""
LEAST_LOSS = 1e-4


@dataclass(frozen=True)
class Question:
    """A reverse stress test that was checked and waits to be run."""

    source: Finished
    index: int
    loss: float
    day: int
    measure: Measure
    axes: list[Axis]
    paths: int
    packed: Packed

    @property
    def scenario(self) -> Scenario:
        """The scenario it is about."""
        return self.source.job.scenarios[self.index]

    @property
    def horizon(self) -> int:
        """Index of the day among the horizons."""
        return int(self.packed.horizons.tolist().index(self.day))

    @property
    def again(self) -> bool:
        """Whether all paths must run again, since this build or back end makes other ones."""
        job = self.source.job
        return not self.source.same_build or chosen(job.backend).name != job.backend


def parse_loss(text: str, equity: float) -> float:
    """`20%` or an amount of money as a fraction of equity. Raises InputError."""
    number = text.strip().removesuffix("%").replace("_", "").replace(",", "")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    loss = value / 100 if text.strip().endswith("%") else value / equity
    if not math.isfinite(loss) or loss <= 0:
        raise InputError(
            f'--loss: "{text}" is neither a part of equity such as 20% nor an amount such as 25e6'
        )
    if loss < LEAST_LOSS:
        raise InputError(
            f'--loss: "{text}" is less than .01 % of the equity of {equity:,.0f}; write 20% for a '
            "fifth of it"
        )
    return loss


def ask(
    store: str | Path,
    loss: str,
    *,
    scenario: str | None = None,
    measure: str = "var99",
    day: int | None = None,
    axes: Sequence[str] = (),
    paths: int | None = None,
) -> Question:
    """Check what is to run. Raises StoreError, InputError.

    `paths` are for every point of the search, the first of the store's run; None takes 10,000 or
    the fewer there are.
    """
    source = finished(store)
    job = source.job
    fraction, chosen_measure = parse_loss(loss, job.book.equity), parse_measure(measure)
    index = scenario_index(job, scenario)
    told = job.scenarios[index]
    days = [int(d) for d in told.horizons]
    day = days[-1] if day is None else day
    if day not in days:
        raise InputError(
            f"--day: the store has no losses of day {day}; it has day "
            f"{', '.join(str(d) for d in days)}"
        )
    able = chosen_axes(axes_of(told, job.book), axes)
    count = min(PATHS, job.paths) if paths is None else paths
    if count > job.paths:
        raise InputError(f"--paths: {count:,} is more than the {job.paths:,} paths of {store}")
    if st.tail_paths(count, chosen_measure.level) < st.REFUSE:
        need = math.ceil(st.REFUSE / (1 - chosen_measure.level))
        raise InputError(
            f"{count:,} paths are too few for {chosen_measure}; take at least {need:,}, or a "
            "--measure with a lower level"
        )
    packed = _pack(source, index, told)
    return Question(source, index, fraction, day, chosen_measure, able, count, packed)


def _pack(source: Finished, index: int, scenario: Scenario) -> Packed:
    job = source.job
    return pack(bind(scenario, job.book, job.market, job.chain), seed=job.seed)


class _Whole:
    """One bar over many runs: begins with the first, ends with `end`."""

    def __init__(self, to: Progress, most: int) -> None:
        self.to, self.most, self.begun = to, most, False

    def started(self, blocks: int, paths: int, where: str) -> None:
        if not self.begun:
            self.begun = True
            self.to.started(-(-self.most // BLOCK), self.most, where)

    def block_done(self, paths: int) -> None:
        self.to.block_done(paths)

    def block_failed(self, block: int, error: str) -> None:
        self.to.block_failed(block, error)

    def phase(self, what: str, paths: int) -> None: ...

    def finished(self, complete: bool) -> None: ...

    def end(self, complete: bool) -> None:
        """The last run is over."""
        if self.begun:
            self.to.finished(complete)


def answer(
    question: Question, *, workers: int | None = None, progress: Progress | None = None
) -> Reverse:
    """Run what was asked. Raises Incomplete, StoreError."""
    told, engine = progress or Silent(), chosen(question.source.job.backend)
    most = POINTS * len(question.axes) * question.paths + 2 * MOST
    most += question.again * question.source.job.paths
    inside, done = _Whole(told, most), False
    try:
        result = _Run(question, engine, workers, inside).result()
        done = True
    finally:
        inside.end(done)
    return result


class _Run:
    """A question with what it takes to run it."""

    def __init__(
        self, question: Question, engine: Backend, workers: int | None, progress: Progress
    ) -> None:
        self.question, self.engine = question, engine
        self.workers, self.progress = workers, progress
        job, q = question.source.job, question
        if q.again:
            self.losses = self.run([q.packed], job.paths)[0]
        else:
            self.losses = q.source.losses(q.index, q.horizon)
        self.seen: dict[str, st.Estimate] = {
            _digest(q.packed): q.measure(self.losses.first(q.paths).loss)
        }

    def run(self, packed: Sequence[Packed], paths: int) -> list[Losses]:
        """Losses of the first paths on the question's day."""
        cases = [(each, self.question.horizon) for each in packed]
        block = min(BLOCK, self.question.source.job.block)
        return simulate(
            self.engine, cases, paths, block, workers=self.workers, progress=self.progress
        )

    def result(self) -> Reverse:
        """Everything, put together."""
        q, notes = self.question, list[str]()
        job, loss = q.source.job, self.losses.loss
        hits = int((loss >= q.loss).sum())
        probability = st.wilson(hits, loss.size)
        if hits == 0:
            notes.append(
                f"no path of {loss.size:,} loses so much by day {q.day}: nothing can be said of "
                "how it comes about; run more paths, or give a smaller --loss"
            )
        elif hits < st.REFUSE:
            notes.append(
                f"{hits} paths that lose so much are too few to set against all paths; it takes "
                f"{st.REFUSE}, so run about {math.ceil(1.2 * st.REFUSE * loss.size / hits):,} paths"
            )
        found = self.breach() if hits else None
        search = self.search()
        alone, joint = self.moves(search)
        base = search.base
        assert base is not None
        return Reverse(
            store=str(q.source.store),
            scenario=q.scenario.id,
            day=q.day,
            loss=q.loss,
            equity=job.book.equity,
            currency=job.book.currency,
            paths=job.paths,
            probability=probability,
            breaching=hits,
            measure=q.measure,
            base=base,
            search_paths=q.paths,
            points=len(self.seen),
            alone=alone,
            joint=joint,
            breach=found,
            notes=notes,
        )

    def breach(self) -> Breach:
        """Failing paths against all."""
        q = self.question
        ids = np.flatnonzero(self.losses.loss >= q.loss)[:MOST].astype(np.uint64)
        every = np.arange(min(MOST, self.losses.pnl.size), dtype=np.uint64)
        if len(ids) < st.REFUSE:
            every = every[:0]
        told = self.tell(np.concatenate([ids, every]))
        check_same(self.losses.pnl, np.concatenate([ids, every]), told, str(q.source.store))
        halves = (slice(0, len(ids)), slice(len(ids), None))
        one, other = (
            Told(
                told.pnl[half],
                told.by_name[half],
                {label: values[half] for label, values in told.outcomes.items()},
            )
            for half in halves
        )
        return breach(q.packed, q.scenario, q.day, (ids, one), (every, other))

    def tell(self, ids: Ids) -> Told:
        """Replay paths on all workers."""
        q, pieces = self.question, list(pieces_of(ids))
        done: dict[int, Told] = {}

        def run(_: object, item: int) -> int:
            done[item] = tell(self.engine, q.packed, pieces[item], q.horizon)
            return len(pieces[item])

        def heard(outcome: Outcome) -> None:
            if outcome.error is None:
                self.progress.block_done(outcome.result)
            else:
                self.progress.block_failed(outcome.item, outcome.error)

        try:
            with executor("embedded", self.workers, gpus=gpus(self.engine.name)) as where:
                self.progress.started(len(pieces), len(ids), where.description)
                failed = run_all(where, run, None, range(len(pieces)), heard)
        except KeyboardInterrupt:
            raise Interrupted("stopped, nothing is written; fewer --paths take less") from None
        if failed:
            raise Incomplete(f"paths could not be replayed: {min(failed.values())}")
        return Told.joined([done[i] for i in range(len(pieces))])

    def search(self) -> Search:
        """What finds points; its base is the store's own first paths."""
        q = self.question
        low, high = (np.array([getattr(a, side) for a in q.axes]) for side in ("low", "high"))
        return Search(self.evaluate, low, high, q.loss)

    def evaluate(self, points: list[Floats]) -> list[st.Estimate | None]:
        """The measure at points; None where the model cannot go. Equal arrays run once."""
        keys: list[str | None] = []
        new: dict[str, Packed] = {}
        for point in points:
            try:
                packed = _pack(self.question.source, self.question.index, self.scenario_at(point))
            except InputError:
                keys.append(None)
                continue
            keys.append(key := _digest(packed))
            if key not in self.seen:
                new[key] = packed
        if new:
            ran = self.run(list(new.values()), self.question.paths)
            self.seen |= {
                key: self.question.measure(losses.loss)
                for key, losses in zip(new, ran, strict=True)
            }
        return [None if key is None else self.seen[key] for key in keys]

    def scenario_at(self, point: Floats) -> Scenario:
        """The scenario at a point of the axes."""
        axes = self.question.axes
        units = {axis.name: float(u) for axis, u in zip(axes, point, strict=True)}
        return moved(self.question.scenario, axes, units)

    def moves(self, search: Search) -> tuple[list[Alone], Joint | None]:
        """Along each axis, nearest first, and over all at once."""
        q, base = self.question, search.base
        assert base is not None
        alone, found = [], search.along_axes()
        for i, (axis, reached) in enumerate(zip(q.axes, found, strict=True)):
            tried = [
                (point[i], value)
                for point, value in search.values.items()
                if value is not None and not any(np.delete(point, i))
            ]
            nearest = min((v for _, v in tried), key=lambda v: abs(v.value - q.loss))
            alone.append(
                Alone(
                    None if reached is None else _move(axis, float(reached.point[i])),
                    axis.name,
                    axis.what,
                    axis.unit,
                    math.nan if reached is None else reached.error,
                    nearest if reached is None else reached.value,
                    (min(t for t, _ in tried), max(t for t, _ in tried)),
                    max(abs(v.value - base.value) for _, v in tried),
                )
            )
        order = sorted(
            range(len(alone)),
            key=lambda i: (0, r.distance) if (r := found[i]) else (1, -alone[i].effect),
        )
        joint = search.jointly(found) if len(q.axes) > 1 else None
        return [alone[i] for i in order], None if joint is None else self.joint(joint)

    def joint(self, reached: Reached) -> Joint:
        """A point in words, largest part of the distance first."""
        q = self.question
        shares = np.square(reached.point) / reached.distance**2
        order = [i for i in np.argsort(-shares, kind="stable") if abs(reached.point[i]) > 0.005]
        scenario = self.scenario_at(reached.point)
        return Joint(
            moves=[_move(q.axes[i], float(reached.point[i])) for i in order],
            shares=[float(shares[i]) for i in order],
            distance=reached.distance,
            error=reached.error,
            value=reached.value,
            scenario=scenario.model_copy(update={"id": f"{scenario.id[:190]}, reverse"}),
        )


def _move(axis: Axis, units: float) -> Move:
    return Move(axis.name, axis.what, axis.unit, units, axis.say(units))


def _digest(packed: Packed) -> str:
    """Equal for equal numbers; the bytes between the fields of a record do not count."""
    digest = hashlib.sha256()
    for name, value in packed.__dict__.items():
        if isinstance(value, np.ndarray):
            digest.update(f"{name} {value.shape}".encode())
            for field in value.dtype.names or (None,):
                digest.update((value if field is None else value[field]).tobytes())
    return digest.hexdigest()


def reverse(
    store: str | Path,
    loss: str,
    *,
    scenario: str | None = None,
    measure: str = "var99",
    day: int | None = None,
    axes: Sequence[str] = (),
    paths: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Reverse:
    """The most likely way to a loss, and the smallest move to it. Raises as `ask` and `answer`."""
    question = ask(store, loss, scenario=scenario, measure=measure, day=day, axes=axes, paths=paths)
    return answer(question, workers=workers, progress=progress)

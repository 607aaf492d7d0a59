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
from typing import Any

import numpy as np

from ...kernels import backend
from ...kernels.packed import Packed
from ...results.measures import statistics as st
from ...results.measures.path_loss import PathLoss
from ...scenarios import InputError, Scenario
from ..campaign import Campaign, campaign
from ..executors.placement import EMBEDDED, Placement
from ..model import Model
from ..paired import simulate
from ..progress import Progress
from ..stored import Losses, chosen
from .axes import Axis, moved
from .breach import MOST, Breach, Ids, Replayed, breach, check_same, pieces_of, replay_paths
from .nearest import Floats, Reached, Search
from .question import Question, ask, model_of
from .result import Alone, Joint, Move, Reverse

BLOCK = 2048
POINTS = 13
"""About how many points a search takes for every axis."""


def answer(
    question: Question, *, placement: Placement = EMBEDDED, progress: Progress | None = None
) -> Reverse:
    """Run what was asked. Raises Incomplete, StoreError."""
    engine = chosen(question.source.job.backend).name
    most = POINTS * len(question.axes) * question.paths + 2 * MOST
    most += question.again * question.source.job.paths
    with campaign(placement, engine, progress) as work:
        work.start(-(-most // BLOCK), most)
        return _Run(work, question, engine).result()


@dataclass(frozen=True)
class Replays:
    """Paths of a model that are replayed, in the portions that workers take."""

    back_end: str
    model: Model
    loss: PathLoss
    pieces: tuple[Ids, ...]


def replay_piece(replays: Replays, item: int) -> Replayed:
    """What happened on the paths of a portion. Called in a worker."""
    packed, engine = replays.model.packed(), backend(replays.back_end)
    return replay_paths(engine, packed, replays.pieces[item], replays.loss)


class _Run:
    """A question with what it takes to run it: one campaign for all its searches."""

    def __init__(self, work: Campaign, question: Question, engine: str) -> None:
        self.work, self.question, self.engine = work, question, engine
        job, q = question.source.job, question
        if q.again:
            self.losses = self.run([q.model], job.paths)[0]
        else:
            self.losses = q.source.losses(q.index, q.measure.loss)
        self.seen: dict[str, st.Estimate] = {
            _digest(q.packed): q.measure(self.losses.first(q.paths).loss)
        }

    def run(self, models: Sequence[Model], paths: int) -> list[Losses]:
        """Losses of the first paths by the question's measure."""
        block = min(BLOCK, self.question.source.job.block)
        return simulate(self.work, self.engine, models, paths, block, self.question.measure.loss)

    def result(self) -> Reverse:
        """Everything, put together."""
        q, notes = self.question, list[str]()
        job, loss = q.source.job, self.losses.loss
        hits = int((loss >= q.loss).sum())
        probability = st.wilson(hits, loss.size)
        if hits == 0:
            notes.append(
                f"no path of {loss.size:,} loses so much {q.measure.loss.words}: nothing can be "
                "said of how it comes about; run more paths, or give a smaller `loss`"
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
        replayed = self.replay(np.concatenate([ids, every]))
        check_same(self.losses.pnl, np.concatenate([ids, every]), replayed, str(q.source.store))
        halves = (slice(0, len(ids)), slice(len(ids), None))
        one, other = (
            Replayed(
                replayed.pnl[half],
                replayed.by_name[half],
                {label: values[half] for label, values in replayed.outcomes.items()},
            )
            for half in halves
        )
        return breach(q.packed, q.scenario, q.day, (ids, one), (every, other))

    def replay(self, ids: Ids) -> Replayed:
        """Replay paths on all workers."""
        q, pieces = self.question, tuple(pieces_of(ids))
        replays = Replays(self.engine, q.model, q.measure.loss, pieces)
        done = self.work.map(replay_piece, replays, range(len(pieces)), lambda i, _: len(pieces[i]))
        return Replayed.joined(done)

    def search(self) -> Search:
        """What finds points; its base is the store's own first paths."""
        q = self.question
        low, high = (np.array([getattr(a, side) for a in q.axes]) for side in ("low", "high"))
        return Search(self.evaluate, low, high, q.loss)

    def evaluate(self, points: list[Floats]) -> list[st.Estimate | None]:
        """The measure at points; None where the model cannot go. Equal arrays run once."""
        keys: list[str | None] = []
        new: dict[str, Model] = {}
        for point in points:
            try:
                model = model_of(self.question.source, self.scenario_at(point))
            except InputError:
                keys.append(None)
                continue
            keys.append(key := _digest(model.packed()))
            if key not in self.seen:
                new[key] = model
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
    placement: Placement = EMBEDDED,
    progress: Progress | None = None,
    **terms: Any,
) -> Reverse:
    """The most likely way to a loss, and the smallest move of the scenario to it.

    Source: reverse stress testing as the nearest point of the loss region in standard units of the
    drivers (Breuer, Jandacka, Rheinberger & Summer 2009, Int. J. Central Banking 5).

    Parameters
    ----------
    store
        A finished results store.
    loss
        A part of equity, "20%", or an amount of money, "25e6".
    placement
        Where it runs; the numbers do not depend on it.
    progress
        What hears how far it is; None: nobody.
    terms
        `scenario`, its id, None: the only one; `measure`, what is to reach the loss, "var99" (the
        default), "es_97.5_worst", "var_99_day_10" ..., by the store's measure where it names none;
        `axes`, names of what
        may move, none: everything; `paths` of every point of the search, None: 10,000 or the fewer
        there are.

    Returns
    -------
    How the paths that lose so much differ from all, which of them are most likely, and the nearest
    point along each axis (`alone`) and over all (`joint`), with errors.

    Units: moves in standard units of what is believed (docs/results.md), losses in fractions of
    equity, positive.

    Raises
    ------
    InputError
        A loss, measure, day or axis that there is not, too few paths.
    StoreError
        The store is unfinished or damaged, or its inputs are of another build.
    Incomplete
        Pieces of work failed for good.

    Example
    -------
    >>> import powderkeg
    >>> store = powderkeg.run("book.csv", "market.csv", "calm.yaml", "out.zarr", paths=6000)
    >>> found = powderkeg.reverse(store, "20%", axes=["volatility"])
    >>> found.scenario, found.probability.value < 0.1
    ('calm', True)
    """
    return answer(ask(store, loss, **terms), placement=placement, progress=progress)

"""Paths run again in memory: what a changed book or another input does to the losses.

Nothing is written. Path j of every case has the same random numbers, since those depend on seed,
symbol and path alone, so differences between cases are paired.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import ValidationError

from ..kernels import Backend, BackendUnavailable, backend
from ..kernels.layout import Packed
from ..results import StoreError, open_results
from ..results import statistics as st
from ..results.measures import LEVELS, WORST_LEVEL
from ..scenarios import InputError
from . import memory
from .executors import Outcome, executor, run_all
from .job import Job, job_text, model_digest
from .memory import SEALING_DOUBLES, of_block
from .progress import Progress, Silent
from .run import Incomplete, Interrupted, gpus

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """What a case does to the book by the close of one day, and margin calls at any time.

    Shapes: pnl (paths,) in fractions of equity, as simulated; called (paths,).
    """

    pnl: npt.NDArray[np.float32]
    called: npt.NDArray[np.bool_]

    @property
    def loss(self) -> Floats:
        """Losses, positive, in float64: shape (paths,)."""
        return 0.0 - self.pnl.astype(np.float64)

    def first(self, paths: int) -> Losses:
        """Those of the first paths."""
        return Losses(self.pnl[:paths], self.called[:paths])


@dataclass(frozen=True)
class Finished:
    """A finished store, checked to the last byte, and the job that made it."""

    store: Path
    tree: xr.DataTree
    job: Job
    model: str

    @property
    def same_build(self) -> bool:
        """Whether this very build of the model made it."""
        return self.model == model_digest()

    def losses(self, scenario: int, horizon: int = -1) -> Losses:
        """Of one scenario on one of its horizons, as the store has them."""
        group = self.tree["losses"].to_dataset().isel(scenario=scenario)
        pnl = group["pnl"].isel(horizon=horizon).values
        return Losses(pnl, ~np.isnan(group["margin_call_day"].values))


def finished(store: str | Path) -> Finished:
    """Open a finished store of any build. Raises StoreError."""
    tree, text = open_results(store), job_text(store)
    try:
        job = Job.from_json(text)
    except (KeyError, ValidationError, ValueError):
        raise StoreError(
            f"{store} was made by another build of the model, whose inputs this one cannot read; "
            "use that build"
        ) from None
    job = replace(job, paths=int(tree.attrs["grid"]["paths"]))
    return Finished(Path(store), tree, job, str(json.loads(text)["model"]))


def chosen(name: str) -> Backend:
    """The back end of a store, or the best there is if it cannot run here."""
    try:
        return backend(name)
    except BackendUnavailable:
        return backend("auto")


def level_of(paths: int) -> float:
    """99 %, or the highest level below that so many paths support. Raises InputError."""
    fits = [p for p in LEVELS if p <= WORST_LEVEL and st.tail_paths(paths, p) >= st.REFUSE]
    if not fits:
        need = round(st.REFUSE / (1 - LEVELS[0]))
        raise InputError(
            f"{paths:,} paths are too few to say anything about the tail; take at least {need:,}"
        )
    return max(fits)


def simulate(
    engine: Backend,
    cases: Sequence[tuple[Packed, int]],
    paths: int,
    block: int,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Losses]:
    """Losses of paths 0 to `paths` - 1 of every case, block by block on all cores or the GPU.

    A case is a packed scenario and the index of the horizon to keep: five bytes a path are held.
    Raises InputError if there is not enough memory, Incomplete if a block failed three times,
    Interrupted on Ctrl-C.
    """
    told, blocks = progress or Silent(), -(-paths // block)
    found: list[Losses] = []

    def run(_: object, item: int) -> int:
        case, number = divmod(item, blocks)
        packed, horizon = cases[case]
        part = slice(number * block, min((number + 1) * block, paths))
        result = engine.simulate(packed, np.arange(part.start, part.stop, dtype=np.uint64))
        found[case].pnl[part] = result.pnl[horizon]
        found[case].called[part] = ~np.isnan(result.paths["margin_call_day"])
        return int(part.stop - part.start)

    def heard(outcome: Outcome) -> None:
        if outcome.error is None:
            told.block_done(outcome.result)
        else:
            told.block_failed(outcome.item, outcome.error)

    done = False
    with executor("embedded", workers, gpus=gpus(engine.name)) as where:
        memory.check(_needed(engine, cases, paths, block, where.workers), "--paths or --workers")
        for _ in cases:
            found.append(Losses(np.full(paths, np.nan, np.float32), np.zeros(paths, bool)))
        told.started(len(cases) * blocks, len(cases) * paths, where.description)
        try:
            failed = run_all(where, run, None, range(len(cases) * blocks), heard)
            if failed:
                raise Incomplete(
                    f"{len(failed)} blocks failed three times, first: {min(failed.values())}"
                )
            done = True
        except KeyboardInterrupt:
            raise Interrupted("stopped, nothing is written; fewer --paths take less") from None
        finally:
            told.finished(done)
    return found


def _needed(
    engine: Backend, cases: Sequence[tuple[Packed, int]], paths: int, block: int, workers: int
) -> int:
    """Bytes of the losses that are held, of the blocks under way, and of an estimate at the end."""
    size = min(block, paths)
    under_way = max((sum(of_block(p, size, engine.name)) for p, _ in cases), default=0)
    return paths * (5 * len(cases) + 8 * SEALING_DOUBLES) + workers * under_way

"""Paths run again in memory: what a changed book or another input does to the losses.

Nothing is written. Path j of every case has the same random numbers, since those depend on seed,
symbol and path alone, so differences between cases are paired.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..kernels import Backend
from ..kernels.packed import Packed
from . import memory
from .errors import Incomplete, Interrupted
from .executors import Outcome, executor, gpus, run_all
from .memory import SEALING_DOUBLES, of_block
from .progress import Progress, Silent
from .stored import Losses


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

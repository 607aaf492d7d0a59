"""Which losses a changed book or another input makes: paths run again, in memory alone.

Nothing is written. Path j of every case has the same random numbers, since those depend on seed,
symbol and path alone, so differences between cases are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..kernels import backend
from ..results.measures.path_loss import PathLoss
from .campaign import Campaign
from .memory import SEALING_DOUBLES, of_block
from .model import KEPT, Model
from .path_loss import pnl_of
from .stored import Losses


@dataclass(frozen=True)
class Cases:
    """Models, run on paths 0 to `paths` - 1, and the loss of a path to keep."""

    back_end: str
    models: tuple[Model, ...]
    measure: PathLoss
    paths: int
    block: int

    @property
    def blocks(self) -> int:
        """Pieces of every case."""
        return -(-self.paths // self.block)

    def part(self, item: int) -> tuple[int, range]:
        """The case and the paths of a piece."""
        case, number = divmod(item, self.blocks)
        return case, range(number * self.block, min((number + 1) * self.block, self.paths))


def run_piece(cases: Cases, item: int) -> Losses:
    """Losses of one piece. Called in a worker."""
    case, ids = cases.part(item)
    packed = cases.models[case].packed()
    path_ids = np.arange(ids.start, ids.stop, dtype=np.uint64)
    result = backend(cases.back_end).simulate(packed, path_ids)
    return Losses(pnl_of(result, cases.measure), ~np.isnan(result.paths["margin_call_day"]))


def simulate(
    work: Campaign,
    back_end: str,
    models: Sequence[Model],
    paths: int,
    block: int,
    measure: PathLoss,
) -> list[Losses]:
    """Losses of paths 0 to `paths` - 1 of every model.

    Five bytes a path are held. Raises InputError if there is not enough memory, Incomplete if a
    block failed three times.
    """
    these = Cases(back_end, tuple(models), measure, paths, block)
    _check_memory(work, these)
    losses = [Losses(np.full(paths, np.nan, np.float32), np.zeros(paths, bool)) for _ in models]

    def take(item: int, piece: Losses) -> int:
        case, ids = these.part(item)
        losses[case].pnl[ids.start : ids.stop] = piece.pnl
        losses[case].called[ids.start : ids.stop] = piece.called
        return len(ids)

    work.start(len(models) * these.blocks, len(models) * paths)
    items = range(len(models) * these.blocks)
    work.check(work.attempt_all(run_piece, these, items, take), len(items))
    return losses


def _check_memory(work: Campaign, cases: Cases) -> None:
    """The losses that are held, the blocks under way, and an estimate at the end."""
    size = min(cases.block, cases.paths)
    packed = [model.packed() for model in cases.models]
    under_way = max((sum(of_block(p, size, cases.back_end)) for p in packed), default=0)
    if work.where.processes:
        tables = max((sum(m.chain.nbytes for m in (p, *p.members)) for p in packed), default=0)
        under_way += KEPT * tables
    held = cases.paths * (5 * len(packed) + 8 * SEALING_DOUBLES)
    work.check_memory(held, under_way, "`paths` or `workers`")

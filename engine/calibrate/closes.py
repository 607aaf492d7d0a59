"""Closes of every name on many paths, from pieces that run anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...kernels import backend
from ...kernels.packed import Packed
from ...kernels.records import TRACE, StepKind
from ..campaign import Campaign
from ..memory import of_block
from ..model import Model
from .simulator import log_closes

Array = npt.NDArray[np.float64]

PIECE, TRACED = 4096, 128
"""Paths at a time: of one name, whose P&L tells its closes, and of several, which are traced."""


@dataclass(frozen=True)
class Closes:
    """Shape: logs (paths, days, names) of closes over the first price, counts (days, names,
    quantities, bins) and peaks (names, bins) as Simulated.closes and .peaks.
    """

    logs: Array
    counts: npt.NDArray[np.uint32]
    peaks: npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Runs:
    """Models on paths `first` to `first + paths` - 1, in pieces that are counted model by model."""

    back_end: str
    models: tuple[Model, ...]
    paths: int
    first: int
    size: int

    @property
    def pieces(self) -> int:
        """Of every model."""
        return -(-self.paths // self.size)

    def ids(self, piece: int) -> npt.NDArray[np.uint64]:
        """Paths of a piece."""
        ends = piece * self.size, min((piece + 1) * self.size, self.paths)
        return np.arange(self.first + ends[0], self.first + ends[1], dtype=np.uint64)


@dataclass(frozen=True)
class Piece:
    """`values` tell the closes: P&L (days, paths) of one name, log prices (paths, days, names) of
    several, as simulated."""

    values: npt.NDArray[np.float32]
    counts: npt.NDArray[np.uint32]
    peaks: npt.NDArray[np.uint32]


def run_piece(runs: Runs, item: int) -> Piece:
    """One piece. Called in a worker."""
    model, piece = divmod(item, runs.pieces)
    packed, engine = runs.models[model].packed(), backend(runs.back_end)
    several = len(packed.symbols) > 1
    done = engine.simulate(packed, runs.ids(piece), trace=several)
    if not several:
        return Piece(done.pnl[packed.horizons - 1], done.closes, done.peaks)
    assert done.trace is not None
    ends = np.flatnonzero(packed.schedule["kind"] & StepKind.CLOSE) + 1
    return Piece(done.trace["log_price"][:, ends], done.closes, done.peaks)


def closes_of(
    work: Campaign, back_end: str, models: Sequence[Model], paths: int, first: int = 0
) -> Iterator[Closes]:
    """Of every model in turn, on the same paths."""
    several = len(models[0].packed().symbols) > 1
    runs = Runs(back_end, tuple(models), paths, first, TRACED if several else PIECE)
    pieces = range(len(models) * runs.pieces)
    _check_memory(work, runs)
    with work.part(len(pieces), len(models) * paths):
        done = work.map(run_piece, runs, pieces, lambda item, _: len(runs.ids(item % runs.pieces)))
    for number, model in enumerate(models):
        mine = done[number * runs.pieces : (number + 1) * runs.pieces]
        yield _joined(model.packed(), mine)


def _check_memory(work: Campaign, runs: Runs) -> None:
    """The closes that are held, once as simulated and once as logs, and the pieces under way."""
    packed = [model.packed() for model in runs.models]
    closes = sum(int(p.run["days"]) * int(p.run["names"]) for p in packed)
    piece = min(runs.size, runs.paths)
    under_way = max(sum(of_block(p, piece, runs.back_end)) for p in packed)
    if len(packed[0].symbols) > 1:  # traced
        steps, names = int(packed[0].run["steps"]) + 1, int(packed[0].run["names"])
        under_way += 2 * piece * steps * names * TRACE.itemsize
    work.check_memory(runs.paths * closes * 3 * 4, under_way, "`paths` or `workers`")


def _joined(packed: Packed, pieces: Sequence[Piece]) -> Closes:
    counts = np.asarray(np.sum([p.counts for p in pieces], axis=0, dtype=np.uint32))
    peaks = np.asarray(np.sum([p.peaks for p in pieces], axis=0, dtype=np.uint32))
    if len(packed.symbols) > 1:
        return Closes(np.concatenate([p.values.astype(float) for p in pieces]), counts, peaks)
    pnl = np.concatenate([p.values for p in pieces], axis=1)
    return Closes(log_closes(packed, pnl)[:, :, None], counts, peaks)

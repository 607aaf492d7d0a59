"""The loss of a path that a question is about, of simulated paths."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..kernels.packed import Packed, Simulated
from ..kernels.records import Moment
from ..results.measures.path_loss import WORST, WORST_CLOSE, PathLoss
from ..scenarios.errors import InputError

Floats = npt.NDArray[np.float32]


def path_loss(name: str, horizons: tuple[int, ...]) -> PathLoss:
    """The loss of that name. Raises InputError."""
    asked = PathLoss(str(name))
    if problem := asked.problem(horizons):
        raise InputError(f"measure: {problem}")
    return asked


def moment_of(asked: PathLoss) -> int:
    """The `moment` of a launch that keeps the parts of a path's P&L where its loss is taken."""
    return asked.day or {WORST: Moment.WORST, WORST_CLOSE: Moment.WORST_CLOSE}[asked.name]


def pnl_of(ran: Simulated, asked: PathLoss) -> Floats:
    """P&L of every path where its loss is taken, shape (paths,), to the bit as stores hold it."""
    if asked.day is None:
        return np.ascontiguousarray(ran.paths[asked.variable])
    return np.ascontiguousarray(ran.pnl[asked.day - 1])


def rows_of(ran: Simulated, packed: Packed, asked: PathLoss) -> npt.NDArray[np.int64]:
    """Rows of the paths' traces where their loss is taken, shape (paths,); 0 is the start."""
    if asked.name == WORST:
        return ran.paths["worst_step"].astype(np.int64)
    per_day = packed.row_of_close(1)
    if asked.name == WORST_CLOSE:
        first = ran.pnl.argmin(axis=0)
        return np.where(ran.pnl.min(axis=0) < 0, (first + 1) * per_day, 0)
    return np.full(ran.pnl.shape[1], packed.row_of_close(asked.day or 0))

"""What the book's positions have earned, name by name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...kernels.packed import Packed
from ...kernels.records import StepKind
from .derivative_pnl import marks

Array = npt.NDArray[np.float64]


def pnl_by_name(packed: Packed, trace: npt.NDArray[np.void]) -> Array:
    """Gain of what is held and was traded, derivatives included, less the borrow fees paid.

    A fraction of equity. Shape: trace (..., names) TRACE records -> (..., names). Less financing
    it adds up over the names to the P&L of the book, within float32 rounding (docs/model.md, 11).
    """
    names = packed.names[: trace.shape[-1]]
    gain = _value(packed, trace) - names["book_weight"].astype(float)
    return np.asarray(gain + trace["derivative_pnl"] - trace["borrow_paid"] - trace["spent"])


def _value(packed: Packed, trace: npt.NDArray[np.void]) -> Array:
    """Signed value of every position, a fraction of equity at the start."""
    names = packed.names[: trace.shape[-1]]
    start = names["book0"].astype(float)
    held = 1 - (start - trace["book"]) * names["book_inverse"]
    price = np.exp(trace["log_price"].astype(float))
    return np.asarray(names["book_weight"].astype(float) * held * price)


def financing_by_name(packed: Packed, trace: npt.NDArray[np.void]) -> Array:
    """Financing paid so far, shared by the value of the longs that need it.

    Shape: trace (paths, rows, names), row 0 the start -> (paths, rows, names).
    """
    paid = np.zeros(trace.shape)
    rate = float(packed.run["financing_dt"])
    if not rate:
        return paid
    longs = np.maximum(_value(packed, trace), 0) + np.maximum(marks(packed, trace), 0)
    needed, gain = longs.sum(axis=-1), pnl_by_name(packed, trace).sum(axis=-1)
    for row in range(1, trace.shape[1]):
        paid[:, row] = paid[:, row - 1]
        if packed.schedule["kind"][row - 1] & StepKind.OVERNIGHT:
            continue
        debit = np.maximum(needed[:, row] - (1 + gain[:, row] - paid[:, row].sum(axis=1)), 0)
        share = longs[:, row] / np.maximum(needed[:, row], 1e-12)[:, None]
        paid[:, row] += rate * debit[:, None] * share
    return paid

"""What the book's positions have earned, name by name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..kernels.layout import Packed


def pnl_by_name(packed: Packed, trace: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
    """Weight x (price - 1) less the borrow fees paid, a fraction of equity.

    Shape: trace (..., names) TRACE records -> (..., names). Over the names it adds up to the P&L of
    the book within float32 rounding.
    """
    weight = packed.names["book_weight"][: trace.shape[-1]].astype(float)
    price = np.exp(trace["log_price"].astype(float))
    return np.asarray(weight * (price - 1) - trace["borrow_paid"])

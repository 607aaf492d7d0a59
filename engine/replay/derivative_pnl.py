"""What the book's options and futures are worth on traced paths, contract by contract."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...kernels.contracts import held, payoff, price, years_left
from ...kernels.packed import Packed

Array = npt.NDArray[np.float64]


def marks(packed: Packed, trace: npt.NDArray[np.void]) -> Array:
    """Value of each name's open options and futures, a fraction of equity at the start.

    Shape: trace (paths, rows, names), row 0 the start -> (paths, rows, names).
    """
    value = np.zeros(trace.shape)
    for name, each in held(packed):
        value[..., name] += _open_value(packed, each, trace[..., name])
    return value


def pnl_by_derivative(
    packed: Packed, trace: npt.NDArray[np.void], at: npt.NDArray[np.int64]
) -> Array:
    """Profit and loss of every option and future at a row of each path, a fraction of equity.

    Shape: trace (paths, rows, names), row 0 the start, at (paths,) -> (paths, derivatives), in the
    order of `packed.derivatives`. They add up to the field derivative_pnl there, within float32
    rounding.
    """
    found, every = np.zeros((len(trace), len(packed.derivatives))), np.arange(len(trace))
    for column, (name, each) in zip(found.T, held(packed), strict=True):
        mine, settled = trace[..., name], int(each["expiry_row"]) + 1
        value = _open_value(packed, each, mine)[every, at]
        if settled < mine.shape[1]:
            spot = np.exp(mine["log_price"][:, settled].astype(float))
            value = np.where(at >= settled, float(each["units"]) * payoff(each, spot), value)
        column[:] = value - _start_value(packed, name, each)
    return found


def _open_value(packed: Packed, each: np.void, mine: npt.NDArray[np.void]) -> Array:
    """While it is open; 0 from its expiry on. Shape: mine (paths, rows)."""
    rows = mine.shape[1]
    time = np.append(0.0, packed.schedule["time"][: rows - 1]).astype(float)
    spot, vol = np.exp(mine["log_price"].astype(float)), mine["implied_vol"].astype(float)
    value = float(each["units"]) * price(each, spot, vol, years_left(each, time))
    return np.where(np.arange(rows) <= int(each["expiry_row"]), value, 0)


def _start_value(packed: Packed, name: int, each: np.void) -> float:
    vol = np.array(float(packed.names["vol0"][name]))
    return float(each["units"]) * float(price(each, np.array(1.0), vol, years_left(each, 0.0)))

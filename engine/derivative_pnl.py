"""What the book's options and futures are worth on traced paths, contract by contract."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from ..kernels.layout import DerivativeKind, Packed
from ..kernels.schedule import TRADING_DAYS

Array = npt.NDArray[np.float64]


def marks(packed: Packed, trace: npt.NDArray[np.void]) -> Array:
    """Value of each name's open options and futures, a fraction of equity at the start.

    Shape: trace (paths, rows, names), row 0 the start -> (paths, rows, names).
    """
    value = np.zeros(trace.shape)
    for name, each in derivatives(packed):
        value[..., name] += _open_value(packed, each, trace[..., name])
    return value


def pnl_by_derivative(packed: Packed, trace: npt.NDArray[np.void]) -> Array:
    """Profit and loss of every option and future at the last row, a fraction of equity.

    Shape: trace (paths, rows, names), row 0 the start -> (paths, derivatives), in the order of
    `packed.derivatives`. They add up to the field derivative_pnl, within float32 rounding.
    """
    found = np.zeros((len(trace), len(packed.derivatives)))
    for column, (name, each) in zip(found.T, derivatives(packed), strict=True):
        mine = trace[..., name]
        row = int(each["expiry_row"]) + 1
        if row < mine.shape[1]:
            price = np.exp(mine["log_price"][:, row].astype(float))
            end = float(each["units"]) * _payoff(each, price)
        else:
            end = _open_value(packed, each, mine)[:, -1]
        column[:] = end - _start_value(packed, name, each)
    return found


def derivatives(packed: Packed) -> list[tuple[int, np.void]]:
    """Every option and future with the index of its name."""
    count = packed.names["derivatives"][: int(packed.run["names"])]
    return list(
        zip(np.repeat(np.arange(len(count)), count).tolist(), packed.derivatives, strict=True)
    )


def _payoff(each: np.void, price: Array) -> Array:
    gain = price - float(each["strike"])
    kind = int(each["kind"])
    if kind == DerivativeKind.FUTURE:
        return gain
    return np.maximum(gain if kind == DerivativeKind.CALL else -gain, 0)


def _value_of(each: np.void, price: Array, vol: Array, years: Array) -> Array:
    """Black & Scholes (1973) at zero rates, relative to the name's price at the start."""
    if int(each["kind"]) == DerivativeKind.FUTURE:
        return price - float(each["strike"])
    sign = 1.0 if int(each["kind"]) == DerivativeKind.CALL else -1.0
    width = np.maximum(vol * float(each["vol_ratio"]) * np.sqrt(years), 1e-4)
    strike = float(each["strike"])
    d1 = np.log(price / strike) / width + width / 2
    return np.asarray(sign * (price * ndtr(sign * d1) - strike * ndtr(sign * (d1 - width))))


def _open_value(packed: Packed, each: np.void, mine: npt.NDArray[np.void]) -> Array:
    """While it is open; 0 from its expiry on. Shape: mine (paths, rows)."""
    rows = mine.shape[1]
    time = np.append(0.0, packed.schedule["time"][: rows - 1]).astype(float)
    years = np.maximum(float(each["expiry_time"]) - time, 0) / TRADING_DAYS
    price = np.exp(mine["log_price"].astype(float))
    value = float(each["units"]) * _value_of(each, price, mine["implied_vol"].astype(float), years)
    return np.where(np.arange(rows) <= int(each["expiry_row"]), value, 0)


def _start_value(packed: Packed, name: int, each: np.void) -> float:
    vol = np.array(float(packed.names["vol0"][name]))
    years = np.array(float(each["expiry_time"]) / TRADING_DAYS)
    return float(each["units"]) * float(_value_of(each, np.array(1.0), vol, years))

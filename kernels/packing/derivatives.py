"""The book's options and futures as the kernels read them (docs/model.md, 11)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...scenarios.book import Book
from ...scenarios.derivatives import Derivative
from ...scenarios.margin import FUTURE, LEAST, MINIMUM, SHORT_OPTION
from ...scenarios.market import MarketRow
from ...scenarios.policy import BookRules
from ..records import DERIVATIVE, DerivativeKind

NEVER = 1 << 30  # a row that no schedule has
_KINDS = {
    "call": DerivativeKind.CALL,
    "put": DerivativeKind.PUT,
    "future": DerivativeKind.FUTURE,
}


def pack_derivatives(
    book: Book, rows: Sequence[MarketRow], rules: BookRules, steps_per_day: int
) -> tuple[npt.NDArray[np.void], list[dict[str, Any]]]:
    """DERIVATIVE records in the order of names, and the fields they make of every NAME record."""
    records: list[tuple[Any, ...]] = []
    fields: list[dict[str, Any]] = []
    of: Mapping[str, list[Derivative]] = {row.symbol: [] for row in rows}
    for each in book.derivatives:
        of[each.symbol].append(each)
    for row in rows:
        mine = of[row.symbol]
        fields.append(
            {
                "first_derivative": len(records),
                "derivatives": len(mine),
                "derivatives0": sum(each.value for each in mine) / book.equity,
            }
        )
        records += [_record(each, row, rules, book.equity, steps_per_day) for each in mine]
    return np.array(records, DERIVATIVE), fields


def _record(
    d: Derivative, row: MarketRow, rules: BookRules, equity: float, steps_per_day: int
) -> tuple[Any, ...]:
    shares = d.quantity * d.multiplier / equity
    units, future = shares * row.price * row.rate, d.kind == "future"
    rate = FUTURE if future else SHORT_OPTION
    if rules.regime == "position" or future:
        rate = rate if d.margin_rate is None else d.margin_rate
    elif rules.regime == "house":
        rate = rules.house.base
    row_of_expiry = NEVER if d.expiry_day is None else d.expiry_day * (steps_per_day + 1) - 1
    return (
        int(_KINDS[d.kind]),
        min(row_of_expiry, NEVER),
        float(d.expiry_day or 0),
        units,
        d.strike / row.price,
        math.log(d.strike / row.price),
        d.implied_vol / row.implied_vol,
        rate,
        LEAST,
        0.0 if future else abs(shares) * MINIMUM,
    )

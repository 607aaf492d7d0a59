"""Who is hurt when somebody else unwinds: liquidity-weighted overlaps of the book and the funds.

    overlap(row, column) = sum_i weight_i(row) lambda_i holding_i(column),   lambda = M / E0

Weights are signed values over the row's equity, holdings signed floats: the column sells what it
is long and buys back what it is short, which moves the price by lambda a float, and the row marks
that move on its own positions. Positive is a loss: both are long, or both short, the same names.
Cont & Schaanning (2019), Monitoring indirect contagion, J. Banking & Finance 104. The impact is
linear, taken at the start of a path: what a name's elastic float or the speed of the unwinding
does to it is left to the simulation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..packed import Packed
from ..records import POSITION


def overlap(packed: Packed) -> npt.NDArray[np.float64]:
    """Loss of every row's holder, as a fraction of its equity, when the column's unwinds it all.

    Shape: (1 + funds, 1 + funds), the book first, then the funds in the scenario's order. On the
    diagonal it is the mark-down of one's own position at the price after one's own unwinding.
    """
    count, funds = int(packed.run["names"]), int(packed.run["funds"])
    names = packed.names[:count]
    positions = packed.positions[:count] if funds else np.zeros((count, 0), POSITION)
    book = names["book0"].astype(float)
    held = np.column_stack([book, positions["holding0"].astype(float)])
    own = positions["value"].astype(float) * positions["holding0"]
    weight = np.column_stack([names["book_weight"].astype(float), own])
    impact = names["elasticity"] / names["elastic0"].astype(float)
    return np.asarray(weight.T @ (impact[:, None] * held))

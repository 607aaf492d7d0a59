"""Variance mixtures for heavy tails: the variance of a day as a function of a normal score.

    W(z) = min(q(N(z)), cap) / mean,     q the quantile function of (dof - 2) / chi^2_dof

A normal return of variance W is a Student t of unit variance where the cap does not bind; capped,
every moment of the price exists. docs/model.md, section 6.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from ..records import MIXING_NODES, MIXING_RANGE


def scores() -> npt.NDArray[np.float64]:
    """Normal scores of the nodes, shape (MIXING_NODES,)."""
    return np.linspace(-MIXING_RANGE, MIXING_RANGE, MIXING_NODES)


def mixing_table(dof: float, cap: float) -> npt.NDArray[np.float32]:
    """Daily variance at each node, mean 1 as the kernels interpolate it. Shape (MIXING_NODES,).

    `dof` above 2, `cap` in units of the mean of the uncapped variance, above 1. Raises ValueError.
    """
    if not (dof > 2 and cap > 1):
        raise ValueError(f"dof {dof:g} must be above 2 and cap {cap:g} above 1")
    z = scores()
    # a large z is a large variance, so a small chi^2: P(chi^2 > y) = N(z)
    chi_square = 2 * special.gammainccinv(dof / 2, special.ndtr(z))
    variance = np.minimum((dof - 2) / np.maximum(chi_square, 1e-300), cap)
    return np.asarray(variance / mean_of(variance), np.float32)


def mean_of(table: npt.ArrayLike) -> float:
    """Mean over normal scores of the piecewise linear function with these nodes.

    int (a + b z) n(z) dz over a cell is a [N] - b [n]; beyond the ends the function is constant.
    """
    z, y = scores(), np.asarray(table, float)
    slope = np.diff(y) / np.diff(z)
    at_zero = y[:-1] - slope * z[:-1]
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    inside = at_zero * np.diff(special.ndtr(z)) - slope * np.diff(density)
    ends = special.ndtr(-MIXING_RANGE) * (y[0] + y[-1])
    return float(inside.sum() + ends)

"""Betas by regression, shrunk to what is believed before any return is seen.

Vasicek (1973): a beta is believed to be normal about 1 with the spread of betas across stocks, so
what a short or wild sample cannot tell stays near 1. With several indices the first is the market
and the others are believed to add nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
SPREAD = 0.5
"""Standard deviation of betas across stocks, before any return is seen (Vasicek 1973)."""


def shrunk_betas(y: Array, x: Array) -> Array:
    """Posterior means of the betas of returns y on those of indices x.

    Shape: y (days,), x (days, indices), result (indices,). The residual variance is that of least
    squares. Source: Vasicek, Journal of Finance 28 (1973).
    """
    y, x = y - y.mean(), x - x.mean(axis=0)
    least, *_ = np.linalg.lstsq(x, y, rcond=None)
    free = max(len(y) - x.shape[1] - 1, 1)
    residual = max(float(((y - x @ least) ** 2).sum()) / free, 1e-18)
    believed = np.zeros(x.shape[1])
    believed[0] = 1.0
    prior = np.eye(x.shape[1]) / SPREAD**2
    seen = x.T @ x / residual
    return np.asarray(np.linalg.solve(seen + prior, seen @ least + prior @ believed))

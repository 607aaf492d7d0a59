"""Loadings of names on the independent factor normals (docs/model.md, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..scenarios.errors import InputError
from .schedule import TRADING_DAYS

LARGEST_SHARE = 0.98
"""Most of a name's daily variance that factors may carry; the rest is its own."""


def loadings(
    symbols: Sequence[str],
    betas: Sequence[Mapping[str, float]],
    factors: Mapping[str, float],
    correlation: npt.NDArray[np.float64],
    sigma: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Daily loadings `b = beta x factor volatility x Cholesky factor`, and what to warn of.

    `factors` are volatilities per annum, `sigma` (names,) per square-root day. Shape of the
    loadings: (names, factors). A name that is all factor (an index with beta 1 and the factor's
    volatility) keeps 2 % of its variance to itself; one with up to twice its own volatility in
    factors is scaled likewise, with a warning. Beyond that an InputError says what does not fit.
    """
    if not factors:
        return np.zeros((len(symbols), 0)), ()
    try:
        cholesky = np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        raise InputError(
            "factor_correlation: the matrix is not positive definite; "
            "bring the correlations nearer to 0"
        ) from None
    daily = np.array(list(factors.values())) / np.sqrt(TRADING_DAYS)
    beta = np.array([[of.get(name, 0.0) for name in factors] for of in betas])
    result = (beta * daily) @ cholesky
    warnings = []
    for i, symbol in enumerate(symbols):
        size = np.sqrt(np.sum(result[i] ** 2))
        if size <= np.sqrt(LARGEST_SHARE) * sigma[i]:
            continue
        annual, own = size * np.sqrt(TRADING_DAYS), sigma[i] * np.sqrt(TRADING_DAYS)
        both = f"{symbol}: its betas give {annual:.0%} volatility a year, the market file {own:.0%}"
        if size > 2 * sigma[i]:
            raise InputError(f"{both}; lower the betas or correct the volatility")
        if size > 1.02 * sigma[i]:
            warnings.append(f"{both}; betas are scaled down to {LARGEST_SHARE:.0%} of variance")
        result[i] *= np.sqrt(LARGEST_SHARE) * sigma[i] / size
    return result, tuple(warnings)

"""How much names move together: correlations within a path, a joint score of daily moves.

Daily log returns throughout, shape (paths, days, names), and (days, names) of what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

POWER = 0.5  # of a variogram: larger ones hang on few large moves


def mean_correlation(returns: npt.ArrayLike) -> Array:
    """Mean over pairs of names of the correlation of their returns over the days of a path.

    NaN where a name does not move. Shape: returns (paths, days, names), result (paths,).
    """
    x = np.asarray(returns, float)
    x = x - x.mean(axis=1, keepdims=True)
    size = np.sqrt((x**2).sum(axis=1, keepdims=True))
    with np.errstate(invalid="ignore"):
        x = x / size
    found = [(x[:, :, i] * x[:, :, j]).sum(axis=1) for i, j in combinations(range(x.shape[2]), 2)]
    return np.asarray(np.mean(found, axis=0))


def variogram_score(paths: npt.ArrayLike, actual: npt.ArrayLike) -> tuple[float, float]:
    """Mean over days and pairs of names of (|y_i - y_j|^p - E|X_i - X_j|^p)^2, p = 1/2, and its
    standard error: proper, and told by dependence where the energy score hardly is.

    Scheuerer & Hamill (2015), Variogram-based proper scoring rules, Monthly Weather Review 143. The
    variance of the mean over paths is taken off, so that the expected score does not depend on
    their number. Shape: paths (m, days, names), actual (days, names); less is better.
    """
    x, y = np.asarray(paths, float), np.asarray(actual, float)
    m, squares, influence = len(x), [], np.zeros(len(x))
    for mine, seen in zip(_variograms(x), _variograms(y[None]), strict=True):
        gap = seen[0] - mine.mean(axis=0)
        squares.append(float(np.mean(gap**2 - mine.var(axis=0, ddof=1) / m)))
        influence -= 2 * (gap * (mine - mine.mean(axis=0))).mean(axis=1)
    return float(np.mean(squares)), float(influence.std(ddof=1) / len(squares) / np.sqrt(m))


def _variograms(x: Array) -> Iterator[Array]:
    """|x_i - x_j|^p of every pair of names. Shape: (paths, days, names) -> (paths, days)."""
    for i, j in combinations(range(x.shape[2]), 2):
        yield np.abs(x[:, :, i] - x[:, :, j]) ** POWER


def shuffled(paths: Array) -> Array:
    """The same names without what they have in common: each on the paths of another order."""
    random = np.random.default_rng(0)
    return np.stack([x[random.permutation(len(x))] for x in np.moveaxis(paths, 2, 0)], axis=2)


def most_on_one_day(returns: npt.ArrayLike, move: float) -> Array:
    """Most names of a path that rose by a log move on one day; fell, where it is below 0.

    Shape: returns (paths, days, names), result (paths,).
    """
    x = np.asarray(returns, float)
    moved = x >= move if move > 0 else x <= move
    return np.asarray(moved.sum(axis=2).max(axis=1).astype(float))

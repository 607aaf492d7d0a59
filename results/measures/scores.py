"""How well simulated paths foretold what happened: proper scores, coverage, ranks.

Log prices throughout, `paths` (m, D) and `actual` (D,): ln P/P(0) at the closes of D days. Paths
are draws, so averages over pairs leave out a path with itself ("fair" scores, Ferro 2014): the
expected score does not depend on m.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import pdist

Array = npt.NDArray[np.float64]

BANDS = ((0.05, 0.95), (0.25, 0.75))
FAN = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles that tables and pictures show
GROUP = 2048  # paths among which all pairs are formed


def crps(paths: npt.ArrayLike, actual: npt.ArrayLike) -> Array:
    """Continuous ranked probability score of every day, E|X - y| - E|X - X'|/2, in log price.

    Gneiting & Raftery (2007), Strictly proper scoring rules, JASA 102; the mean over pairs from
    the sorted sample, O(m log m). Shape: paths (m, ...), m at least 2, actual (...); as actual.
    """
    x = np.sort(np.asarray(paths, float), axis=0)
    m = len(x)
    weights = (2.0 * np.arange(1, m + 1) - m - 1) / (m * (m - 1))
    spread = np.tensordot(weights, x, axes=1)  # E|X - X'| / 2
    return np.asarray(np.abs(x - np.asarray(actual, float)).mean(axis=0) - spread)


def energy_score(paths: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """The score of whole paths, E||X - y|| - E||X - X'||/2, in log price.

    ||.|| is the root mean square over days, so one day gives the CRPS. Above 2,048 paths pairs are
    formed within groups of so many.
    """
    x, y = np.asarray(paths, float), np.asarray(actual, float)
    return distance(x, y) - spread(x)


def distance(paths: Array, actual: Array) -> float:
    """E||X - y||, the root-mean-square distance over days from what happened."""
    return float(np.mean(np.sqrt(np.mean((paths - actual) ** 2, axis=1))))


def spread(paths: Array) -> float:
    """E||X - X'||/2: the energy score that paths expect of themselves."""
    m, days = paths.shape
    groups = max(1, round(m / GROUP))
    pairs = [float(np.mean(pdist(paths[k::groups]))) for k in range(groups)]
    return float(np.mean(pairs) / (2 * np.sqrt(days)))


def ranks(paths: npt.ArrayLike, actual: npt.ArrayLike) -> Array:
    """Where what happened lies among the paths of each day, in (0, 1): the PIT.

    Paths below, half of those that equal it, and one half, over m + 1. Uniform where paths and
    what happened come from the same law.
    """
    x, y = np.asarray(paths, float), np.asarray(actual, float)
    below, equal = (x < y).sum(axis=0), (x == y).sum(axis=0)
    return np.asarray((below + 0.5 * equal + 0.5) / (len(x) + 1))


def ranks_of_each(paths: npt.ArrayLike) -> Array:
    """`ranks` with each path in turn as what happened, among the others. Shape: (m, D)."""
    x = np.asarray(paths, float)
    order = x.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    return np.asarray((order + 0.5) / len(x))


def coverage(pit: npt.ArrayLike, band: tuple[float, float]) -> Array:
    """Share of days on which the rank lies inside a band, such as (.05, .95).

    Shape: pit (..., D), result (...).
    """
    u = np.asarray(pit, float)
    return np.asarray(((u >= band[0]) & (u <= band[1])).mean(axis=-1))


def inside(pit: npt.ArrayLike) -> dict[tuple[float, float], int]:
    """How many days lie inside each of BANDS by their rank. Shape: pit (D,)."""
    days = np.size(pit)
    return {band: round(float(coverage(pit, band)) * days) for band in BANDS}


def pit_deviation(pit: npt.ArrayLike) -> Array:
    """Root-mean-square distance of the ordered ranks from those of a uniform law, (k - 1/2)/D.

    0 for ranks as even as can be. Days of one path depend on each other, so compare it with its
    own distribution. Shape: pit (..., D), result (...).
    """
    u = np.sort(np.asarray(pit, float), axis=-1)
    even = (np.arange(u.shape[-1]) + 0.5) / u.shape[-1]
    return np.asarray(np.sqrt(((u - even) ** 2).mean(axis=-1)))


def central_range(values: npt.ArrayLike, share: float = 0.95) -> tuple[float, float]:
    """The quantiles that a share of the values lies between."""
    low, high = np.quantile(np.asarray(values, float), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def crps_of_counts(counts: npt.ArrayLike, values: npt.ArrayLike, actual: float) -> float:
    """`crps` of a histogram whose bins stand for ascending values, draws with themselves included.

    Shape: counts, values (bins,).
    """
    x = np.asarray(values, float)
    p = np.asarray(counts, float) / np.sum(counts)
    below = np.cumsum(p)[:-1]
    return float(p @ np.abs(x - actual) - (below * (1 - below)) @ np.diff(x))


def spread_of_counts(counts: npt.ArrayLike, values: npt.ArrayLike) -> float:
    """The CRPS that a histogram expects of itself, E|X - X'|/2. Shape: as `crps_of_counts`."""
    below = np.cumsum(np.asarray(counts, float))[:-1] / np.sum(counts)
    return float((below * (1 - below)) @ np.diff(np.asarray(values, float)))

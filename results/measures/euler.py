"""Who the expected shortfall comes from: Euler contributions of parts that add up to the loss.

    ES_i  = E[L_i | L >= q]      with a fractional weight on the VaR path, so sum_i ES_i = ES
    psi_i = (L_i - m_i) 1{L > q}/a + m_i - ES_i,    m_i = E[L_i | L = q],    SE = sd(psi_i)/sqrt n

m_i is the mean over the paths whose rank is within .2 % of that of q. Tasche (1999), Risk
contributions and performance measurement; a = 1 - level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from .levels import LEVELS
from .statistics import REFUSE, Z, rank, tail_paths

Floats = npt.NDArray[np.float64]

LEVEL = 0.99
"""Level whose tail is looked into, or the highest below that the paths support."""
NEAR = 0.002
"""Share of all ranks, on each side of q, from which m_i is taken."""
MOST_TAIL, MOST_NEAR = 1 << 14, 1 << 10
"""Beyond so many paths an evenly spaced part of the ranks stands for all of them."""


@dataclass(frozen=True)
class Tail:
    """Which ranks of n losses explain the ES of a level.

    Shapes (k,): `ranks` are positions among the ascending losses, first the `size` paths of the
    tail, worst first, then those that only lie near q; `weights` are their shares in ES, adding up
    to 1, 0 for the latter; `near` says which are within .2 % of q. `beyond` of the n paths lie
    beyond q.
    """

    level: float
    n: int
    beyond: int
    size: int
    ranks: npt.NDArray[np.int64]
    weights: Floats
    near: npt.NDArray[np.bool_]

    @property
    def complete(self) -> bool:
        """Whether every path beyond q is in it."""
        return int((self.ranks >= self.n - self.beyond).sum()) >= self.beyond

    def paths(self, losses: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Ids of the paths that have these ranks among losses (n,); of ties the lower id first."""
        order = np.argsort(np.asarray(losses, np.float64), kind="stable")
        return np.asarray(order[self.ranks], np.int64)


def supported(n: int, most: float = LEVEL) -> float | None:
    """The highest level up to `most` whose tail n paths support, None if there is none."""
    fits = [p for p in LEVELS if p <= most and tail_paths(n, p) >= REFUSE]
    return max(fits, default=None)


def choose(n: int) -> Tail | None:
    """The tail of n paths at the highest level up to 99 % that they support, or None."""
    level = supported(n)
    return None if level is None else tail_of(n, level)


def tail_of(n: int, level: float) -> Tail:
    """The tail of n paths at a level: all of it, or an even part where it is large."""
    k, beyond = rank(n, level), tail_paths(n, level)
    whole = n * (1 - Fraction(repr(level)))  # n a, in exact arithmetic
    on_var = float((whole - beyond) / whole)
    tail = n - 1 - _evenly(beyond, MOST_TAIL)
    around = math.ceil(NEAR * n)
    first, last = max(k - 1 - around, 0), min(k - 1 + around, n - 1)
    window = first + _evenly(last - first + 1, MOST_NEAR)
    if on_var:
        tail = np.append(tail, k - 1)
    weights = np.full(len(tail), float(beyond / whole) / min(beyond, MOST_TAIL))
    if on_var:
        weights[-1] = on_var
    ranks = np.concatenate([tail, np.setdiff1d(window, tail)])
    return Tail(
        level=level,
        n=n,
        beyond=beyond,
        size=len(tail),
        ranks=ranks,
        weights=np.pad(weights, (0, len(ranks) - len(tail))),
        near=np.isin(ranks, window),
    )


def _evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """All of 0..count - 1, or the middles of `most` equal parts."""
    if count <= most:
        return np.arange(count)
    return (2 * np.arange(most) + 1) * count // (2 * most)


def contributions(tail: Tail, parts: Floats) -> Floats:
    """Value, standard error, and 95 % interval of each part's contribution to ES.

    Shape: parts (k, m), losses of the paths of `tail`, in its order -> (4, m). The values add up
    to the weighted mean of the parts' sums: to ES itself if the tail is complete. If it is not, the
    error of taking a part for the whole is in the standard error.
    """
    n, a = tail.n, 1 - tail.level
    value = np.einsum("k,km->m", tail.weights, parts)
    at_var = parts[tail.near].mean(axis=0)
    chosen = parts[: tail.size][tail.ranks[: tail.size] >= n - tail.beyond]
    share, count = tail.beyond / n, len(chosen)
    psi = (chosen - at_var) / a
    mean = share * psi.mean(axis=0)
    variance = (share * np.square(psi).mean(axis=0) - mean**2) / (n - 1)
    rest = 1 - count / tail.beyond
    variance += rest * chosen.var(axis=0, ddof=1) / count * (share / a) ** 2
    se = np.sqrt(np.maximum(variance, 0))
    return np.stack([value, se, value - Z * se, value + Z * se])

"""Means over days that hang together by block, and their intervals: a bootstrap of whole blocks.

Days of one episode are no independent draws, but episodes may be taken for some: blocks are drawn
with replacement, as many as there are, and their days are pooled (Davison & Hinkley 1997, Bootstrap
Methods and their Application, ch. 3.8). A difference of two scores on the same days is paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS, SEED = 10_000, 1


@dataclass(frozen=True)
class Pooled:
    """A mean over all days, and the central part of its bootstrap."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether it lies between the ends."""
        return self.low <= value <= self.high


def pooled(blocks: Sequence[npt.ArrayLike], share: float = 0.9) -> Pooled:
    """The mean of all values, each block's together. Shape: each block (values,), one or more."""
    sums = np.array([np.sum(np.asarray(block, float)) for block in blocks])
    counts = np.array([np.size(block) for block in blocks])
    rows = np.random.default_rng(SEED).integers(0, len(sums), (DRAWS, len(sums)))
    means = sums[rows].sum(axis=1) / counts[rows].sum(axis=1)
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return Pooled(float(sums.sum() / counts.sum()), float(low), float(high))

"""Importance sampling: tilted normals and restriction clocks, and what a path weighs.

A day's normals of a stream are a Brownian motion W of variance 1; component j gives it the drift
theta_j, and the clocks their speed. With W and the clocks as they came out, the density of a path
under j over that without any tilt is

    ratio_j = exp(sum (theta_j W - theta_j^2/2) + sum (ln speed_j - (speed_j - 1) clock))
    weight  = 1 / sum_j share_j ratio_j

over streams and days, share_j the component's share of the paths. docs/model.md, section 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..records import COMPONENT_CYCLE
from .parameters import ZERO, Array, Model


class Tilt:
    """Tilts what is drawn for a chunk of paths and keeps what their weights are made of."""

    def __init__(self, model: Model, path_ids: npt.NDArray[np.uint64]) -> None:
        packed = model.packed
        self.on = len(packed.components) > 0
        if not self.on:
            return
        names, factors = model.names, len(packed.factor_streams)
        rows = [*range(names), *range(packed.tilts.shape[1] - factors, packed.tilts.shape[1])]
        tilts = packed.tilts[:, rows].astype(float)
        self.rates, self.drifts = 1 + tilts[:, :names, 0], tilts[:, :, 1:]
        self.shares = packed.components["places"] / COMPONENT_CYCLE
        place = (path_ids % np.uint64(COMPONENT_CYCLE)).astype(int)
        self.component = np.repeat(np.arange(len(self.shares)), packed.components["places"])[place]
        self.moved: Array = np.zeros((len(rows), len(path_ids), self.drifts.shape[2]))  # W
        self.clocks: Array = ZERO

    def clock(self, nominal: Array) -> Array:
        """The restriction clocks of the paths, (names, paths), from exponentials of rate 1."""
        if self.on:
            self.clocks = nominal / self.rates[self.component].T
            return self.clocks
        return nominal

    def normals(self, draws: Array, day: int, share: float) -> Array:
        """The normals of a step that is `share` of a day, (streams, paths)."""
        if not self.on:
            return draws
        draws = draws + np.sqrt(share) * self.drifts[self.component, :, day].T
        self.moved[:, :, day] += np.sqrt(share) * draws
        return draws

    def weight(self) -> Array:
        """What the paths weigh, (paths,)."""
        if not self.on:
            return np.ones(1)
        ratios: Array = np.einsum("csd,spd->cp", self.drifts, self.moved)
        ratios -= np.square(self.drifts).sum(axis=(1, 2))[:, None] / 2
        ratios += np.log(self.rates).sum(axis=1)[:, None] - (self.rates - 1) @ self.clocks
        densities = np.log(self.shares)[:, None] + ratios
        summed: Array = np.logaddexp.reduce(densities)
        return np.exp(-summed)

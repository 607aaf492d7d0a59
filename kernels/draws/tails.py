"""Heavy tails: a day's variance is random, one draw for a path's factors and one for every name.

    W = table(z), z the day's mixing normal: linear between nodes on [-6, 6], held beyond, mean 1

docs/model.md, section 6.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import ONE, Array
from ..packed import Packed
from ..records import MIXING_NODES, MIXING_RANGE, Feature
from ..streams import stream_of
from . import philox

NODES = np.linspace(-MIXING_RANGE, MIXING_RANGE, MIXING_NODES)


class Tails:
    """Draws the variance of every day."""

    def __init__(self, packed: Packed, path_ids: npt.NDArray[np.uint64]) -> None:
        seed, mixing = int(packed.run["seed"]), philox.MIXING
        count, features = int(packed.run["names"]), Feature(int(packed.run["features"]))
        self.tables = packed.mixing.astype(float)
        self.names: philox.Normals | None = None
        self.factors: philox.Normals | None = None
        if Feature.NAME_TAILS in features:
            self.rows = packed.names["mixing"][:count]
            self.names = philox.Normals(seed, packed.names["stream"][:count], path_ids, mixing)
        if Feature.FACTOR_TAILS in features:
            self.row = int(packed.run["factor_mixing"])
            label = np.array([stream_of("mixing:factors")], np.uint64)
            self.factors = philox.Normals(seed, label, path_ids, mixing)

    def draw(self, day: int) -> tuple[Array, Array]:
        """The variance of a day: of the names (names, paths) and of the factors (paths,)."""
        name = factor = ONE
        if self.names is not None:
            scores = self.names.draw(day)
            name = np.ones_like(scores)
            for i in np.flatnonzero(self.rows >= 0):
                name[i] = np.interp(scores[i], NODES, self.tables[self.rows[i]])
        if self.factors is not None and self.row >= 0:
            factor = np.interp(self.factors.draw(day), NODES, self.tables[self.row])
        return name, factor

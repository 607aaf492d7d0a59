"""The packed name records as float64 columns that broadcast over paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ..arrays import ONE as ONE
from ..arrays import ZERO as ZERO
from ..arrays import Array as Array
from ..packed import Packed
from ..records import Channel, Feature


class Columns:
    """`columns.sigma` is the field `sigma` of the NAME records, shape (names, 1)."""

    def __init__(self, records: npt.NDArray[np.void]) -> None:
        fields = records.dtype.names or ()
        self._columns = MappingProxyType({f: records[f].astype(float)[:, None] for f in fields})

    def __getattr__(self, name: str) -> Array:
        try:
            return self._columns[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class Model:
    """One packed scenario, unpacked: what every law may look at besides the state."""

    packed: Packed
    on: Channel = field(init=False)
    features: Feature = field(init=False)
    dt: float = field(init=False)
    overnight_share: float = field(init=False)
    steps_per_day: int = field(init=False)
    streams: npt.NDArray[np.uint64] = field(init=False)  # of the names
    name: Columns = field(init=False)
    loadings: Array = field(init=False)  # (names, factors)
    attention_loadings: Array = field(init=False)  # (names, attention factors), relative
    holdings: Array = field(init=False)  # of the funds at the start, (funds, names, 1)

    def __post_init__(self) -> None:
        run, count = self.packed.run, int(self.packed.run["names"])
        put = object.__setattr__
        put(self, "on", Channel(int(run["channels"])))
        put(self, "dt", float(run["dt"]))
        put(self, "features", Feature(int(run["features"])))
        put(self, "overnight_share", float(run["overnight_share"]))
        put(self, "steps_per_day", int(run["steps_per_day"]))
        put(self, "streams", self.packed.names["stream"][:count].astype(np.uint64))
        put(self, "name", Columns(self.packed.names[:count]))
        fixed, every = int(run["factors"] - run["attention_factors"]), int(run["factors"])
        loadings = self.packed.loadings[:count, :every].astype(float)
        put(self, "loadings", loadings[:, :fixed])
        put(self, "attention_loadings", loadings[:, fixed:])
        positions = self.packed.positions[:count, : int(run["funds"])]
        put(self, "holdings", positions["holding0"].astype(float).T[:, :, None])

    @property
    def names(self) -> int:
        return int(self.packed.run["names"])

    @property
    def funds(self) -> int:
        return len(self.holdings)

    def total(self, values: Array) -> Array:
        """Sum over names in the canonical order of docs/model.md 12, (names, paths) -> (paths,)."""
        return total(values, int(self.packed.run["lanes"]), int(self.packed.run["names_per_lane"]))


def total(values: Array, lanes: int, names_per_lane: int) -> Array:
    """Pairwise over a lane's names, then by halves over lanes; padded slots are exact zeros.

    Shape: values (names, paths) with names <= lanes x names_per_lane; returns (paths,).
    """
    names, paths = values.shape
    slots = np.zeros((lanes * names_per_lane, paths))
    slots[:names] = values
    level = list(slots.reshape(lanes, names_per_lane, paths).transpose(1, 0, 2))
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    sums: Array = level[0]
    while len(sums) > 1:
        half = len(sums) // 2
        sums = sums[:half] + sums[half:]
    return np.asarray(sums[0])

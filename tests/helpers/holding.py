"""A packed scenario whose book also holds options and futures, for tests of any back end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from powderkeg.kernels.packed import Packed
from powderkeg.kernels.records import DERIVATIVE, DerivativeKind, Feature
from powderkeg.scenarios.derivatives import option_price


@dataclass(frozen=True)
class Contract:
    """`units` of an option or future on a name: strike over the start price, day of expiry."""

    name: int
    kind: DerivativeKind
    strike: float
    units: float
    expiry_day: int = 1 << 20
    vol_ratio: float = 1.0
    margin: tuple[float, float, float] = (0.2, 0.1, 0.001)  # rate, least, minimum

    def value0(self, vol: float) -> float:
        if self.kind is DerivativeKind.FUTURE:
            return self.units * (1 - self.strike)
        kind = self.kind.name.lower()
        years = self.expiry_day / 252
        return self.units * option_price(kind, 1.0, self.strike, vol * self.vol_ratio, years)


def holding(packed: Packed, contracts: Sequence[Contract], *, netted: bool = False) -> Packed:
    """The same scenario with these contracts in the book."""
    run, names = packed.run.copy(), packed.names.copy()
    run["netted_margin"], run["features"] = netted, int(run["features"]) | Feature.DERIVATIVES
    rows: list[tuple[float, ...]] = []
    per_day = int(run["steps_per_day"]) + 1
    for i in range(len(names)):
        mine = [c for c in contracts if c.name == i]
        names["first_derivative"][i], names["derivatives"][i] = len(rows), len(mine)
        names["derivatives0"][i] = sum(c.value0(float(names["vol0"][i])) for c in mine)
        rows += [
            (int(c.kind), min(c.expiry_day * per_day - 1, 1 << 30), c.expiry_day, c.units,
             c.strike, np.log(c.strike), c.vol_ratio, *c.margin)
            for c in mine
        ]  # fmt: skip
    return replace(packed, run=run, names=names, derivatives=np.array(rows, DERIVATIVE))

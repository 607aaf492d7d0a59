"""A packed scenario with tilted random numbers, and how its paths share the components.

The first component has no tilt, so no path weighs more than one over its share: the mixture is
defensive (Hesterberg 1995, Technometrics 37). docs/model.md, section 2.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..packed import Packed
from ..records import COMPONENT, COMPONENT_CYCLE

PLACES = (3, 4, 4, 5)
"""Of every `COMPONENT_CYCLE` paths so many are of each component, the untilted one first."""
SHARES = np.array(PLACES) / COMPONENT_CYCLE

Tilt = tuple[tuple[tuple[float, ...], ...], ...]
"""Of one scenario, (components - 1, names + factors, 1 + days), as `tilted` takes it."""


def component_of(path_ids: npt.NDArray[np.integer]) -> npt.NDArray[np.int8]:
    """Which component a path is of, shape (paths,): decided by its id alone."""
    cycle = np.repeat(np.arange(len(PLACES), dtype=np.int8), PLACES)
    return np.asarray(cycle[(path_ids % COMPONENT_CYCLE).astype(np.int64)])


def tilted(packed: Packed, tilts: npt.ArrayLike) -> Packed:
    """The same scenario with its random numbers drawn from the mixture.

    Shape: tilts (components - 1, names + factors, 1 + days), those that the untilted component
    leaves; a row is what is added to the rate 1 of a name's restriction clock (0 for a factor) and
    to the mean of each day's normal, of standard deviation 1.
    """
    run, given = packed.run.copy(), np.asarray(tilts, np.float32)
    names, slots = int(run["names"]), len(packed.names)
    table = np.zeros((len(PLACES), slots + int(run["factors"]), 1 + int(run["days"])), np.float32)
    table[1:, :names], table[1:, slots:] = given[:, :names], given[:, names:]
    means, clocks = table[:, :, 1:].astype(float), table[:, :, 0].astype(float)
    components = np.zeros(len(PLACES), COMPONENT)
    components["places"] = PLACES
    components["first"] = np.cumsum(PLACES) - PLACES
    constant = np.log1p(clocks).sum(axis=1) - np.square(means).sum(axis=(1, 2)) / 2
    components["constant"] = np.log(SHARES) + constant
    run["components"] = len(PLACES)
    members = tuple(tilted(member, tilts) for member in packed.members)
    return replace(packed, run=run, components=components, tilts=table, members=members)

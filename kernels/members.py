"""Ensembles: path `id` of a packed scenario runs under member `id // 16` modulo their number.

Sixteen paths in a row share a member because the components of the importance mixture take turns
within sixteen (kernels/packing/tilt.py): so every member meets every component as often as it
should.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import wraps

import numpy as np
import numpy.typing as npt

from .packed import Packed, Simulate, Simulated
from .records import COMPONENT_CYCLE

Rows = npt.NDArray[np.intp]


def joined(central: Packed, members: Sequence[Packed]) -> Packed:
    """A packed scenario with its members; a channel is on where any member has it on."""
    if not members:
        return central
    run = central.run.copy()
    run["channels"] = np.bitwise_or.reduce([member.run["channels"] for member in members])
    return replace(central, run=run, members=tuple(members))


def member_of(packed: Packed, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """The number of every path's member, by its id alone. Shape: (paths,)."""
    return ((ids // np.uint64(COMPONENT_CYCLE)) % np.uint64(len(packed.members))).astype(np.intp)


def by_member(packed: Packed, ids: npt.NDArray[np.uint64]) -> Iterator[tuple[Rows, Packed]]:
    """The places in `ids` of every member's paths, and the member; all and itself without any."""
    if not packed.members:
        yield np.arange(len(ids)), packed
        return
    number = member_of(packed, ids)
    for k in np.unique(number):
        yield np.flatnonzero(number == k), packed.members[int(k)]


def over_members(simulate: Simulate) -> Simulate:
    """A back end that knows one set of parameters, made to run ensembles."""

    @wraps(simulate)
    def run(packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False) -> Simulated:
        if not packed.members:
            return simulate(packed, path_ids, trace=trace)
        ids = np.asarray(path_ids, np.uint64)
        out = Simulated.blank(packed, len(ids), trace=trace)
        for rows, member in by_member(packed, ids):
            part = simulate(member, ids[rows], trace=trace)
            out.pnl[:, rows], out.excess[:, rows] = part.pnl, part.excess
            out.paths[rows] = part.paths
            out.closes[...] += part.closes
            out.peaks[...] += part.peaks
            if out.trace is not None:
                out.trace[rows] = part.trace
        return out

    return run

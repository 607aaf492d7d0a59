"""Which random numbers are tilted: the cross-entropy choice from a pilot of plain paths.

The paths of the pilot that lose most say what their drivers had in common: the mean of every
stream's normals by day, and of the restriction clocks. The least relative entropy to the law of the
tail among laws with other means has those means (Rubinstein & Kroese 2004, The Cross-Entropy
Method). One component follows all of the tail at 99.9 %, two share that at 99 %, found by
expectation-maximisation, since two different names may squeeze. A mean within three standard errors
of no tilt is noise and left alone. The choice is a pure function of inputs and seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...kernels import Backend, backend
from ...kernels.packed import Packed
from ...kernels.packing.tilt import Tilt, tilted
from ...kernels.probes.drivers import daily_normals, restriction_clocks
from ...results.measures.path_loss import PathLoss
from ...results.measures.statistics import REFUSE
from ...results.store.fields import PATH_WEIGHT, PNL_TILTED
from ..campaign import Campaign
from ..model import Packs
from ..path_loss import pnl_of

Floats = npt.NDArray[np.float64]
FIRST_ID, FIRST_PILOT_ID = 1 << 40, 1 << 41
"""Ids that no plain path has."""
MOST_PILOT = 1 << 16
CHUNK = 1 << 12
"""Paths of a pilot that a core runs at a time; a GPU runs all at once."""
NEAR, FAR = 0.01, 0.001
"""Shares of the pilot that the components follow: two that of 99 %, one that of 99.9 %."""
NOISE = 3.0
ROUNDS = 30
GRAIN = 2.0**-10
"""Tilts are multiples of this, so that the last bits of a library change nothing."""


def pilot_paths(paths: int) -> int:
    """Plain paths that the tilts of so many weighted ones are chosen from."""
    return min(paths, MOST_PILOT)


@dataclass(frozen=True)
class Pilot:
    """Plain paths of a model, cut into `chunks`."""

    back_end: str
    model: Packs
    paths: int
    chunks: int
    loss: PathLoss

    @property
    def ids(self) -> npt.NDArray[np.uint64]:
        """Of all of them."""
        return FIRST_PILOT_ID + np.arange(self.paths, dtype=np.uint64)


def choose_tilt(work: Campaign, engine: Backend, model: Packs, paths: int, loss: PathLoss) -> Tilt:
    """The tilts of a scenario that is going to run so many weighted paths."""
    count, packed = pilot_paths(paths), model.packed()
    size = count if engine.kind.at_once else CHUNK
    pilot = Pilot(engine.name, model, count, -(-count // size), loss)
    pnl = np.concatenate(work.map(pilot_pnl, pilot, range(pilot.chunks)))
    worst = pilot.ids[np.argsort(pnl, kind="stable")[: _tail(count, NEAR)]]
    normals, clocks = drivers(packed, worst)
    far = slice(_tail(count, FAR))
    near = mixture(normals, clocks, 2)
    tilts = np.concatenate([near, mixture(normals[far], clocks[far], 1)])
    return tuple(tuple(tuple(map(float, row)) for row in component) for component in tilts)


def pilot_pnl(pilot: Pilot, chunk: int) -> npt.NDArray[np.float32]:
    """P&L of a chunk of a pilot by the run's measure. Called in a worker."""
    ids = np.array_split(pilot.ids, pilot.chunks)[chunk]
    return pnl_of(backend(pilot.back_end).simulate(pilot.model.packed(), ids), pilot.loss)


def weighted_paths(
    engine: Backend, packed: Packed, tilt: Tilt, numbers: range, loss: PathLoss
) -> dict[str, npt.NDArray[np.float32]]:
    """P&L by the run's measure and weight of weighted paths by their number, each (paths,)."""
    ids = FIRST_ID + np.arange(numbers.start, numbers.stop, dtype=np.uint64)
    done = engine.simulate(tilted(packed, tilt), ids)
    return {PNL_TILTED.name: pnl_of(done, loss), PATH_WEIGHT.name: done.paths["weight"].copy()}


def _tail(paths: int, share: float) -> int:
    return max(REFUSE, round(paths * share))


def drivers(packed: Packed, ids: npt.NDArray[np.uint64]) -> tuple[Floats, Floats]:
    """What drove plain paths: normals of a day and restriction clocks, both as drawn.

    Shapes: ids (paths,) -> (paths, names + factors, days) of variance 1, (paths, names) of mean 1.
    """
    own = packed.names["stream"][: int(packed.run["names"])]
    streams = np.concatenate([own, packed.factor_streams])
    normals = daily_normals(packed, streams, ids, int(packed.run["days"]))
    return normals.transpose(2, 0, 1), restriction_clocks(packed, own, ids).T


def mixture(normals: Floats, clocks: Floats, components: int) -> Floats:
    """Tilts under which the paths are likeliest, each path of one of the components.

    Shapes: normals (paths, streams, days), clocks (paths, names) ->
    (components, streams, 1 + days). Expectation-maximisation from parts of equal size along the
    first principal axis.
    """
    paths, streams, days = normals.shape
    flat = normals.reshape(paths, -1)
    axis = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)[0][:, 0]
    share = np.zeros((paths, components))
    for c, part in enumerate(np.array_split(np.argsort(axis, kind="stable"), components)):
        share[part, c] = 1
    for _ in range(ROUNDS):
        count = share.sum(axis=0)[:, None]
        means = _beyond_noise(share.T @ flat / count, count, 0)
        waits = _beyond_noise(share.T @ clocks / count, count, 1)
        density = flat @ means.T - clocks @ (1 / waits - 1).T + np.log(count.T / paths)
        density -= np.square(means).sum(axis=1) / 2 + np.log(waits).sum(axis=1)
        share = np.exp(density - np.logaddexp.reduce(density, axis=1)[:, None]) + 1e-9
    tilts = np.zeros((components, streams, 1 + days))
    tilts[:, :, 1:] = means.reshape(components, streams, days)
    tilts[:, : clocks.shape[1], 0] = 1 / waits - 1
    return np.asarray(np.round(tilts / GRAIN) * GRAIN)


def _beyond_noise(means: Floats, count: Floats, usual: float) -> Floats:
    """Means of numbers of variance 1, those within noise replaced by what is usual."""
    return np.where(np.abs(means - usual) > NOISE / np.sqrt(count), means, usual)

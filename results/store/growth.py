"""Running until a measure is known well enough: how many paths that takes, and a store that grows.

Stages follow from inputs, seed and block size alone: an error is looked at when all paths of a
stage are there, never before, so neither workers nor a stop and a resume change how far a run goes.
That the stage after a lucky one may be the last makes errors at the end a little too small; Chow &
Robbins (1965), Annals of Mathematical Statistics 36, show that this goes away as errors fall.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import zarr

from ..measures.path_loss import PathLoss, stored_losses
from ..measures.target import Until
from .durable import Staged, write_files
from .records import read_root, write_root


def errors_so_far(path: str | Path, until: Until, scenarios: int) -> list[float]:
    """Relative standard errors in the first scenarios of a store whose blocks are all there."""
    root = read_root(path)
    paths, loss = int(root["grid"]["paths"]), PathLoss(root["measure"])
    losses = zarr.open_group(str(path), path="losses", mode="r")
    return [until.reached(stored_losses(losses, s, loss)[:paths]) for s in range(scenarios)]


def grow_store(path: str | Path, paths: int) -> None:
    """Make room for more paths in an unfinished store; its blocks stay as they are.

    The size of the grid is written last: a run that stops before grows again when it is resumed.
    """
    path = Path(path)
    attributes = read_root(path)
    before, size = attributes["grid"]["paths"], attributes["grid"]["block_size"]
    attributes["grid"]["paths"] = paths
    sizes = {"path": paths, "block": -(-paths // size)}
    staged = Staged(path)
    for name in ("losses", "histograms", "counts", "blocks"):
        for key, array in zarr.open_group(staged, path=name, mode="r+", zarr_format=3).arrays():
            dims = array.metadata.dimension_names or ()  # type: ignore[union-attr]
            array.resize(tuple(sizes.get(d, n) for d, n in zip(dims, array.shape, strict=True)))
            if key == "path":
                array[before:] = np.arange(before, paths, dtype=np.int64)
    write_files(path, staged.files)
    write_root(path, attributes)

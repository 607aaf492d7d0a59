"""Running until a measure is known well enough: how many paths that takes, and a store that grows.

Stages follow from inputs, seed and block size alone: an error is looked at when all paths of a
stage are there, never before, so neither workers nor a stop and a resume change how far a run goes.
That the stage after a lucky one may be the last makes errors at the end a little too small; Chow &
Robbins (1965), Annals of Mathematical Statistics 36, show that this goes away as errors fall.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from . import statistics as st
from .durable import METADATA, Staged, write_files
from .measures import ES, VAR, percent
from .records import read_root

NAMES = {VAR: "VaR", ES: "ES"}
SAFETY = 1.1
"""On the paths that an estimated error asks for, itself known to some per cent."""
LEAST_GROWTH, MOST_GROWTH = 1.25, 4.0


@dataclass(frozen=True)
class Until:
    """Go on until VaR or ES at the last horizon has this relative standard error, everywhere.

    `kind` is that of a measure, `most` the paths at which the run stops all the same.
    """

    kind: str
    level: float
    error: float
    most: int

    def __str__(self) -> str:
        return f"{NAMES[self.kind]} {percent(self.level)} %"

    def measure(self, day: int) -> str:
        """Its id among the measures of a store."""
        return f"{NAMES[self.kind].lower()}_{percent(self.level)}_day_{day}"

    def reached(self, losses: npt.NDArray[np.float64]) -> float:
        """Relative standard error over losses, shape (paths,); infinite where they are too few."""
        try:
            var, es = st.var_es(losses, self.level)
        except st.TooFewPaths:
            return math.inf
        return relative(var if self.kind == VAR else es)

    def first(self, block: int, least: int = 1) -> int:
        """Paths of the first stage: whole blocks with enough tail, and at least so many."""
        tail = math.ceil(st.WARN / (1 - self.level) - 1e-6)
        return self._whole(max(tail, least), block)

    def following(self, paths: int, error: float, block: int) -> int:
        """Paths of the next stage; `paths` again where the error is met or no more may be run."""
        if error <= self.error or paths >= self.most:
            return paths
        wanted = SAFETY * (error / self.error) ** 2
        growth = min(max(wanted, LEAST_GROWTH), MOST_GROWTH)
        return self._whole(math.ceil(growth * paths), block)

    def _whole(self, paths: int, block: int) -> int:
        return min(-(-paths // block) * block, self.most)


def relative(estimate: st.Estimate) -> float:
    """Standard error over the size of the estimate; of a number without error 0."""
    error, size = estimate.standard_error, abs(estimate.value)
    return 0.0 if error == 0 else error / size if size > 0 else math.inf


def error_text(error: float) -> str:
    """A relative error as people write it: 1.25 %."""
    return f"{100 * error:.3g} %"


def asked(attributes: Mapping[Any, Any]) -> Until | None:
    """What the attributes of a store's root say was asked for."""
    told = attributes.get("until")
    return Until(**told) if isinstance(told, dict) else None


def errors_so_far(path: str | Path, until: Until, scenarios: int) -> list[float]:
    """Relative standard errors in the first scenarios of a store whose blocks are all there."""
    paths = int(read_root(path)["grid"]["paths"])
    pnl = zarr.open_array(str(path), path="losses/pnl", mode="r")
    return [until.reached(-np.asarray(pnl[s, -1, :paths], np.float64)) for s in range(scenarios)]


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
    for name in ("losses", "histograms", "blocks"):
        for key, array in zarr.open_group(staged, path=name, mode="r+", zarr_format=3).arrays():
            dims = array.metadata.dimension_names or ()  # type: ignore[union-attr]
            array.resize(tuple(sizes.get(d, n) for d, n in zip(dims, array.shape, strict=True)))
            if key == "path":
                array[before:] = np.arange(before, paths, dtype=np.int64)
    write_files(path, staged.files)
    metadata = json.loads((path / METADATA).read_bytes()) | {"attributes": attributes}
    write_files(path, {METADATA: json.dumps(metadata, indent=2).encode()})

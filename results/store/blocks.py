"""Writing a results store: laid out by the driver, filled block by block by the workers.

A block (scenario, block of paths) owns its chunks alone, so workers never meet. Its record is
written after its data; the commit record of the whole store is written by `finish_store` last.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import zarr
from zarr.core.metadata import ArrayV3Metadata
from zarr.storage import StorePath

from ..measures import closes
from .durable import Staged, make_folder, sha256, sync_folder, write_files
from .errors import StoreError, StoreUnwritable, VerificationFailed
from .existing import exists
from .exit import write_exit
from .fields import (
    CALL_COUNTS,
    EVENT_COUNTS,
    GROUP_OF,
    LOSS_COUNTS,
    NEVER,
    PATH_FIELDS,
    block_variables,
)
from .layout import lay_out
from .records import (
    BlockRecord,
    Chunk,
    Grid,
    block_problem,
    chunk_key,
    read_grid,
    read_record,
)
from .schema import StoreSpec

AnyArray: TypeAlias = "zarr.Array[ArrayV3Metadata]"


class SimulatedLike(Protocol):
    """What a back end returns for a set of paths (kernels.layout.Simulated)."""

    @property
    def pnl(self) -> npt.NDArray[np.float32]: ...
    @property
    def excess(self) -> npt.NDArray[np.float32]: ...
    @property
    def paths(self) -> npt.NDArray[np.void]: ...
    @property
    def closes(self) -> npt.NDArray[np.uint32]: ...
    @property
    def peaks(self) -> npt.NDArray[np.uint32]: ...


def create_store(path: str | Path, spec: StoreSpec) -> None:
    """Lay out an empty store at a path that does not exist yet.

    The store is made beside its final place and renamed, so a reader never sees half of it.
    Errors: StoreError if the path exists or the specification is inconsistent.
    """
    path = Path(path)
    problem = spec.problem()
    if problem:
        raise StoreError(f"{path}: {problem}")
    if os.path.lexists(path):
        raise exists(path)
    make_folder(path.absolute().parent)
    partial = path.with_name(f".{path.name}.partial-{uuid.uuid4().hex}")
    make_folder(partial)
    try:
        staged = Staged(partial)
        write_exit(lay_out(staged, spec), spec)
        write_files(partial, staged.files)
        try:
            partial.rename(path)
        except OSError as error:
            if os.path.lexists(path):  # another run was faster
                raise exists(path) from error
            raise StoreUnwritable(f"{path} cannot be created: {error.strerror}") from error
        sync_folder(path.absolute().parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@dataclass(frozen=True)
class Clock:
    """When things happen in a scenario: days of losses that are kept, rows of a trace to a day, and
    at how many closes in a row a margin call may stand before it counts as not met.
    """

    horizons: tuple[int, ...]
    rows_per_day: int
    patience: int

    def day_of(self, step: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The day of a step, from 1; its open and its close are of one day."""
        return np.asarray(np.ceil(step / np.float32(self.rows_per_day)))


def block_arrays(
    full: SimulatedLike, calm: SimulatedLike, clock: Clock
) -> dict[str, npt.NDArray[np.float32 | np.uint32]]:
    """The arrays of a block from the run with feedback and the run with all feedback off.

    Shape: pnl (horizons, paths); fields of a path (paths,); closes (days, names, quantities, bins);
    peaks (names, bins). Both runs are of the same paths. The first block of a scenario has the
    scenario's own variables besides: gain_max (names, channels, quantiles), total_max (names,
    quantiles), and blocks of the first paths pnl_off (channels, paths), pnl_tilted and
    path_weight (paths,) where they were asked for.
    """
    rows = np.array(clock.horizons) - 1  # of closes
    arrays: dict[str, npt.NDArray[Any]] = {"pnl": full.pnl[rows], "pnl_calm": calm.pnl[rows]}
    for field in PATH_FIELDS:
        name = field.name.removesuffix("_calm")
        arrays[field.name] = (full if name == field.name else calm).paths[name]
    for suffix, ran in (("", full), ("_calm", calm)):
        arrays |= {f"{name}{suffix}": of for name, of in _of_closes(ran, clock).items()}
    arrays |= _counts(full, clock, arrays["unmet_day"])
    return arrays | {"closes": full.closes, "peaks": full.peaks}


def _of_closes(ran: SimulatedLike, clock: Clock) -> dict[str, npt.NDArray[np.float32]]:
    """What follows from the closes of every path."""
    return {
        "largest_nav_loss": closes.largest_nav_loss(ran.pnl),
        "largest_margin_rise": closes.largest_margin_rise(ran.pnl, ran.excess),
        "unmet_day": closes.unmet_day(ran.excess, clock.patience),
    }


def _counts(
    full: SimulatedLike, clock: Clock, unmet: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.uint32]]:
    """How many paths, by day."""
    first = {
        "margin call": clock.day_of(full.paths["call_step"]),
        "call not met": unmet,
        "all equity lost": clock.day_of(full.paths["ruin_step"]),
    }
    return {
        LOSS_COUNTS.name: closes.counts_of(-full.pnl),
        CALL_COUNTS.name: closes.counts_of(np.maximum(-full.excess[1:], 0)),
        EVENT_COUNTS.name: closes.event_counts(full.pnl, full.excess, first),
    }


def write_block(
    path: str | Path,
    scenario: int,
    block: int,
    arrays: Mapping[str, npt.NDArray[np.float32 | np.uint32]],
) -> BlockRecord:
    """Write all variables of one block, then its record. Called in a worker; safe to repeat.

    Shape: as `block_arrays` returns; paths is the block size, less in the last block.
    Errors: StoreError if an array has the wrong shape or type, is not finite (only margin-call
    days may be NaN), if counts do not add up to the paths, or if the block exists with other bytes.
    OSError if the disk refuses; nothing of the block then counts as done.
    """
    path = Path(path)
    where = f"{path}: scenario {scenario}, block {block}"
    grid = read_grid(path)
    first = block * grid.block_size
    if not (0 <= scenario < grid.scenarios and 0 <= first < grid.paths):
        raise StoreError(f"{where}: the store has no such block")
    off, weighted = (f(scenario, block) for f in (grid.channel_off_paths, grid.weighted_paths))
    variables = block_variables(block, channel_off=off > 0, weighted=weighted > 0)
    if set(arrays) != set(variables):
        odd = sorted(set(arrays) ^ set(variables))
        raise StoreError(f"{where}: missing or unknown variables {', '.join(odd)}")
    count = min(grid.block_size, grid.paths - first)
    staged = Staged(path)
    chunks = {}
    for name in variables:
        mine = {"channel_off": off, "tilted": weighted}.get(GROUP_OF[name], count)
        paths, array = range(first, first + mine), _array(staged, name, grid)
        _stage(array, where, name, (scenario, block), paths, arrays[name])
        chunks[name] = _chunk(staged.files[chunk_key(name, scenario, block)], arrays[name])
    record = BlockRecord(grid.fingerprint, scenario, block, first, count, chunks)
    before = read_record(path, scenario, block)
    if before is not None and before != record:
        raise VerificationFailed(f"{where} exists with other results: not the same inputs or build")
    if before is None or block_problem(path, record, deep=True) is not None:
        write_files(path, staged.files)
        write_files(path, {record.key: record.to_bytes()})
    return record


@lru_cache(maxsize=256)
def _metadata(path: Path, name: str, grid: Grid) -> ArrayV3Metadata:
    """Metadata of a variable, read once: opening it takes as long as encoding a block of it. A
    store that has grown has another grid."""
    metadata = zarr.open_array(Staged(path), path=f"{GROUP_OF[name]}/{name}", mode="r").metadata
    assert isinstance(metadata, ArrayV3Metadata)
    return metadata


def _array(staged: Staged, name: str, grid: Grid) -> AnyArray:
    place = StorePath(staged, f"{GROUP_OF[name]}/{name}")
    metadata = _metadata(Path(staged.root), name, grid)
    return zarr.Array(zarr.AsyncArray(metadata, place, {"write_empty_chunks": True}))


def _stage(
    array: AnyArray,
    where: str,
    name: str,
    place: tuple[int, int],
    paths: range,
    values: npt.NDArray[Any],
) -> None:
    """Check one variable of a block, scenario and block its `place`, and have zarr encode it."""
    group = GROUP_OF[name]
    shapes = {
        "histograms": array.shape[2:],
        "counts": array.shape[2:],
        "loop_gain": array.shape[1:],
    }
    shape = shapes.get(group, (*array.shape[1:-1], len(paths)))
    if values.shape != shape or values.dtype != array.dtype:
        found = f"{values.dtype} {values.shape}"
        raise StoreError(f"{where}: {name} must be {array.dtype} {shape}, not {found}")
    if (np.isnan(values).any() and name not in NEVER) or np.isinf(values).any():
        raise StoreError(f"{where}: {name} has a value that is not finite")
    if group == "counts":
        array[place] = values
    elif group == "histograms":
        if (values.sum(axis=-1, dtype=np.int64) != len(paths)).any():
            raise StoreError(f"{where}: counts of {name} do not add up to {len(paths)} paths")
        array[place] = values
    elif group == "loop_gain":
        array[place[0]] = values
    else:
        array[place[0], ..., paths.start : paths.stop] = values


def _chunk(content: bytes, values: npt.NDArray[Any]) -> Chunk:
    """The record of one variable, from its file and its numbers."""
    seen = values[~np.isnan(values)]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (None, None)
    never = values.size - seen.size
    return Chunk(sha256(content), len(content), values.size, never, low, high)


def missing_blocks(path: str | Path, *, deep: bool = True) -> list[tuple[int, int]]:
    """(scenario, block) of everything that is not on the disk in full, in order.

    This is the driver's queue, at the start and after any failure. `deep` compares digests.
    """
    grid = read_grid(path)
    queue = []
    for scenario in range(grid.scenarios):
        for block in range(grid.blocks):
            try:
                record = read_record(path, scenario, block)
            except StoreError:
                record = None
            if record is None or block_problem(path, record, deep=deep) is not None:
                queue.append((scenario, block))
    return queue

"""The unit of work: one scenario's block of paths, run and written by a worker.

A block is a pure function of the store's job and its number, so it may run anywhere, any number of
times, in any order.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...kernels import Backend, backend
from ...kernels.packed import Packed, Simulated
from ...kernels.packing.scenario import pack
from ...kernels.probes.loop_gain import CHANNELS, largest
from ...kernels.records import CALM, TRACE, Policy
from ...results import Clock, block_arrays, write_block
from ...results.measures.path_loss import PathLoss
from ...results.store.fields import PNL_OFF
from ...results.store.records import Grid, read_grid
from ...results.store.schema import GAIN_QUANTILES
from ...scenarios.bound import bind
from ..job import Job, read_job
from ..path_loss import moment_of, pnl_of
from .importance import weighted_paths

GAIN_PATHS = 1024
"""Paths of a scenario whose loop gains are followed step by step."""
TRACED, TRACE_BYTES = 32, 64 << 20
"""At most so many paths are traced at a time, in at most so much memory."""

_packing = threading.Lock()


@dataclass(frozen=True)
class BlockDone:
    """What a worker reports of a block; `paths` as `simulated_paths` counts."""

    scenario: int
    block: int
    paths: int


def run_block(store: str, index: int) -> BlockDone:
    """Simulate block `index` of a store, with feedback and calm, and write it.

    Blocks are counted scenario by scenario, as many in each as there may be. Raises StoreError or
    OSError if it cannot be written.
    """
    job, packed, engine = ready(store)
    scenario, block = divmod(index, job.blocks)
    first = block * job.block
    count = min(job.block, job.paths - first)
    model = packed(scenario)
    full, calm = simulate_both(engine, model, range(first, first + count))
    arrays = block_arrays(full, calm, clock(model))
    grid = read_grid(store)
    if off := grid.channel_off_paths(scenario, block):
        numbers = range(first, first + off)
        arrays |= channels_off(engine, model, job.channels_off, full, numbers, job.loss)
    if weighted := grid.weighted_paths(scenario, block):
        numbers = range(first, first + weighted)
        arrays |= weighted_paths(engine, model, job.tilts[scenario], numbers, job.loss)
    if block == 0:
        arrays |= largest_gains(engine, model, min(job.paths, GAIN_PATHS))
    write_block(Path(store), scenario, block, arrays)
    return BlockDone(scenario, block, simulated_paths(grid, job, index))


def clock(packed: Packed) -> Clock:
    """When things happen in a scenario. A margin call stands for a close at least before it counts
    as not met, or for the grace; a policy that sells on it has a day more.
    """
    run, per_day = packed.run, int(packed.run["steps_per_day"])
    patience = max(1, math.ceil(float(run["grace_steps"]) / per_day))
    patience += bool(Policy.MARGIN & Policy(int(run["policy"])))
    horizons = tuple(int(day) for day in packed.horizons)
    return Clock(horizons, packed.row_of_close(1), patience)


def simulated_paths(grid: Grid, job: Job, index: int) -> int:
    """Paths that are simulated for block `index`, with one channel off and weighted ones, too."""
    scenario, block = divmod(index, job.blocks)
    off = grid.channel_off_paths(scenario, block) * len(job.channels_off)
    besides = off + grid.weighted_paths(scenario, block)
    return min(job.block, job.paths - block * job.block) + besides


def simulate_both(engine: Backend, packed: Packed, ids: range) -> tuple[Simulated, Simulated]:
    """The paths as the scenario has it and, on the same random numbers, with every channel off."""
    path_ids = np.arange(ids.start, ids.stop, dtype=np.uint64)
    full = engine.simulate(packed, path_ids)
    if int(packed.run["channels"]) == CALM:
        return full, full
    return full, engine.simulate(packed.with_channels(CALM), path_ids)


def channels_off(
    engine: Backend,
    packed: Packed,
    channels: Sequence[str],
    full: Simulated,
    ids: range,
    loss: PathLoss,
) -> dict[str, npt.NDArray[np.float32]]:
    """P&L by the run's measure with each channel off alone, the others as the scenario has them.

    Shape: pnl_off (channels, paths), of the first paths of `full`. A channel that the scenario has
    not in use changes nothing, so `full` stands for it.
    """
    found = np.empty((len(channels), len(ids)), np.float32)
    path_ids = np.arange(ids.start, ids.stop, dtype=np.uint64)
    for row, name in zip(found, channels, strict=True):
        without = packed.without(name)
        if without is None:
            row[:] = pnl_of(full, loss)[: len(ids)]
        else:
            row[:] = pnl_of(engine.simulate(without, path_ids), loss)
    return {PNL_OFF.name: found}


def largest_gains(
    engine: Backend, packed: Packed, paths: int
) -> dict[str, npt.NDArray[np.float32]]:
    """Quantiles of the largest loop gains over the first paths of a scenario (docs/model.md, 13).

    Shape: gain_max (names, channels, quantiles), total_max (names, quantiles).
    """
    size = traced_paths(packed)
    found = []
    for first in range(0, paths, size):
        ids = np.arange(first, min(first + size, paths), dtype=np.uint64)
        trace = engine.simulate(packed, ids, trace=True).trace
        assert trace is not None
        found.append(largest(packed, trace, first_path=first))
    total, *channels = (
        np.quantile(np.concatenate([gains[key] for gains in found]), GAIN_QUANTILES, axis=0).T
        for key in ("total", *CHANNELS)
    )
    return {
        "gain_max": np.stack(channels, axis=1).astype(np.float32),
        "total_max": total.astype(np.float32),
    }


def traced_paths(packed: Packed) -> int:
    """How many paths are traced at a time, a power of two: of the model's size alone."""
    most = np.floor(np.log2(TRACE_BYTES / _traced_path(packed)))
    return int(2 ** np.clip(most, 0, np.log2(TRACED)))


def traced_bytes(packed: Packed, paths: int) -> int:
    """Bytes of the traces that are there at a time, in a run of so many paths."""
    return min(paths, traced_paths(packed)) * _traced_path(packed)


def _traced_path(packed: Packed) -> int:
    return (int(packed.run["steps"]) + 1) * int(packed.run["names"]) * TRACE.itemsize


def packed_scenario(job: Job, scenario: int) -> Packed:
    """The arrays of one scenario of a job, with its shifts of the market; the parts of a path's P&L
    are kept where the job's measure takes its loss."""
    model = job.scenarios[scenario]
    packed = pack(bind(model, job.book, job.market, job.chain), seed=job.seed)
    return packed.at_moment(moment_of(job.loss))


class _Packer:
    """Packs each scenario of a job once per process, whichever threads ask."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.done: dict[int, Packed] = {}

    def __call__(self, scenario: int) -> Packed:
        with _packing:
            if scenario not in self.done:
                self.done[scenario] = packed_scenario(self.job, scenario)
            return self.done[scenario]


@lru_cache(maxsize=2)
def _read(store: str, made: tuple[int, int]) -> tuple[Job, _Packer, Backend]:
    job = read_job(store)
    return job, _Packer(job), backend(job.backend)


def ready(store: str) -> tuple[Job, Callable[[int], Packed], Backend]:
    """The job of a store, what packs its scenarios, and its back end, kept from call to call."""
    text = (Path(store) / "inputs" / "zarr.json").stat()
    with _packing:
        job, packed, engine = _read(store, (text.st_ino, text.st_mtime_ns))
    return replace(job, paths=read_grid(store).paths), packed, engine  # it may have grown

"""The unit of work: one scenario's block of paths, run and written by a worker.

A block is a pure function of the store's job and its number, so it may run anywhere, any number of
times, in any order.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..kernels import Backend, backend
from ..kernels.layout import CALM, Packed, Simulated
from ..kernels.pack import pack
from ..results import block_arrays, write_block
from ..scenarios.joint import shifted_market
from .job import Job, read_job

_packing = threading.Lock()


@dataclass(frozen=True)
class BlockDone:
    """What a worker reports of a block."""

    scenario: int
    block: int
    paths: int


def run_block(store: str, index: int) -> BlockDone:
    """Simulate block `index` of a store, with feedback and calm, and write it.

    Blocks are counted scenario by scenario. Raises StoreError or OSError if it cannot be written.
    """
    job, packed, engine = _ready(store)
    scenario, block = divmod(index, job.blocks)
    first = block * job.block
    count = min(job.block, job.paths - first)
    full, calm = simulate_both(engine, packed(scenario), range(first, first + count))
    write_block(Path(store), scenario, block, block_arrays(full, calm))
    return BlockDone(scenario, block, count)


def simulate_both(engine: Backend, packed: Packed, ids: range) -> tuple[Simulated, Simulated]:
    """The paths as the scenario has it and, on the same random numbers, with every channel off."""
    path_ids = np.arange(ids.start, ids.stop, dtype=np.uint64)
    full = engine.simulate(packed, path_ids)
    if int(packed.run["channels"]) == CALM:
        return full, full
    return full, engine.simulate(packed.with_channels(CALM), path_ids)


def packed_scenario(job: Job, scenario: int) -> Packed:
    """The arrays of one scenario of a job, with its shifts of the market."""
    model = job.scenarios[scenario]
    market = shifted_market(model, job.market, job.book)
    return pack(job.book, market, job.chain, model, seed=job.seed)


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


def _ready(store: str) -> tuple[Job, _Packer, Backend]:
    text = (Path(store) / "inputs" / "zarr.json").stat()
    with _packing:
        return _read(store, (text.st_ino, text.st_mtime_ns))

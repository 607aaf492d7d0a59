"""How much memory a run will take, worked out before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..kernels.backends import kind
from ..kernels.histogram_bins import HISTOGRAM_BINS, QUANTITIES
from ..kernels.packed import Packed
from ..kernels.records import PATH
from ..scenarios.errors import InputError

# Losses of one scenario at the end: the doubles that sorting and intervals make of them (measured:
# about twelve).
SEALING_DOUBLES = 12


def available() -> int:
    """Bytes this process may still take, of the machine or of its control group."""
    import psutil
    from distributed.system import MEMORY_LIMIT

    memory: Any = psutil.virtual_memory()  # type: ignore[no-untyped-call]
    used = memory.total - memory.available
    return max(0, int(min(memory.available, MEMORY_LIMIT - used)))


def resident() -> int:
    """Bytes this process holds now."""
    import psutil

    process: Any = psutil.Process()  # type: ignore[no-untyped-call]
    return int(process.memory_info().rss)


def of_block(packed: Packed, paths: int, back_end: str) -> tuple[int, int]:
    """Bytes of what a back end returns for so many paths, and of what it needs on the way."""
    run = packed.run
    names = int(run["names"])
    counts = names * (int(run["days"]) * len(QUANTITIES) + 1) * HISTOGRAM_BINS * 4
    output = paths * (PATH.itemsize + 4 * (2 * int(run["days"]) + 1)) + counts
    return output, counts + kind(back_end).scratch_bytes(names, paths)


def check(needed: int, way_out: str) -> None:
    """Raises InputError, with a way out, if so many bytes are not available."""
    free = available()
    if needed > free:
        raise InputError(
            f"the run needs {words(needed)} of memory and {words(free)} are available; "
            f"give fewer {way_out}"
        )


def words(size: float) -> str:
    """A size in words: `3.2 GiB`, `450 MiB`."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{max(1, size / 2**20):.0f} MiB"


@dataclass(frozen=True)
class Projection:
    """Bytes a run takes: of every process, and of every worker in it."""

    baseline: int
    inputs: int
    scratch: int
    results: int
    sealing: int  # bytes of the driver's last step, when the workers are done
    workers: int
    processes: int
    tracing: int = 0  # bytes of following loop gains, after a scenario's first block was simulated

    @property
    def worker(self) -> int:
        """Bytes a worker takes at most."""
        return self.results + max(self.scratch, self.tracing)

    @property
    def total(self) -> int:
        """Bytes of all processes together."""
        shared = self.baseline + self.inputs
        work = max(self.workers * self.worker, self.sealing)
        return self.processes * shared + work

    def __str__(self) -> str:
        each = "" if self.processes == 1 else f" in each of {self.processes} processes"
        workers = "1 worker" if self.workers == 1 else f"each of {self.workers} workers"
        return (
            f"about {words(self.total)} of memory: program {words(self.baseline)} and inputs "
            f"{words(self.inputs)}{each}, {words(self.worker)} for {workers}, "
            f"{words(self.sealing)} for the measures at the end"
        )

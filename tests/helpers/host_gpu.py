"""A CuPy of host memory and host threads: just what kernels/backends/cuda.py asks of it.

The kernel's own text is compiled by the C++ compiler against host_gpu.h, so tile layout, shuffles,
partly filled warps, addresses and the passing of arguments are tested without a GPU.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

COMPILER = shutil.which("g++") or shutil.which("clang++")
GUARD = 4096  # bytes before and after every array, to see writes out of bounds
FILLING = 0xAB


class DeviceArray:
    """Bytes on the device with a guard on both sides."""

    def __init__(self, content: npt.NDArray[np.uint8]) -> None:
        self.whole = np.full(content.size + 2 * GUARD, FILLING, np.uint8)
        self.bytes = self.whole[GUARD:-GUARD]
        self.bytes[:] = content

    def get(self) -> npt.NDArray[np.uint8]:
        return self.bytes.copy()

    def intact(self) -> bool:
        """Nobody wrote beyond the ends."""
        ends = np.concatenate([self.whole[:GUARD], self.whole[-GUARD:]])
        return bool((ends == FILLING).all())


class OutOfMemory(MemoryError):
    """What CuPy raises when an allocation fails."""


class HostGpu:
    """Stands in for the module cupy; arrays of more than `largest` bytes do not fit."""

    def __init__(self, folder: Path, largest: int = 1 << 30) -> None:
        self.folder, self.largest = folder, largest
        self.arrays: list[DeviceArray] = []
        self.launches = 0
        memory = SimpleNamespace(OutOfMemoryError=OutOfMemory)
        self.cuda = SimpleNamespace(memory=memory)

    def asarray(self, content: npt.NDArray[np.uint8]) -> DeviceArray:
        if content.nbytes > self.largest:
            raise OutOfMemory
        self.arrays.append(DeviceArray(content))
        return self.arrays[-1]

    def zeros(self, size: int, dtype: type[np.uint8]) -> DeviceArray:
        return self.asarray(np.zeros(size, dtype))

    def get_default_memory_pool(self) -> Any:
        return SimpleNamespace(free_all_blocks=lambda: None)

    def RawModule(self, *, code: str, options: Sequence[str]) -> Any:
        assert COMPILER
        library = self.folder / f"kernel{len(list(self.folder.iterdir()))}.so"
        entry = (
            'extern "C" void entry(unsigned blocks, unsigned threads, '
            "const unsigned long long* words) { launch(powderkeg_kernel, blocks, threads, words); }"
        )
        defined = [o for o in options if o.startswith("-D")]
        flags = "-std=c++20 -O1 -ffp-contract=off -w -shared -fPIC -pthread -xc++ -".split()
        subprocess.run(
            [COMPILER, *flags, *defined, f"-I{Path(__file__).parent}", "-o", str(library)],
            input=f'#include "host_gpu.h"\n{code}\n{entry}\n',
            text=True,
            check=True,
        )
        loaded = ctypes.CDLL(str(library))

        def kernel(grid: tuple[int], block: tuple[int], arguments: Sequence[Any]) -> None:
            words = [a.bytes.ctypes.data if isinstance(a, DeviceArray) else a for a in arguments]
            assert all(isinstance(a, DeviceArray | np.int64) for a in arguments)
            self.launches += 1
            loaded.entry(grid[0], block[0], (ctypes.c_ulonglong * len(words))(*map(int, words)))

        def get_function(name: str) -> Callable[..., None]:
            assert name == "powderkeg_kernel"
            return kernel

        return SimpleNamespace(get_function=get_function)

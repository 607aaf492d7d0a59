"""The CPU back end: the C++ model compiled ahead for several instruction sets, loaded by ctypes.

The best build that this processor runs is taken; all builds give the same bits. Calls release the
GIL, so threads run blocks in parallel.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..packed import INPUTS, OUTPUTS, Packed, Simulate, Simulated
from .kind import BackendUnavailable, Kind

ROOM = __name__.removesuffix(".backends.native")
BUILDS = ("v4", "v3", "portable")  # best first
ISA = {"v4": "AVX-512", "v3": "AVX2", "portable": "portable C++"}

# What x86-64-v3 and -v4 ask for, in the words of /proc/cpuinfo.
_V3 = {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}
_NEEDS = {"v3": _V3, "v4": _V3 | {f"avx512{x}" for x in ("f", "bw", "cd", "dq", "vl")}}


class NativeUnavailable(RuntimeError):
    """No native library can be loaded here; the message says why and what to do."""


class _Launch(ctypes.Structure):
    """struct Launch of kernels/model/records.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in (*INPUTS, "path_ids")),
        ("path_count", ctypes.c_longlong),
        *((name, ctypes.c_void_p) for name in OUTPUTS),
    ]


@functools.cache
def _features() -> frozenset[str]:
    """The processor's flags; none where Linux does not tell, so the portable build runs."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split("\nflags", 1)[1].split("\n", 1)[0]
    except (OSError, IndexError):
        return frozenset()
    return frozenset(flags.partition(":")[2].split())


def _runs_here(build: str) -> bool:
    return _NEEDS.get(build, set()) <= _features()


def _files() -> dict[str, Path]:
    """Built libraries by build name. `__path__` has both places of an editable install."""
    return {
        lib.stem.removeprefix("libpowderkeg_"): lib
        for folder in sys.modules[ROOM].__path__
        for lib in Path(folder).glob("native/libpowderkeg_*.so")
    }


def available() -> tuple[str, ...]:
    """Builds that are installed and run on this processor, best first."""
    files = _files()
    return tuple(b for b in BUILDS if b in files and _runs_here(b))


@functools.cache
def _load(build: str) -> ctypes.CDLL:
    library = ctypes.CDLL(str(_files()[build]))
    for name in ("simulate", "philox", "normals", "function", "fill_price"):
        getattr(library, f"powderkeg_{name}").restype = None
    return library


def _pointer(array: npt.NDArray[np.generic] | None) -> int | None:
    return None if array is None or array.size == 0 else array.ctypes.data


@dataclass(frozen=True)
class Native:
    """One loaded build of the native library; `build` is v4, v3 or portable."""

    build: str

    @classmethod
    def best(cls) -> Native:
        """The fastest build that loads here, or the one that POWDERKEG_NATIVE names (v4, v3,
        portable). Raises NativeUnavailable.
        """
        wanted = os.environ.get("POWDERKEG_NATIVE")
        if wanted and wanted not in available():
            raise NativeUnavailable(
                f"POWDERKEG_NATIVE={wanted}: not one of the builds that run here, "
                f"{', '.join(available()) or 'none'}"
            )
        for build in [wanted] if wanted else available():
            try:
                _load(build)
            except OSError:
                continue
            return cls(build)
        raise NativeUnavailable(
            "no native library loads on this machine; reinstall powderkeg with a C++ compiler "
            "(g++ or clang++) on the PATH"
        )

    @property
    def isa(self) -> str:
        """The instruction set in words."""
        return ISA[self.build]

    def simulate(
        self, packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False
    ) -> Simulated:
        """Run paths by id.

        Shape: path_ids (paths,) any ids in any order; see Simulated for what comes back.
        """
        run, paths = packed.run, len(path_ids)
        ids = np.ascontiguousarray(path_ids, np.uint64)
        out = Simulated.blank(packed, paths, trace=trace)
        arrays = {**packed.inputs(), "path_ids": ids}
        if not all(a.flags.c_contiguous for a in arrays.values()):
            raise ValueError("packed arrays must be C-contiguous")
        pointers = {name: _pointer(a) for name, a in {**arrays, **out.outputs()}.items()}
        launch = _Launch(**pointers, path_count=paths)
        if paths:
            _load(self.build).powderkeg_simulate(
                ctypes.c_void_p(run.ctypes.data), ctypes.byref(launch)
            )
        return out

    # What tests look at by itself.

    def philox(
        self, counter: npt.NDArray[np.uint32], key: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.uint32]:
        """Philox4x32-10 of one counter (4,) under one key (2,)."""
        out = np.empty(4, np.uint32)
        _load(self.build).powderkeg_philox(
            *(ctypes.c_void_p(a.ctypes.data) for a in (counter, key, out))
        )
        return out

    def normals(
        self, seed: int, stream: int, domain: int, path_ids: npt.NDArray[np.uint64], blocks: int
    ) -> npt.NDArray[np.float32]:
        """The first 4 x blocks normals of a stream on every path, shape (paths, 4 blocks)."""
        ids = np.ascontiguousarray(path_ids, np.uint64)
        out = np.empty((len(ids), 4 * blocks), np.float32)
        _load(self.build).powderkeg_normals(
            ctypes.c_ulonglong(seed),
            ctypes.c_uint(stream),
            domain,
            blocks,
            ctypes.c_void_p(ids.ctypes.data),
            ctypes.c_longlong(len(ids)),
            ctypes.c_void_p(out.ctypes.data),
        )
        return out

    def function(self, name: str, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """One of exp, log, expm1, cdf, pdf as the kernel computes it."""
        values = np.ascontiguousarray(x, np.float32)
        out = np.empty_like(values)
        _load(self.build).powderkeg_function(
            ("exp", "log", "expm1", "cdf", "pdf").index(name),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_void_p(out.ctypes.data),
            ctypes.c_longlong(values.size),
        )
        return out

    def fill_price(
        self,
        elasticity: float,
        elastic_normal: float,
        before: npt.NDArray[np.float32],
        after: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:
        """Mean price of clearing moves around w + J = 0 (docs/model.md, 4)."""
        a, b = (np.ascontiguousarray(v, np.float32) for v in (before, after))
        out = np.empty_like(a)
        _load(self.build).powderkeg_fill_price(
            ctypes.c_float(elasticity),
            ctypes.c_float(elastic_normal),
            *(ctypes.c_void_p(v.ctypes.data) for v in (a, b, out)),
            ctypes.c_longlong(a.size),
        )
        return out


@functools.cache
def _best() -> Native:
    return Native.best()


def isa() -> str:
    """Instruction set of the build that `simulate` uses. Raises NativeUnavailable."""
    return _best().isa


def simulate(packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False) -> Simulated:
    """Run paths on the best build of this machine; see Native.simulate."""
    return _best().simulate(packed, path_ids, trace=trace)


def _open() -> tuple[str, Simulate]:
    try:
        return isa(), simulate
    except (ImportError, OSError, RuntimeError) as error:
        raise BackendUnavailable(str(error)) from None


KIND = Kind("native", rate=2e7, open=_open)

"""The GPU back end: the model compiled by NVRTC through CuPy for one tile layout and channel set.

Exact mode: IEEE division and square root, explicit fused multiply-add only, denormals flushed, so
that the GPU gives the bits of the CPU. One process per GPU; results come back as NumPy arrays.
"""

from __future__ import annotations

import functools
import re
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..packed import INPUTS, Packed, Simulate, Simulated
from .kind import BackendUnavailable, Kind

MODEL = Path(__file__).parents[1] / "model"
THREADS = 128
EXACT = ("-std=c++17", "--fmad=false", "--prec-div=true", "--prec-sqrt=true", "-ftz=true")
_INCLUDE = re.compile(r'^#include "(\w+\.h)"$', re.MULTILINE)


def source(file: str = "cuda.cu") -> str:
    """The kernel's text with its own headers written out once each, so NVRTC needs no paths."""
    seen: set[str] = set()

    def expand(name: str) -> str:
        if name in seen:
            return ""
        seen.add(name)
        text = (MODEL / name).read_text().replace("#pragma once\n", "")
        return _INCLUDE.sub(lambda match: expand(match[1]), text)

    return expand(file)


def definitions(packed: Packed, *, trace: bool = False) -> tuple[str, ...]:
    """Compiler options that fix the layout, the channels and the features of a launch."""
    run = packed.run
    return (
        f"-DPOWDERKEG_LANES={int(run['lanes'])}",
        f"-DPOWDERKEG_NAMES_PER_LANE={int(run['names_per_lane'])}",
        f"-DPOWDERKEG_FACTORS={int(run['factors'])}",
        f"-DPOWDERKEG_FUNDS={int(run['funds'])}",
        f"-DPOWDERKEG_EVENTS={int(run['events'])}",
        f"-DPOWDERKEG_COMPONENTS={int(run['components'])}",
        f"-DPOWDERKEG_CHANNELS={int(run['channels'])}",
        f"-DPOWDERKEG_FEATURES={int(run['features'])}",
        f"-DPOWDERKEG_TRACED={int(trace)}",
    )


@functools.cache
def _kernel(options: tuple[str, ...]) -> Any:
    import cupy

    return cupy.RawModule(code=source(), options=EXACT + options).get_function("powderkeg_kernel")


def _on_device(array: npt.NDArray[Any]) -> Any:
    import cupy

    # CuPy has no structured dtypes: records travel as bytes. An empty table still needs an address.
    flat = np.ascontiguousarray(array).reshape(-1)
    return cupy.asarray(flat.view(np.uint8) if flat.size else np.zeros(16, np.uint8))


_kept: dict[int, Any] = {}


def _stays_on_device(array: npt.NDArray[Any]) -> Any:
    """The same for an array that many launches share: uploaded once, for as long as it lives."""
    key = id(array)
    if key not in _kept:
        _kept[key] = _on_device(array)
        weakref.finalize(array, _kept.pop, key)
    return _kept[key]


def simulate(packed: Packed, path_ids: npt.NDArray[np.uint64], *, trace: bool = False) -> Simulated:
    """Run paths by id on this process's GPU.

    Shape: path_ids (paths,); see Simulated for what comes back. When the device is out of memory
    the launch is halved: the results do not depend on launch sizes.
    """
    import cupy

    try:
        return _launch(packed, np.ascontiguousarray(path_ids, np.uint64), trace)
    except cupy.cuda.memory.OutOfMemoryError:
        if len(path_ids) < 2:
            raise
    cupy.get_default_memory_pool().free_all_blocks()
    half = len(path_ids) // 2
    parts = [simulate(packed, ids, trace=trace) for ids in (path_ids[:half], path_ids[half:])]
    traces = [p.trace for p in parts if p.trace is not None]
    return Simulated(
        pnl=np.concatenate([p.pnl for p in parts], axis=1),
        excess=np.concatenate([p.excess for p in parts], axis=1),
        paths=np.concatenate([p.paths for p in parts]),
        closes=parts[0].closes + parts[1].closes,
        peaks=parts[0].peaks + parts[1].peaks,
        trace=np.concatenate(traces) if traces else None,
    )


def _launch(packed: Packed, ids: npt.NDArray[np.uint64], trace: bool) -> Simulated:
    import cupy

    run, paths = packed.run, len(ids)
    out = Simulated.blank(packed, paths, trace=trace)
    if paths == 0:
        return out
    results = [a for a in out.outputs().values() if a is not None]
    # tens of megabytes for a name with options
    put = {name: _stays_on_device if name == "chain" else _on_device for name in INPUTS}
    inputs = [_on_device(run), *(put[name](a) for name, a in packed.inputs().items())]
    inputs.append(_on_device(ids))
    outputs = [cupy.zeros(max(a.nbytes, 16), np.uint8) for a in results]
    pointers = outputs if trace else [*outputs, cupy.zeros(16, np.uint8)]
    threads = paths * int(run["lanes"])
    _kernel(definitions(packed, trace=trace))(
        (-(-threads // THREADS),), (THREADS,), (*inputs, np.int64(paths), *pointers)
    )
    for host, device in zip(results, outputs, strict=True):
        host.reshape(-1).view(np.uint8)[:] = device.get()[: host.nbytes]
    return out


def devices() -> int:
    """GPUs of this machine. Raises BackendUnavailable where there is none."""
    if find_spec("cupy") is None:
        raise BackendUnavailable(
            "CuPy is not installed (pip install 'powderkeg[cuda12]' or 'powderkeg[cuda13]')"
        )
    import cupy

    try:
        count = int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise BackendUnavailable(f"CuPy finds no GPU: {error}") from None
    if count == 0:
        raise BackendUnavailable("CuPy finds no GPU")
    return count


def _open() -> tuple[str, Simulate]:
    devices()
    import cupy

    name = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
    return name, simulate


KIND = Kind("cuda", rate=3e10, open=_open, devices=devices, at_once=True)

"""The GPU kernel: it compiles without spills for every layout, and gives the bits of the CPU."""

from __future__ import annotations

import re

import numpy as np
import pytest

from powderkeg.kernels import cuda
from powderkeg.kernels.layout import ALL_CHANNELS, Packed
from tests import builders

# Names and factors: one full layout each of one lane, a few lanes and many lanes.
LAYOUTS = [(1, 1), (3, 2), (8, 2), (12, 2), (12, 3), (20, 2), (48, 4)]


def compiled(packed: Packed, arch: str, *, trace: bool = False) -> str:
    """NVRTC's log with the assembler's resource report; fails with the compiler's words."""
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc")
    options = (
        *cuda.EXACT,
        *cuda.definitions(packed, trace=trace),
        f"-arch={arch}",
        "--ptxas-options=-v",
        "--device-as-default-execution-space",  # CuPy passes it
    )
    _, program = nvrtc.nvrtcCreateProgram(cuda.source().encode(), b"cuda.cu", 0, [], [])
    (status,) = nvrtc.nvrtcCompileProgram(program, len(options), [o.encode() for o in options])
    _, size = nvrtc.nvrtcGetProgramLogSize(program)
    log = b" " * size
    nvrtc.nvrtcGetProgramLog(program, log)
    assert status == nvrtc.nvrtcResult.NVRTC_SUCCESS, log.decode()
    return log.decode()


def with_factors(names: int, factors: int) -> Packed:
    return builders.gme_like(
        names,
        days=1,
        factors=[f"f{i}" for i in range(factors)],
        loadings=np.full((names, factors), 0.005),
    )


@pytest.mark.parametrize("arch", ["sm_80", "sm_90", "sm_100"])
@pytest.mark.parametrize(("names", "factors"), LAYOUTS)
def test_kernel_compiles_without_spills(names: int, factors: int, arch: str) -> None:
    log = compiled(with_factors(names, factors), arch)
    stack, stores, loads = map(
        int,
        re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes", log).groups(),  # type: ignore[union-attr]
    )
    assert (stack, stores, loads) == (0, 0, 0), log


@pytest.mark.parametrize("arch", ["sm_80", "sm_100"])
def test_tracing_and_calm_kernels_compile(arch: str) -> None:
    packed = with_factors(12, 2)
    compiled(packed, arch, trace=True)
    compiled(packed.with_channels(ALL_CHANNELS & 0), arch)


def test_source_is_one_self_contained_text() -> None:
    text = cuda.source()
    assert '#include "' not in text
    assert text.count("struct State {") == 1


@pytest.mark.gpu
@pytest.mark.parametrize("names", [1, 2, 3, 5, 8, 12, 30])
def test_gpu_gives_the_bits_of_the_cpu(names: int) -> None:
    from powderkeg.kernels import native

    packed = builders.gme_like(
        names,
        days=7,
        factors=["market", "meme"],
        loadings=np.full((names, 2), 0.01),
        shared=0.2,
        dealer_sign=[1.0, -1.0][:names] + [0.5] * (names - 2),
        book_weight=np.linspace(-0.2, 0.1, names).tolist(),
    )
    ids = builders.path_ids(1000)
    gpu = cuda.simulate(packed, ids, trace=True)
    cpu = native.simulate(packed, ids, trace=True)
    assert gpu.trace is not None and cpu.trace is not None
    for field in cpu.trace.dtype.names or ():
        np.testing.assert_array_equal(
            gpu.trace[field].view(np.uint32), cpu.trace[field].view(np.uint32), field
        )
    for part in ("pnl", "paths", "closes", "peaks"):
        a, b = getattr(gpu, part), getattr(cpu, part)
        assert a.tobytes() == b.tobytes(), part


@pytest.mark.gpu
def test_gpu_results_do_not_depend_on_launches() -> None:
    packed = builders.gme_like(8, days=3)
    ids = builders.path_ids(300)
    whole = cuda.simulate(packed, ids)
    parts = [cuda.simulate(packed, ids[i : i + 7]) for i in range(0, 300, 7)]
    assert whole.pnl.tobytes() == np.concatenate([p.pnl for p in parts], axis=1).tobytes()
    np.testing.assert_array_equal(whole.closes, sum(p.closes for p in parts))

"""What this machine has, and what a run on it will use."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from .. import __version__
from ..kernels import BackendUnavailable, backend
from .executors.placement import cores
from .memory import available

PACKAGES = ("numpy", "scipy", "dask", "distributed", "xarray", "zarr", "pydantic")
CPU_FLAGS = ("avx2", "fma", "avx512f", "avx512dq", "avx512vl")

Finding = tuple[str, str]


def examine() -> list[Finding]:
    """What there is, as pairs of a name and a line of text; the last says what will be used."""
    return [
        ("powderkeg", __version__),
        ("Python", f"{platform.python_version()} ({sys.executable})"),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("packages", ", ".join(f"{name} {_version(name)}" for name in PACKAGES)),
        ("processor", _processor()),
        ("cores", f"{cores()} usable"),
        ("memory", f"{available() / 2**30:.1f} GiB available"),
        ("compiler", _compiler()),
        ("reference", _backend("reference")),
        ("native", _backend("native")),
        ("CuPy", _cupy()),
        ("NVRTC", _version("nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu12", "cuda-toolkit")),
        ("cuda", _backend("cuda")),
        ("in use", _in_use()),
    ]


def _version(*names: str) -> str:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or "unknown"
    lines: dict[str, str] = {}
    for line in info.read_text().splitlines():
        key, _, value = line.partition(":")
        lines.setdefault(key.strip(), value.strip())
    flags = lines.get("flags", "").split()
    have = [f"{flag} {'yes' if flag in flags else 'no'}" for flag in CPU_FLAGS]
    return f"{lines.get('model name', 'unknown')}: {', '.join(have)}"


def _compiler() -> str:
    for name in ("c++", "g++", "clang++"):
        if path := shutil.which(name):
            said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
            return said.splitlines()[0] if said else path
    return "none (only needed to build from source)"


def _backend(name: str) -> str:
    try:
        return f"works: {backend(name).device}"
    except BackendUnavailable as error:
        return f"not usable: {error}"


def _cupy() -> str:
    if find_spec("cupy") is None:
        return "not installed"
    import cupy

    return str(cupy.__version__)


def _in_use() -> str:
    chosen = backend("auto")
    text = f"back end {chosen.name} on {chosen.device}"
    if not chosen.kind.devices():
        text += f", {cores()} threads"
    return f"{text}; {chosen.note}" if chosen.note else text

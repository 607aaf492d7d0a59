"""The back ends by name. CuPy and the native library load only when a back end is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from ..members import over_members

if TYPE_CHECKING:
    from ..packed import Simulate

CHOICES = ("auto", "cuda", "native", "reference")


class BackendUnavailable(RuntimeError):
    """A back end that was asked for by name cannot run on this machine; says why in one line."""


@dataclass(frozen=True)
class Backend:
    """A back end that is ready to run on this machine."""

    name: str
    device: str
    simulate: Simulate
    note: str = ""  # one line for the user when this is not what they would expect


def _cuda() -> Backend:
    if find_spec("cupy") is None:
        raise BackendUnavailable(
            "CuPy is not installed (pip install 'powderkeg[cuda12]' or 'powderkeg[cuda13]')"
        )
    import cupy

    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise BackendUnavailable(f"CuPy finds no GPU: {error}") from None
    if devices == 0:
        raise BackendUnavailable("CuPy finds no GPU")
    from .cuda import simulate

    name = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
    return Backend("cuda", name, over_members(simulate))


def _native() -> Backend:
    try:
        from .native import isa, simulate

        device = isa()
    except (ImportError, OSError, RuntimeError) as error:
        raise BackendUnavailable(str(error)) from None
    return Backend("native", device, over_members(simulate))


def _reference() -> Backend:
    from ..reference import simulate

    return Backend("reference", f"NumPy {np.__version__}", over_members(simulate))


_MAKERS: dict[str, Callable[[], Backend]] = {
    "cuda": _cuda,
    "native": _native,
    "reference": _reference,
}


@lru_cache
def backend(name: str = "auto") -> Backend:
    """The back end called `name`; `auto` prefers cuda, then native, then the reference.

    Raises BackendUnavailable if a back end named outright cannot run here, ValueError for a name
    that is not in CHOICES. The answer is kept, so a machine is looked at once per process.
    """
    if name != "auto":
        if name not in _MAKERS:
            raise ValueError(f"back end {name!r} is not one of {', '.join(CHOICES)}")
        return _MAKERS[name]()
    try:
        return _cuda()
    except BackendUnavailable:
        pass
    try:
        return _native()
    except BackendUnavailable as error:
        if os.environ.get("POWDERKEG_NATIVE"):  # a build was asked for: nothing else will do
            raise
        note = f"no native library ({error}); using the NumPy reference, many times slower"
        return replace(_reference(), note=note)


def why_not(name: str) -> str | None:
    """Why back end `name` cannot run here, or None if it can."""
    try:
        backend(name)
    except BackendUnavailable as error:
        return str(error)
    return None

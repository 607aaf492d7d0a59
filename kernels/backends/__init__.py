"""The back ends by name. CuPy and the native library load only when a back end is asked for."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache

from . import cuda, native, reference
from .kind import Backend, BackendUnavailable, Kind, opened

__all__ = [
    "CHOICES",
    "KINDS",
    "Backend",
    "BackendUnavailable",
    "Kind",
    "backend",
    "kind",
    "why_not",
]

KINDS = {each.name: each for each in (cuda.KIND, native.KIND, reference.KIND)}
"""In the order in which `auto` tries them."""
CHOICES = ("auto", *KINDS)


def kind(name: str) -> Kind:
    """What is known of a back end, whether it runs here or not. Raises ValueError."""
    if name not in KINDS:
        raise ValueError(f"back end {name!r} is not one of {', '.join(CHOICES)}")
    return KINDS[name]


@lru_cache
def backend(name: str = "auto") -> Backend:
    """The back end called `name`; `auto` takes the first of KINDS that runs.

    Raises BackendUnavailable if a back end named outright cannot run here, ValueError for a name
    that is not in CHOICES. The answer is kept, so a machine is looked at once per process.
    """
    if name != "auto":
        return opened(kind(name))
    note = ""
    for each in KINDS.values():
        try:
            return replace(opened(each), note=note)
        except BackendUnavailable as error:
            if each.name == "native":
                if os.environ.get("POWDERKEG_NATIVE"):  # asked for: nothing else will do
                    raise
                note = f"no native library ({error}); using the NumPy reference, many times slower"
    raise BackendUnavailable("no back end runs here")


def why_not(name: str) -> str | None:
    """Why back end `name` cannot run here, or None if it can."""
    try:
        backend(name)
    except BackendUnavailable as error:
        return str(error)
    return None

"""Parts of an open store by name: groups, arrays, what an array holds, texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import zarr


def group_of(parent: zarr.Group, name: str) -> zarr.Group:
    """The group of that name."""
    found = parent[name]
    assert isinstance(found, zarr.Group)
    return found


def array_of(parent: zarr.Group, name: str) -> zarr.Array[Any]:
    """The array of that name, not yet read."""
    found = parent[name]
    assert isinstance(found, zarr.Array)
    return found


def values_of(parent: zarr.Group, name: str) -> npt.NDArray[Any]:
    """All that an array holds."""
    return np.asarray(array_of(parent, name)[...])


def texts_of(parent: zarr.Group, name: str) -> tuple[str, ...]:
    """The same of texts."""
    return tuple(str(text) for text in values_of(parent, name))

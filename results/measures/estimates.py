"""Estimates in a store: a value, its standard error and its 95 % interval as four variables."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import zarr

from ..store.layout import full_array

PARTS = {
    "": "",
    "_standard_error": "standard error: ",
    "_low": "lower end of the 95 % interval: ",
    "_high": "upper end of the 95 % interval: ",
}


def write_estimates(
    group: zarr.Group,
    name: str,
    dims: tuple[str, ...],
    table: npt.NDArray[np.float64],
    words: str,
    about: str,
) -> None:
    """Add `name` and its error to a group. Shape: table (4, *dims), fractions."""
    for values, (suffix, prefix) in zip(table, PARTS.items(), strict=True):
        full_array(group, name + suffix, dims, values, "1", prefix + words, about)

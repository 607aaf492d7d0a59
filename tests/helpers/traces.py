"""Traces of the reference, and settings in which one agent at a time is seen."""

from typing import Any

import numpy as np
import numpy.typing as npt

from powderkeg.kernels import records as layout
from powderkeg.kernels import reference
from powderkeg.kernels.packed import Packed
from tests.helpers.builders import path_ids
from tests.helpers.events import fund

LOT = 2.0**-22


DT, DAY = 1 / 8, 9  # rows a day


Array = npt.NDArray[np.float64]


# Nothing moves by itself: no noise, nobody trades but who is switched on, prices answer little.
STILL: dict[str, Any] = {
    "days": 2,
    "sigma": 1e-7,
    "overnight_share": 0.0,
    "attention0": 0.0,
    "elasticity": 0.1,
    "max_multiple": 100.0,
}


MORE: dict[str, Any] = {
    "monthly_share": 0.4,
    "monthly_every": 4,
    "call_capacity": 0.3,
    "leader0": 0.01,
    "leader_block": 0.04,
    "leader_sell_above": 1.2,
    "following": 0.3,
    "entry_horizon": 20.0,
    "repricing_rate": 0.4,
    "levered": 0.05,
    "release_rate": 0.2,
    "issue_maximum": 0.05,
    "crowd0": 0.02,
    "removed0": 0.05,
    "calls0": 0.01,
    "new_shorts0": 0.02,
    "funds": [fund([-0.1], 2.0, rebuild_rate=1.0)],
}


def traced(scenario: Packed, paths: int) -> dict[str, Array]:
    """Fields of the trace in float64, (paths, rows, names)."""
    trace = reference.simulate(scenario, path_ids(paths), trace=True).trace
    assert trace is not None
    return {f: trace[f].astype(float) for f in layout.TRACE.names or ()}


def one_path(scenario: Packed) -> dict[str, Array]:
    """The same of the first path, (rows, names)."""
    return {f: v[0] for f, v in traced(scenario, 1).items()}


def one_name(t: dict[str, Array], path: int | None = None) -> dict[str, Array]:
    """The first name alone, (rows,)."""
    return {f: v[..., 0] if path is None else v[path, :, 0] for f, v in t.items()}

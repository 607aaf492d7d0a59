"""How much of what can be lent is on loan at the start (docs/model.md, 9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..packed import Packed

FIELDS = (
    "cohort0", "new_shorts0", "book0", "hedge0", "elastic0", "locked", "lendable_elastic",
    "lendable_locked",
)  # fmt: skip


def utilisation(packed: Packed) -> npt.NDArray[np.float64]:
    """Borrowed over lendable shares of every name at the start. Shape: (names,).

    Of an ensemble those of the scenario without it.
    """
    count = int(packed.run["names"])
    p = {field: packed.names[field][:count].astype(float) for field in FIELDS}
    funds = packed.positions["holding0"][:count].astype(float)
    borrowed = p["cohort0"] + p["new_shorts0"] + np.maximum(-funds, 0).sum(axis=1)
    borrowed += np.maximum(-p["book0"], 0) + np.maximum(-p["hedge0"], 0)
    lendable = p["lendable_elastic"] * p["elastic0"] + p["lendable_locked"] * p["locked"]
    return np.asarray(borrowed / lendable)

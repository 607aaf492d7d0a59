"""Options and futures of the book; packed with their own records (docs/model.md, 11)."""

from __future__ import annotations

import numpy as np

from .declaration import Field, Holder, Quantity

HOLDER = Holder(
    "derivatives",
    fields=(
        Field("first_derivative", "index into Packed.derivatives", kind=np.int32),
        Field("derivatives", "how many", kind=np.int32),
        Field("derivatives0", "their value at the start"),
    ),
    quantities=(
        Quantity("marks", traced=False),  # of what is open
        Quantity("settled", traced=False),  # cash of what has expired
        Quantity("derivative_margin", traced=False),
        Quantity("derivative_pnl", stored=False),
    ),
)

"""Funds cut several names alike as they lose money; packed with their own records (7)."""

from __future__ import annotations

from ...scenarios.capacity import MAX_FUNDS
from .declaration import Holder, Quantity, Switch
from .use import Use


def cut(use: Use) -> bool:
    funds = use.funds
    cutting = (funds["slope"] > 0) & ((funds["cut_c"] > 0) | (funds["rebuild_c"] > 0))
    return bool((use.positions["holding0"] != 0)[:, cutting].any())


HOLDER = Holder(
    "funds",
    quantities=tuple(
        Quantity(f"fund_{k}", "floats", stored=False, undone=True) for k in range(1, MAX_FUNDS + 1)
    ),
    switches=(Switch("FUNDS", 512, cut),),
)

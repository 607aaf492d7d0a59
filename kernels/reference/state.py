"""The state of a chunk of paths: what the declarations say that a path remembers of every name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..records import MAX_FUNDS, QUANTITIES_OF_NAMES
from .parameters import Array, Model

FUNDS = tuple(f"fund_{k}" for k in range(1, MAX_FUNDS + 1))
FIELDS = tuple(each.name for each in QUANTITIES_OF_NAMES if each.name != "paused")


class State:
    """Fields of shape (names, paths), named and explained in kernels/holders."""

    __slots__ = FIELDS

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Array: ...
        def __setattr__(self, name: str, value: Array) -> None: ...

    @property
    def paused(self) -> Array:
        return (self.rest > 0).astype(float)


def averaged(mean: Array, at: Array, added: Array, held: Array) -> Array:
    """The mean of what a holding, now `held`, has cost, after `added` of it came at `at`."""
    return mean + added / (held + 1e-12) * (at - mean)


def start(model: Model, clock: Array) -> State:
    """docs/model.md, section 5. `clock` is -ln u of domain 2, shape (names, paths).

    Utilisation and fees follow from the holdings (loop.py).
    """
    p, state = model.name, State()
    begins = {
        each.name: getattr(p, each.start) if isinstance(each.start, str) else each.start
        for each in QUANTITIES_OF_NAMES
    }
    begins |= {"realised_vol": p.sigma * np.sqrt(252.0), "restriction_clock": clock}
    for k, fund in enumerate(FUNDS[: model.funds]):
        begins[fund] = model.holdings[k]
    for field in FIELDS:
        values = np.empty(clock.shape)
        values[:] = begins[field]
        setattr(state, field, values)
    return state

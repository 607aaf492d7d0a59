"""A scenario on its way to a worker: the few kilobytes that pack into arrays of megabytes.

Where it was packed once the arrays stay beside it, and where it arrives pickled it is packed anew,
so what travels is what a person wrote. A process keeps the last few that it packed.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from ..kernels.packed import Packed
from ..kernels.packing.scenario import pack
from ..kernels.records import Channel
from ..scenarios.bound import Bound

KEPT = 4
"""Packed scenarios that a worker process keeps."""

_packed: OrderedDict[str, Packed] = OrderedDict()
_packing = threading.Lock()


class Packs(Protocol):
    """What has arrays to simulate."""

    def packed(self) -> Packed: ...


@dataclass(frozen=True)
class Model:
    """What is packed. `channels` None are the scenario's."""

    bound: Bound
    seed: int
    channels: Channel | None = None
    _here: list[Packed] = field(default_factory=list, init=False, compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        given = self.bound
        short = Bound(
            given.scenario,
            replace(given.book, text=""),
            replace(given.market, text=""),
            replace(given.chain, text=""),
        )
        return {**self.__dict__, "bound": short, "_here": []}

    @cached_property
    def key(self) -> str:
        """Equal for equal inputs."""
        return hashlib.sha256(pickle.dumps(self, protocol=5)).hexdigest()

    def keep(self, packed: Packed) -> Model:
        """This model with its arrays beside it."""
        self._here[:] = [packed]
        return self

    def pack(self) -> Model:
        """The same, packed now. Raises InputError."""
        return self if self._here else self.keep(self.arrays())

    def packed(self) -> Packed:
        """The arrays: those kept here, or one of the few that this process keeps."""
        if self._here:
            return self._here[0]
        with _packing:
            if self.key not in _packed:
                _packed[self.key] = self.arrays()
                while len(_packed) > KEPT:
                    _packed.popitem(last=False)
            _packed.move_to_end(self.key)
            return _packed[self.key]

    def arrays(self) -> Packed:
        """The arrays, packed anew. Raises InputError."""
        arrays = pack(self.bound, seed=self.seed)
        return arrays if self.channels is None else arrays.with_channels(self.channels)

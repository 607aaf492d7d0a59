"""A name fitted beside others that keep their parameters: attention that spreads to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...kernels.packed import Packed
from ...kernels.packing.scenario import pack
from ...kernels.records import COMPONENT_CYCLE
from ...scenarios.bound import bind
from ...scenarios.ensemble import is_size, steps
from ...scenarios.overrides import members
from ...scenarios.scenario import NameParameters, Scenario
from .simulator import Simulator, all_watched


@dataclass(frozen=True)
class Beside(Simulator):
    """The same with the names `others` of the market file, which run under the base's parameters.

    Where the base has an ensemble for them, its first members take turns, one for every sixteen
    paths.
    """

    others: tuple[str, ...] = ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The name that is fitted, and the others."""
        return (self.symbol, *self.others)

    def packed(self, scenario: Scenario) -> Packed:
        """With the others' members, in each of them the fitted name as it is here."""
        packed = self._packed(scenario)
        at = packed.symbols.index(self.symbol)
        return replace(
            packed, members=tuple(_with_others(packed, member, at) for member in self._members)
        )

    @cached_property
    def _members(self) -> tuple[Packed, ...]:
        """The others under every member of their ensemble that has paths here."""
        columns = {
            key: values
            for key, values in self.base.ensemble.items()
            if is_size(key) or steps(key, NameParameters.model_fields)[1] in self.others
        }
        count = -(-self.paths // COMPONENT_CYCLE)
        first = self.scenario().model_copy(
            update={"ensemble": {key: values[:count] for key, values in columns.items()}}
        )
        return tuple(self._packed(member) for member in members(first))

    def _packed(self, scenario: Scenario) -> Packed:
        """Packed with a book whose P&L is that of the fitted name alone."""
        book = all_watched({symbol: self.market[symbol].price for symbol in self.symbols})
        packed = pack(bind(scenario, book, self.market, self.chain), seed=self.seed)
        weights = packed.names["book_weight"]
        weights[np.arange(len(weights)) != packed.symbols.index(self.symbol)] = 0
        return packed


def _with_others(packed: Packed, member: Packed, at: int) -> Packed:
    """A member's names but for that at a place, which is as packed."""
    names, sizes = member.names.copy(), member.event_sizes.copy()
    names[at] = packed.names[at]
    sizes[at] = packed.event_sizes[at]
    return replace(packed, names=names, event_sizes=sizes)

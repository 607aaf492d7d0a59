"""A name fitted beside others that keep their parameters: attention that spreads to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...kernels.layout import COMPONENT_CYCLE, Packed
from ...kernels.pack import pack
from ...scenarios.ensemble import TIMELINE, steps
from ...scenarios.scenario import NameParameters, Scenario
from .simulator import Paths, Simulator, all_watched, log_closes, on_days


@dataclass(frozen=True)
class Beside(Simulator):
    """The same with the names `others` of the market file, which run under the base's parameters.

    Where the base has an ensemble for them, its first members take turns, one for every sixteen
    paths.
    """

    others: tuple[str, ...] = ()

    def scenario(self) -> Scenario:
        """The base on this episode's days, without an ensemble."""
        story = on_days(self.base, (self.symbol, *self.others), self.days)
        return story.model_copy(update={"ensemble": {}})

    def __call__(self, parameters: Sequence[float]) -> Paths:
        """Simulate one set. Raises InputError where the holdings do not fit together."""
        packed = self._packed(self.scenario().with_values(self.values(parameters)))
        at = packed.symbols.index(self.symbol)
        members = tuple(_with_others(packed, member, at) for member in self._members)
        ids = np.arange(self.first, self.first + self.paths, dtype=np.uint64)
        found = self.engine.simulate(replace(packed, members=members), ids)
        name = packed.names[at]
        return Paths(
            log_closes(packed, found, at),
            found.closes[:, at],
            float(name["adv"]),
            float(name["attention_volume"]),
        )

    @cached_property
    def _members(self) -> tuple[Packed, ...]:
        """The others under every member of their ensemble that has paths here."""
        columns = {
            key: values
            for key, values in self.base.ensemble.items()
            if (path := steps(key, NameParameters.model_fields))[0] == TIMELINE
            or path[1] in self.others
        }
        count = -(-self.paths // COMPONENT_CYCLE)
        first = self.scenario().model_copy(
            update={"ensemble": {key: values[:count] for key, values in columns.items()}}
        )
        return tuple(self._packed(member) for member in first.members())

    def _packed(self, scenario: Scenario) -> Packed:
        """Packed with a book whose P&L is that of the fitted name alone."""
        symbols = (self.symbol, *self.others)
        book = all_watched({symbol: self.market[symbol].price for symbol in symbols})
        packed = pack(book, self.market, self.chain, scenario, seed=self.seed)
        weights = packed.names["book_weight"]
        weights[np.arange(len(weights)) != packed.symbols.index(self.symbol)] = 0
        return packed


def _with_others(packed: Packed, member: Packed, at: int) -> Packed:
    """A member's names but for that at a place, which is as packed."""
    names, sizes = member.names.copy(), member.event_sizes.copy()
    names[at] = packed.names[at]
    sizes[at] = packed.event_sizes[at]
    return replace(packed, names=names, event_sizes=sizes)

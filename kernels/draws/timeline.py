"""The timeline: dated events, and events with a hazard that start at a random step.

An event with a hazard starts, u the uniform of its own stream, at

    T = from_day + (-ln u)/hazard days,   row = floor(T) (n + 1) + 1 + floor((T - floor(T)) n)

With since = t - row it strikes where since = 0 and is on while 0 <= since < rows. docs/model.md, 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import ONE, ZERO, Array
from ..packed import Packed
from ..records import EventType, Feature
from . import philox

STRIKING = {
    EventType.ANCHOR,
    EventType.ATTENTION,
    EventType.IMPLIED_VOL,
    EventType.CANCELLATION,
}
"""Events that do something once, at the step where they start; the others last."""


@dataclass(frozen=True)
class Active:
    """One event in one step: its sizes (names, 1), and where it acts, (paths,)."""

    sizes: Array
    where: npt.NDArray[np.bool_]


class Now:
    """What the timeline does in one step; arrays broadcast to (names, paths)."""

    def __init__(self, active: dict[EventType, list[Active]] | None = None) -> None:
        self.active = active or {}

    def __contains__(self, kind: EventType) -> bool:
        return kind in self.active

    def added(self, kind: EventType) -> Array:
        """The sizes of the events of a type, added up."""
        return sum((e.sizes * e.where for e in self.active.get(kind, [])), ZERO)

    def factor(self, kind: EventType) -> Array:
        """The sizes of the events of a type, multiplied."""
        product = ONE
        for event in self.active.get(kind, []):
            product = product * np.where(event.where, event.sizes, 1)
        return product

    def any(self, kind: EventType, sign: int = 1) -> npt.NDArray[np.bool_]:
        """Where an event of a type with a size of this sign acts."""
        found = np.zeros((1, 1), bool)
        for event in self.active.get(kind, []):
            found = found | ((event.sizes * sign > 0) & event.where)
        return found


class Timeline:
    """The events of a chunk of paths, each with the row at which it starts, (events, paths)."""

    def __init__(self, packed: Packed, path_ids: npt.NDArray[np.uint64]) -> None:
        used = Feature.EVENTS in Feature(int(packed.run["features"]))
        self.records = packed.events if used else packed.events[:0]
        self.sizes = packed.event_sizes[: int(packed.run["names"])].astype(float)
        self.start = start_rows(packed, self.records, path_ids)

    def at(self, row: int) -> Now:
        active: dict[EventType, list[Active]] = {}
        for k, event in enumerate(self.records):
            kind, since = EventType(int(event["type"])), row - self.start[k]
            rows = 1 if kind in STRIKING else float(event["rows"])
            where = (since >= 0) & (since < rows)
            if where.any():
                active.setdefault(kind, []).append(Active(self.sizes[:, k, None], where))
        return Now(active)


def start_rows(
    packed: Packed, events: npt.NDArray[np.void], path_ids: npt.NDArray[np.uint64]
) -> Array:
    """Row of the schedule at which each event starts, (events, paths); inf: never."""
    run = packed.run
    steps = int(run["steps_per_day"])
    rows = np.repeat(events["start_row"].astype(float)[:, None], len(path_ids), axis=1)
    random = np.flatnonzero(events["start_row"] < 0)
    if random.size:
        chosen = events[random]
        words = philox.words(int(run["seed"]), chosen["stream"], path_ids, philox.EVENTS, 0)
        waited = -np.log(philox.uniform(words[0]))
        hazard, from_day = (chosen[f].astype(float)[:, None] for f in ("hazard", "from_day"))
        never = np.full_like(waited, np.inf)
        time = from_day + np.divide(waited, hazard, out=never, where=hazard > 0)
        time = np.minimum(time, float(run["days"]) + 1)  # beyond the end
        day = np.floor(time)
        rows[random] = day * (steps + 1) + 1 + np.floor((time - day) * steps)
    return rows

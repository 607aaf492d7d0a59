"""Events and funds of a test, as a scenario has them but by rows of the schedule and floats."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powderkeg.kernels.packing.story import trading_rows

SPREAD = ("issuance", "lock_up")


@dataclass(frozen=True)
class Held:
    """Whose holdings there are: symbols, and P(0) x float of each."""

    symbols: Sequence[str]
    worth: Mapping[str, float]


@dataclass(frozen=True)
class Holder:
    """A fund by what it holds; `value` is P(0) x float of the first name in its equity."""

    floats: Sequence[float]
    value: float
    more: Mapping[str, float]

    def tree(self, held: Held) -> dict[str, Any]:
        equity = held.worth[held.symbols[0]] / self.value
        weights = {
            symbol: floats * held.worth[symbol] / equity
            for symbol, floats in zip(held.symbols, self.floats, strict=True)
        }
        return {"equity": equity, "positions": weights, **self.more}


def fund(floats: Sequence[float], value: float, **more: float) -> Holder:
    """A fund; `more` are fields of `scenarios.funds.Fund`."""
    return Holder(floats, value, more)


def event(
    kind: str, size: float | None = None, row: int | None = None, **more: Any
) -> dict[str, Any]:
    """An event that starts at a row of the schedule, without one at random (`hazard`).

    `rows` is how many rows it is on, to the end where there is none. Of what is spread over its
    time `size` is floats a day, in a scenario floats in all.
    """
    said = {"type": kind, **({} if size is None else {"size": size}), **more}
    return said if row is None else {**said, "row": row}


def each(kind: str, sizes: Sequence[float], row: int, **more: Any) -> list[dict[str, Any]]:
    """The same event in every name with a size of its own; 0 leaves a name alone."""
    return [
        event(kind, size, row, names=f"N{i:02d}", **more) for i, size in enumerate(sizes) if size
    ]


def news(size: float, row: int = 0, **more: Any) -> dict[str, Any]:
    """The anchor moves by so much in log price."""
    return event("anchor_news", math.expm1(size), row, **more)


def timeline(events: Iterable[Mapping[str, Any]], steps_per_day: int) -> list[dict[str, Any]]:
    """The events with days and durations for rows."""
    return [_dated(dict(each), steps_per_day) for each in events]


def _dated(said: dict[str, Any], steps: int) -> dict[str, Any]:
    row, rows = said.pop("row", None), said.pop("rows", None)
    if row is not None:
        day, step = divmod(row, steps + 1)
        said["day"] = day + 1
        if step:
            said["at"] = (step - 1) / steps
    if rows is not None:
        said["duration"] = rows / (steps + 1)
        if said["type"] in SPREAD:
            said["size"] *= trading_rows(1 if row is None else row, rows, steps) / steps
    return said

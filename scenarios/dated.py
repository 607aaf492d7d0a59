"""Events that are known to have happened, by date: CSV for a fit.

    date,event,size,low,high,duration,at,source
    2021-01-27,attention,,,,,,"the evening before, a tweet to 43 million followers"
    2021-01-28,restriction,on,,,5,,"brokers stop purchases; company statements"

`event` is a type of the timeline (scenarios/timeline.py). A size that is left empty is fitted;
`low` and `high` are then the central 90 % of what is believed of it (lognormal where both are
above 0, else normal), and SIZES holds where they are empty as well. `duration` is in sessions, `at`
open or the part of the session that has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from .describe import range_words
from .errors import InputError, shown
from .priors import Law, LogNormal, Normal, Priors, limits_of
from .table import Row, choice, read_table
from .timeline import EVENT_TYPES, AnyEvent, TimelineEvent, labels

COLUMNS = ("date", "event", "size", "low", "high", "duration", "at", "source")
Z95 = 1.6448536269514722
SWITCH = {"on": True, "off": False}
SIZES: Mapping[str, tuple[float, float]] = {
    "anchor_news": (-0.3, 0.3),
    "attention": (0.003, 0.5),
    "lock_up": (0.05, 0.8),
    "call_programme": (0.001, 0.1),
    "lendable_recall": (0.05, 0.9),
    "elasticity": (0.3, 3.0),
    "depth": (0.1, 1.0),
    "implied_vol": (0.1, 2.0),
    "issuance": (0.01, 0.5),
}
"""Central 90 % of a size that a file leaves open: conventions, as wide as what is plausible."""
NOT_OF_A_NAME: Mapping[str, str] = {
    "market_shock": "moves names by their betas; put it under `timeline` of the `base` file",
    "margin_rate": "is the book's margin and moves no price; remove the row",
}
_EVENT: TypeAdapter[AnyEvent] = TypeAdapter(TimelineEvent)


@dataclass(frozen=True)
class Dated:
    """Events of one name's episode; laws of the sizes that are to be fitted, and where events are
    from, by event id.
    """

    events: tuple[AnyEvent, ...]
    laws: Mapping[str, Normal | LogNormal]
    sources: Mapping[str, str]

    def into(self, priors: Priors) -> Priors:
        """The priors with the open sizes as further parameters, `timeline.ID.size`."""
        if not self.laws:
            return priors
        kinds = {event.id: type(event) for event in self.events}
        laws, limits = dict(priors.laws), dict(priors.limits)
        for name, law in self.laws.items():
            key = f"timeline.{name}.size"
            laws[key], limits[key] = law, limits_of(kinds[name].model_fields["size"])
        return Priors(laws, priors.name, priors.text, limits)


def load_dated(
    path: str | Path, symbol: str, dates: Sequence[date], base: Sequence[AnyEvent], last: date
) -> tuple[Dated, int]:
    """Events up to the day `last`, and how many come later: nobody knew of those.

    `dates` are the episode's sessions from the first close on; ids of `base` are not used again.
    Raises InputError, one line with file, row and column.
    """
    table = read_table(Path(path), COLUMNS, ("date", "event"))
    if not table.rows:
        raise InputError(f"{table.file}: no rows under the header; add one per event")
    events: list[AnyEvent] = []
    laws: dict[str, Normal | LogNormal] = {}
    sources: dict[str, str] = {}
    later, used = 0, set(labels(base))
    for row in table.rows:
        if (day := row.iso_date("date")) > last:
            later += 1
            continue
        kind, number = _kind(row), _number(row, day, dates)
        _refuse_known(row, kind, number, symbol, base)
        name = _free(f"{kind} {day}", used)
        law, sources[name] = _law(row, kind), row.text("source")
        tree = {"id": name, "type": kind, "names": (symbol,), "day": number}
        events.append(_event(row, {**tree, **_size(row, kind, law), **_when(row, kind)}))
        if law is not None:
            laws[name] = law
    return Dated(tuple(events), laws, sources), later


def _kind(row: Row) -> str:
    kind = choice(row, "event", {name: name for name in EVENT_TYPES})
    if kind in NOT_OF_A_NAME:
        raise row.error("event", f"{kind} {NOT_OF_A_NAME[kind]}")
    return kind


def _refuse_known(row: Row, kind: str, day: int, symbol: str, base: Sequence[AnyEvent]) -> None:
    """Raises InputError for an event that the base has already: it would strike twice."""
    for event, label in zip(base, labels(base), strict=True):
        if event.type == kind and event.day == day and event.touches(symbol, is_short=True):
            raise row.error("event", f'the base has it already as "{label}"; remove one of them')


def _free(wanted: str, used: set[str]) -> str:
    name, count = wanted, 1
    while name in used:
        count += 1
        name = f"{wanted} {count}"
    used.add(name)
    return name


def _number(row: Row, day: date, dates: Sequence[date]) -> int:
    if day <= dates[0]:
        raise row.error(
            "date",
            f"{day} is not after the first close, {dates[0]}, where paths start; leave it out",
        )
    if day > dates[-1]:
        raise row.error("date", f"{day} is after the last close, {dates[-1]}; leave it out")
    if day not in dates:
        raise row.error("date", f"{day} is no session; give the next one, with `open` under at")
    return dates.index(day)


def _law(row: Row, kind: str) -> Normal | LogNormal | None:
    """Of a size that is left open; None where it is given or there is none."""
    fields = EVENT_TYPES[kind].model_fields
    if "size" not in fields or row.text("size"):
        row.expect_empty(("low", "high"), "a size that is not fitted" if row.text("size") else kind)
        return None
    low, high = (
        row.number_or_none(end, "give a number or leave it empty") for end in ("low", "high")
    )
    if low is None and high is None:
        if kind not in SIZES:
            raise row.error("size", f"is empty; give a number, or low and high of {kind}")
        low, high = SIZES[kind]
    if low is None or high is None:
        column = "low" if low is None else "high"
        raise row.error(column, "is empty; give both ends of the size, or none")
    if low >= high:
        raise row.error("low", f"{low:g} is not below high {high:g}")
    least, most = limits_of(fields["size"])
    for column, value in (("low", low), ("high", high)):
        if not least <= value <= most:
            allowed = range_words(fields["size"])
            raise row.error(column, f"{value:g} is out of range for {kind}; give {allowed}")
    source = row.text("source") or "convention"
    if low > 0:
        middle, spread = np.sqrt(low * high), np.log(high / low) / 2 / Z95
        return LogNormal(law="lognormal", median=float(middle), sd=float(spread), source=source)
    return Normal(law="normal", mean=(low + high) / 2, sd=(high - low) / 2 / Z95, source=source)


def _size(row: Row, kind: str, law: Law | None) -> dict[str, Any]:
    fields = EVENT_TYPES[kind].model_fields
    if "on" in fields:
        return {"on": choice(row, "size", {word: word for word in SWITCH}) == "on"}
    if "size" not in fields:
        row.expect_empty(("size",), kind)
        return {}
    if law is not None:
        return {"size": float(law.value(0.0))}
    return {"size": row.number_in("size", "give a number")}


def _when(row: Row, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (text := row.text("at")) and text.lower() != "open":
        found["at"] = row.number_in("at", "give open, or the part of the session, 0 to 1")
    if "duration" in EVENT_TYPES[kind].model_fields:
        duration = row.number_or_none("duration", "give sessions, or leave it empty")
        found |= {} if duration is None else {"duration": duration}
    else:
        row.expect_empty(("duration",), kind)
    return found


def _event(row: Row, tree: dict[str, Any]) -> AnyEvent:
    try:
        return _EVENT.validate_python(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = str(first["loc"][-1]) if len(first["loc"]) > 1 else "event"
        found = row.text(column)
        words = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        raise row.error(column, f"{shown(found)}: give a number {words}") from None


def as_yaml(events: Sequence[AnyEvent]) -> list[dict[str, Any]]:
    """Events as a scenario's file has them: an id, and what differs from the defaults."""
    return [
        {
            "id": name,
            "type": event.type,
            **event.model_dump(exclude_defaults=True, exclude={"id", "type"}),
        }
        for name, event in zip(labels(tuple(events)), events, strict=True)
    ]

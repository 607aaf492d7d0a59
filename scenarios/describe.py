"""The parameter table, generated from the models: one row per parameter a YAML can set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from .attention_factor import AttentionFactor
from .funds import Fund
from .parameter import Section
from .scenario import Scenario
from .timeline import EVENT_TYPES, Event


@dataclass(frozen=True)
class ParameterRow:
    """One parameter, in words for a person. `key` is its dotted name in a scenario's YAML.

    `funds.NAME.equity` holds for every fund, `timeline[].day` for every event, and
    `timeline[lock_up].size` for events of that type.
    """

    key: str
    default: str
    unit: str
    range: str
    description: str
    source: str


def bound(field: FieldInfo, name: str) -> float | None:
    """A checked bound (`gt`, `ge`, `lt`, `le`) of a field, None where it has none."""
    found = (getattr(item, name, None) for item in field.metadata)
    return next((float(value) for value in found if value is not None), None)


def range_words(field: FieldInfo) -> str:
    """`0 to 1`, `above 0, up to 100`; "" for a field without bounds."""
    above, least = bound(field, "gt"), bound(field, "ge")
    below, most = bound(field, "lt"), bound(field, "le")
    if least is not None and most is not None:
        return f"{least:g} to {most:g}"
    words = [
        f"{word} {value:g}"
        for word, value in (
            ("above", above),
            ("at least", least),
            ("below", below),
            ("up to", most),
        )
        if value is not None
    ]
    return ", ".join(words)


def section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, None for a plain value."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {item:g}' for key, item in value.items())}}}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _row(key: str, field: FieldInfo) -> ParameterRow:
    extra = field.json_schema_extra
    words = extra if isinstance(extra, dict) else {}
    return ParameterRow(
        key=key,
        default="required" if field.is_required() else _shown(field.default),
        unit=str(words.get("unit", "")),
        range=range_words(field),
        description=field.description or "",
        source=str(words.get("source", "")),
    )


def _rows(model: type[Section], prefix: str) -> Iterator[ParameterRow]:
    for name, field in model.model_fields.items():
        if section_of(field) is None:
            yield _row(prefix + name, field)
    for name, field in model.model_fields.items():
        section = section_of(field)
        if section is not None:
            yield from _rows(section, f"{prefix}{name}.")


def _event_rows() -> Iterator[ParameterRow]:
    """What every event has, then what each type has."""
    yield from _rows(Event, "timeline[].")
    for name, kind in EVENT_TYPES.items():
        yield ParameterRow(
            key=f"timeline[{name}]",
            default="type: " + name,
            unit="",
            range="",
            description=(kind.__doc__ or "").partition("\n")[0],
            source="",
        )
        for own, field in kind.model_fields.items():
            if own != "type" and own not in Event.model_fields:
                yield _row(f"timeline[{name}].{own}", field)


@cache
def describe_parameters() -> tuple[ParameterRow, ...]:
    """Every parameter of a scenario: the run's first, then section by section,
    attention factors, funds, events."""
    factors = _rows(AttentionFactor, "attention_factors.NAME.")
    return (*_rows(Scenario, ""), *factors, *_rows(Fund, "funds.NAME."), *_event_rows())

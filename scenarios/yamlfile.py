"""Strict YAML: 1.2 core schema, no aliases, tags or duplicate keys, every key with its line.

Tickers stay what they are: NO, ON and Y are words in YAML 1.2, and keys are always words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from .errors import InputError, shown
from .textfile import read_text

MAX_BYTES = 1_000_000
MAX_DEPTH = 12

_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True)
class Place:
    """Where a key or item stands; `str()` opens an error message."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Mapping(dict[str, Any]):
    """A YAML mapping that knows where each key stands."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set a key together with its place."""
        self[key] = value
        self.places[key] = place


class Sequence(list[Any]):
    """A YAML list that knows where each item stands."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []


def copy(value: Any) -> Any:
    """A deep copy that keeps places."""
    if isinstance(value, Mapping):
        made = Mapping(value.place)
        for key, item in value.items():
            made.put(key, copy(item), value.places[key])
        return made
    if isinstance(value, Sequence):
        items = Sequence(value.place)
        items.extend(copy(item) for item in value)
        items.places = list(value.places)
        return items
    return value


def merge(base: Mapping, over: Mapping) -> Mapping:
    """`over` on top of `base`: mappings merge, everything else replaces; absent is unchanged.

    A section left empty (`crowd:` and nothing under it) is absent too.
    """
    made = copy(base)
    for key, value in over.items():
        below = made.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merge(below, value)
        elif value is None and isinstance(below, Mapping):
            continue
        made.put(key, copy(value), over.places[key])
    assert isinstance(made, Mapping)
    return made


def place_of(tree: Any, path: tuple[int | str, ...]) -> Place:
    """Where the value at `path` stands, or the nearest thing above it that stands somewhere."""
    place: Place = tree.place
    for step in path:
        if isinstance(tree, Mapping) and step in tree:
            place, tree = tree.places[str(step)], tree[str(step)]
        elif isinstance(tree, Sequence) and isinstance(step, int) and step < len(tree):
            place, tree = tree.places[step], tree[step]
        else:
            break
    return place


def _scalar(event: ScalarEvent) -> Any:
    text = str(event.value)
    if event.style is not None:  # quoted
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text) and len(text) < 20:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Builder:
    """Builds the tree from the parser's events."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self.file = file
        self.events = events

    def next(self) -> tuple[Any, Place]:
        event = next(self.events)
        place = Place(self.file, event.start_mark.line + 1 if event.start_mark else 1)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise InputError(f"{place}: anchors and aliases are not read; use `base` instead")
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) not in ("!", "None"):
            raise InputError(f"{place}: the tag {shown(tag)} is not read; remove it")
        return event, place

    def value(self, event: Any, place: Place, depth: int) -> Any:
        if isinstance(event, ScalarEvent):
            return _scalar(event)
        if depth > MAX_DEPTH:
            raise InputError(f"{place}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, SequenceStartEvent):
            items = Sequence(place)
            while True:
                event, place = self.next()
                if isinstance(event, SequenceEndEvent):
                    return items
                items.append(self.value(event, place, depth + 1))
                items.places.append(place)
        assert isinstance(event, MappingStartEvent)
        made = Mapping(place)
        while True:
            event, place = self.next()
            if isinstance(event, MappingEndEvent):
                return made
            if not isinstance(event, ScalarEvent):
                raise InputError(f"{place}: a key must be a word")
            key = str(event.value)
            if key in made:
                raise InputError(
                    f"{place}: {shown(key)} is there twice (first in line "
                    f"{made.places[key].line}); keep one"
                )
            made.put(key, self.value(*self.next(), depth + 1), place)


def parse_tree(text: str, file: str) -> tuple[Any, Place]:
    """What a YAML text holds (None: nothing) and where. Raises InputError with file and line."""
    try:
        events = YAML(typ="safe", pure=True).parse(text)
        builder = _Builder(file, iter(events))
        event, place = builder.next()
        while isinstance(event, StreamStartEvent | DocumentStartEvent):
            event, place = builder.next()
        tree = None if isinstance(event, StreamEndEvent) else builder.value(event, place, 0)
        while not isinstance(event, StreamEndEvent):
            event, there = builder.next()
            if isinstance(event, DocumentStartEvent):
                raise InputError(f"{there}: a second document; put both into one list")
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", "cannot be read")
        raise InputError(
            f"{file}:{mark.line + 1 if mark else 1}: not valid YAML, {problem}"
        ) from None
    return tree, place


def parse(text: str, file: str) -> Mapping:
    """The mapping a scenario's text holds. Raises InputError with file and line."""
    tree, place = parse_tree(text, file)
    if tree is None:
        raise InputError(f"{file}: the file is empty; see `powderkeg scenarios` for parameters")
    if not isinstance(tree, Mapping):
        way_out = (
            "put the list under `scenarios:`"
            if isinstance(tree, Sequence)
            else "write `parameter: value` lines"
        )
        raise InputError(f"{place}: not a scenario; {way_out}")
    return tree


def load_tree(path: Path) -> Any:
    """What a YAML file holds, a list or a mapping; None if nothing."""
    return parse_tree(read_text(path, MAX_BYTES), str(path))[0]


def load(path: Path, label: str | None = None) -> tuple[Mapping, str]:
    """Tree and exact text of a YAML file."""
    text = read_text(path, MAX_BYTES)
    return parse(text, label or str(path)), text

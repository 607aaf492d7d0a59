"""Parameter sets that the data cannot tell apart: which path runs under which.

    ensemble:
      names.GME.crowd.infection: [0.31, 0.52, 0.44, 0.38]
      names.GME.shorts.tolerance: [0.70, 0.95, 0.81, 0.66]
      timeline.news.size: [0.05, 0.12, 0.08, 0.02]         # of the event whose id is news

Column by column, one value a member, or the name of a table (members.py); a value stands in for
what the scenario says there. Path `id` runs under member `id // 16 mod members`, so every member
has its share of the paths of a run, and a path keeps its member in every batch, replay and what-if.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import Field, ValidationError

from .capacity import FEWEST_MEMBERS, MOST_MEMBERS
from .errors import did_you_mean
from .parameter import Section
from .timeline import numbered
from .whom import SHORTS
from .yamlfile import Mapping as Tree
from .yamlfile import Sequence, merge

TIMELINE = "timeline"
NO_CROWD = "no_crowd"
Members = Annotated[tuple[float, ...], Field(strict=False)]


def is_size(key: str) -> bool:
    """Whether a column or a parameter is the size of an event."""
    return key.startswith(f"{TIMELINE}.")


def steps(dotted: str, sections: Mapping[str, Any]) -> list[str]:
    """`names.BRK.B.crowd.infection` -> names, BRK.B, crowd, infection; `[0]` is a step as well.

    `sections` are those that a name has; symbols are upper case. The id of an event may have dots.
    """
    found = re.sub(r"\[(\d+)\]", r".\1", dotted).split(".")
    if found[0] == TIMELINE and len(found) > 2:
        return [TIMELINE, ".".join(found[1:-1]), found[-1]]
    if found[0] != "names":
        return found
    at = next((i for i in range(2, len(found)) if found[i] in sections), 2)
    symbol = ".".join(found[1:at])
    return ["names", symbol if symbol == SHORTS else symbol.upper(), *found[at:]]


class ColumnError(ValueError):
    """A column that nothing has, or a value out of range: that of `member`, None: of all."""

    def __init__(self, key: str, problem: str, member: int | None = None) -> None:
        super().__init__(f"ensemble: {key}: {problem}")
        self.key, self.problem, self.member = key, problem, member


def check_ensemble(
    columns: Mapping[str, tuple[float, ...]],
    sections: Mapping[str, Any],
    names: Mapping[str, Any],
    events: Mapping[str, Section],
) -> None:
    """Raises ColumnError, one line, for a column that nothing has or a value out of range.

    `events` are the timeline's by their labels.
    """
    counts = {key: len(values) for key, values in columns.items()}
    for key, count in counts.items():
        if not FEWEST_MEMBERS <= count <= MOST_MEMBERS:
            raise ColumnError(key, f"{count} values; give {FEWEST_MEMBERS} to {MOST_MEMBERS}")
        first = next(iter(counts))
        if count != counts[first]:
            raise ColumnError(
                key, f"{count} values, but {counts[first]} of {first}; every member has one of each"
            )
    for key, values in columns.items():
        path = steps(key, sections)
        if path[0] == TIMELINE:
            _check_values(key, values, _event(key, path, events))
            continue
        model = _section(path, sections)
        if model is None:
            raise ColumnError(
                key, "write section.field, names.SYMBOL.section.field or timeline.ID.size"
            )
        *above, section, field = path
        if above and above[1] not in names:
            raise ColumnError(key, f"{above[1]} does not stand under names; add it there")
        if field not in model.model_fields:
            help_ = did_you_mean(field, model.model_fields)
            raise ColumnError(key, f"unknown field{help_ or f' of {section}'}")
        _check_values(key, values, partial(_with_field, model, field))


def _with_field(model: type[Section], field: str, value: float) -> None:
    model.model_validate({field: value})


def _check_values(key: str, values: tuple[float, ...], made: Callable[[float], object]) -> None:
    for number, value in enumerate(values):
        try:
            made(value)
        except ValidationError as error:
            wrong = error.errors()[0]["msg"].removeprefix("Input should be ")
            raise ColumnError(
                key, f"{value:g} of member {number}: give a number {wrong}", number
            ) from None


def _event(key: str, path: list[str], events: Mapping[str, Section]) -> Callable[[float], object]:
    """What makes an event of another size, so that the size is checked."""
    if len(path) != 3 or path[2] != "size":
        raise ColumnError(key, "of an event write timeline.ID.size")
    if path[1] not in events:
        help_ = did_you_mean(path[1], events, f"; it has {', '.join(events) or 'none'}")
        raise ColumnError(key, f"no event {path[1]} stands under timeline{help_}")
    event = events[path[1]]
    if "size" not in type(event).model_fields:
        raise ColumnError(key, f"{path[1]} has no size")
    fields = event.model_dump(exclude_unset=True)
    return lambda value: type(event).model_validate({**fields, "size": value})


def _section(path: list[str], sections: Mapping[str, Any]) -> type[Section] | None:
    """The model of the section that a path leads into; None if it leads into none."""
    if len(path) != (4 if path[0] == "names" else 2) or path[-2] not in sections:
        return None
    model = type(sections[path[-2]].default)
    return model if issubclass(model, Section) else None


def pinned(tree: Tree, over: Tree, sections: Mapping[str, Any]) -> Tree:
    """`tree` without the columns of its ensembles whose parameters `over` gives a value.

    What stands nearer holds: a scenario on top of another's ensemble keeps what it says itself.
    """
    if isinstance(alone := tree.get(NO_CROWD), Tree):
        made = merge(Tree(tree.place), tree)
        made.put(NO_CROWD, _pinned(alone, over, sections), tree.places[NO_CROWD])
        tree = made
    return _pinned(tree, over, sections)


def _pinned(tree: Tree, over: Tree, sections: Mapping[str, Any]) -> Tree:
    """The same of the one ensemble that stands in a tree."""
    columns = tree.get("ensemble")
    if not isinstance(columns, Tree):
        return tree
    made, kept = merge(Tree(tree.place), tree), Tree(columns.place)
    for key, values in columns.items():
        if not _said(over, steps(key, sections)):
            kept.put(key, values, columns.places[key])
    made.put("ensemble", kept, tree.places["ensemble"])
    return made


def place_in(tree: Tree, path: list[str]) -> list[str]:
    """The path of a column with the number of its event in the list for the event's label."""
    events = tree.get(TIMELINE)
    if path[0] != TIMELINE or len(path) != 3 or not isinstance(events, Sequence):
        return path
    known = [event if isinstance(event, Tree) else {} for event in events]
    found = numbered((event.get("id"), str(event.get("type"))) for event in known)
    return [TIMELINE, str(found.index(path[1])), path[2]] if path[1] in found else path


def _said(tree: Any, path: list[str]) -> bool:
    if path[0] == TIMELINE:  # a list of events stands in for the whole list
        return TIMELINE in tree
    for step in path:
        if not (isinstance(tree, Tree) and step in tree):
            return False
        tree = tree[step]
    return True

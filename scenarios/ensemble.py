"""Parameter sets that the data cannot tell apart: which path runs under which.

    ensemble:
      names.GME.crowd.infection: [0.31, 0.52, 0.44, 0.38]
      names.GME.shorts.tolerance: [0.70, 0.95, 0.81, 0.66]

Column by column, one value a member; a value stands in for what the scenario says there. Path `id`
runs under member `id // 16 mod members`, so every member has its share of the paths of a run, and
a path keeps its member in every batch, replay and what-if.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from .errors import did_you_mean
from .parameter import Section
from .yamlfile import Mapping as Tree
from .yamlfile import merge

if TYPE_CHECKING:
    from .scenario import Scenario

Layer = TypeVar("Layer", bound=Section)

FEWEST, MOST = 2, 1024
SHORTS = "shorts"


def steps(dotted: str, sections: Mapping[str, Any]) -> list[str]:
    """`names.BRK.B.crowd.infection` -> names, BRK.B, crowd, infection; `[0]` is a step as well.

    `sections` are those that a name has; symbols are upper case.
    """
    found = re.sub(r"\[(\d+)\]", r".\1", dotted).split(".")
    if found[0] != "names":
        return found
    at = next((i for i in range(2, len(found)) if found[i] in sections), 2)
    symbol = ".".join(found[1:at])
    return ["names", symbol if symbol == SHORTS else symbol.upper(), *found[at:]]


def check_ensemble(
    columns: Mapping[str, tuple[float, ...]], sections: Mapping[str, Any], names: Mapping[str, Any]
) -> None:
    """Raises ValueError, one line, for a column that no name has or a value out of range."""
    counts = {key: len(values) for key, values in columns.items()}
    for key, count in counts.items():
        if not FEWEST <= count <= MOST:
            raise ValueError(f"ensemble: {key}: {count} values; give {FEWEST} to {MOST}")
        first = next(iter(counts))
        if count != counts[first]:
            raise ValueError(
                f"ensemble: {key}: {count} values, but {counts[first]} of {first}; every member "
                "has one of each"
            )
    for key, values in columns.items():
        model = _section(steps(key, sections), sections)
        if model is None:
            raise ValueError(f"ensemble: {key}: write section.field or names.SYMBOL.section.field")
        *above, section, field = steps(key, sections)
        if above and above[1] not in names:
            raise ValueError(
                f"ensemble: {key}: {above[1]} does not stand under names; add it there"
            )
        if field not in model.model_fields:
            help_ = did_you_mean(field, model.model_fields)
            raise ValueError(f"ensemble: {key}: unknown field{help_ or f' of {section}'}")
        for number, value in enumerate(values):
            try:
                model.model_validate({field: value})
            except ValidationError as error:
                wrong = error.errors()[0]["msg"].removeprefix("Input should be ")
                raise ValueError(
                    f"ensemble: {key}: {value:g} of member {number}: give a number {wrong}"
                ) from None


def _section(path: list[str], sections: Mapping[str, Any]) -> type[Section] | None:
    """The model of the section that a path leads into; None if it leads into none."""
    if len(path) != (4 if path[0] == "names" else 2) or path[-2] not in sections:
        return None
    model = type(sections[path[-2]].default)
    return model if issubclass(model, Section) else None


def member_scenarios(scenario: Scenario, empty: Section) -> list[Scenario]:
    """The scenario as each member has it, none of them with an ensemble; [] without one."""
    columns = scenario.ensemble
    count = len(next(iter(columns.values()), ()))
    return [
        with_values(scenario, {key: values[k] for key, values in columns.items()}, empty)
        for k in range(count)
    ]


def with_values(scenario: Scenario, values: Mapping[str, float], empty: Section) -> Scenario:
    """The scenario with values at dotted parameters, which must be in range, and no ensemble.

    `empty` is a name's layer that says nothing.
    """
    names: dict[str, Any] = dict(scenario.names)
    made = scenario.model_copy(update={"ensemble": {}, "names": names})
    for dotted, value in values.items():
        *above, section, field = steps(dotted, type(empty).model_fields)
        if above:
            names[above[1]] = _with_value(names.get(above[1], empty), section, field, value)
        else:
            made = _with_value(made, section, field, value)
    return made


def _with_value(layer: Layer, section: str, field: str, value: float) -> Layer:
    changed = getattr(layer, section).model_copy(update={field: value})
    return layer.model_copy(update={section: changed})


def pinned(tree: Tree, over: Tree, sections: Mapping[str, Any]) -> Tree:
    """`tree` without the columns of its ensemble whose parameters `over` gives a value.

    What stands nearer holds: a scenario on top of another's ensemble keeps what it says itself.
    """
    columns = tree.get("ensemble")
    if not isinstance(columns, Tree):
        return tree
    made, kept = merge(Tree(tree.place), tree), Tree(columns.place)
    for key, values in columns.items():
        if not _said(over, steps(key, sections)):
            kept.put(key, values, columns.places[key])
    made.put("ensemble", kept, tree.places["ensemble"])
    return made


def _said(tree: Any, path: list[str]) -> bool:
    for step in path:
        if not (isinstance(tree, Tree) and step in tree):
            return False
        tree = tree[step]
    return True

"""From a YAML tree to a Scenario; what pydantic finds wrong becomes one line with its place."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from .attention_factor import AttentionFactor
from .describe import describe_parameters, range_words, section_of
from .ensemble import NO_CROWD, ColumnError, steps
from .episode import Episode
from .errors import InputError, did_you_mean, nearest, shown
from .funds import Fund
from .members import Cell
from .scenario import SHORTS, MarketShift, NameParameters, Scenario
from .table import is_symbol
from .timeline import EVENT_TYPES
from .whom import ALL
from .yamlfile import Mapping, Place, Sequence, place_of

Location = tuple[int | str, ...]

# `timeline[2].day: ...`, how the models' own errors open
_OWN = re.compile(r"([a-z_]+(?:\[\d+\])?(?:\.[a-z_]+)*): (.*)", re.DOTALL)

_TYPES = {
    "float_type": "is not a number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "bool_type": "is not true or false",
    "string_type": "is not a word; put it in quotes",
    "finite_number": "is not finite",
    "model_type": "is not a section; indent its fields under it",
    "dict_type": "is not a section; indent its fields under it",
    "tuple_type": "is not a list; write it like [1, 5, 10]",
    "string_pattern_mismatch": (
        "is no id; start with a letter or digit, go on with those, blanks and ._=,+-, "
        "200 characters at most"
    ),
    "model_attributes_type": "is not a section; indent its fields under it",
}
_SHORT_NAME = (
    "is no name; start with a letter or digit, go on with those, blanks and ._-, 60 characters at "
    "most"
)


def dotted(location: Location) -> str:
    """`timeline[2].size`: a place in a scenario as messages and grids write it."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".")


def _event_type(location: Location) -> str | None:
    """The type of the event that one of pydantic's locations is in."""
    if location[:1] == ("timeline",) and len(location) > 2:
        return str(location[2])
    return None


def _in_yaml(location: Location) -> Location:
    """One of pydantic's locations as a person sees it: without types of events, `[key]` marks."""
    steps = tuple(step for step in location if step != "[key]")
    return steps[:2] + steps[3:] if _event_type(steps) else steps


def _fields(location: Location) -> dict[str, FieldInfo]:
    """The fields of the section that a location is in."""
    fields: dict[str, FieldInfo] = Scenario.model_fields
    steps = list(location[:-1])
    if steps[:1] == ["names"]:
        fields, steps = NameParameters.model_fields, steps[2:]
    elif steps[:1] == ["episodes"]:
        fields, steps = Episode.model_fields, steps[2:]
    elif steps[:1] == ["market_shifts"]:
        fields, steps = MarketShift.model_fields, steps[2:]
    elif steps[:1] == ["attention_factors"] and len(steps) > 1:
        fields, steps = AttentionFactor.model_fields, steps[2:]
    elif steps[:1] == ["funds"] and len(steps) > 1:
        fields, steps = Fund.model_fields, steps[2:]
    elif kind := _event_type(location):
        fields, steps = EVENT_TYPES[kind].model_fields, steps[3:]
    for step in steps:
        section = section_of(fields[str(step)]) if str(step) in fields else None
        fields = section.model_fields if section else {}
    return fields


def _unknown(location: Location) -> str:
    """`unknown field, did you mean ...?` from the section, else from anywhere."""
    name, fields = str(location[-1]), _fields(location)
    kind = _event_type(location)
    if kind and any(name in other.model_fields for other in EVENT_TYPES.values()):
        return f"an event of type {kind} has none; remove it"
    leaves = {row.key.rpartition(".")[2]: row.key for row in describe_parameters()}
    near = (
        nearest(name, fields, 0.7)
        or leaves.get(nearest(name, leaves, 0.7) or "")
        or nearest(name, fields)
    )
    return f"unknown field, did you mean {near}?" if near else (
        "unknown field; `powderkeg scenarios` lists all"
    )  # fmt: skip


def _out_of_range(kind: str, value: Any, field: FieldInfo | None, context: dict[str, Any]) -> str:
    number = f"{value:g}" if isinstance(value, float) else str(value)
    relation = {
        "greater_than_equal": f"is below {context.get('ge', 0):g}",
        "greater_than": f"is not above {context.get('gt', 0):g}",
        "less_than_equal": f"is above {context.get('le', 0):g}",
        "less_than": f"is not below {context.get('lt', 0):g}",
    }[kind]
    allowed = range_words(field) if field else ""
    extra = field.json_schema_extra if field else None
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    unit = "" if unit == "1" else unit
    hint = f"; give {allowed} {unit}".rstrip() if allowed else ""
    return f"{number} {relation}{hint}"


def _not_known(value: Any, known: list[str]) -> str:
    return f"{shown(value)} is not known" + did_you_mean(
        str(value), known, "; give " + " or ".join(known)
    )


def _message(error: Any) -> str:
    """What one pydantic error says, without place and name."""
    kind, location, value = error["type"], tuple(error["loc"]), error["input"]
    context = error.get("ctx", {})
    field = _fields(location).get(str(location[-1])) if location else None
    if kind == "extra_forbidden":
        return _unknown(location)
    if kind == "missing":
        return "is missing; add it"
    if kind == "literal_error":
        known = (str(context["expected"]).replace(" or ", ", ").replace("'", "")).split(", ")
        return _not_known(value, known)
    if kind.startswith(("greater_than", "less_than")):
        return _out_of_range(kind, value, field, context)
    if kind in _TYPES:
        found = "an empty value" if value is None else shown(value)
        if isinstance(value, dict | list):
            found = "a section" if isinstance(value, dict) else "a list"
        words = _TYPES[kind]
        if kind == "tuple_type" and field and not field.json_schema_extra:
            words = "is not a list; start every item with `- `"
        if kind == "string_pattern_mismatch" and "," not in context["pattern"].partition("{")[0]:
            words = _SHORT_NAME
        return f"{found} {words}"
    return str(error["msg"])


def _first(errors: list[Any]) -> Any:
    """The first error; a misspelt field comes before the one that is missing for it."""
    first = errors[0]
    unknown = (
        error
        for error in errors
        if error["type"] == "extra_forbidden" and error["loc"][:-1] == first["loc"][:-1]
    )
    return next(unknown, first) if first["type"] == "missing" else first


def one_line(error: ValidationError, tree: Mapping) -> InputError:
    """The first thing pydantic found wrong, with file and line."""
    first = _first(error.errors(include_url=False))
    kind, location = first["type"], _in_yaml(first["loc"])
    if kind == "value_error":
        text = str(cause := first["ctx"]["error"])
        if isinstance(cause, ColumnError) and (cell := _cell(cause, tree)):
            return InputError(f"{cell}: {cause.problem}")
        if own := _OWN.fullmatch(text):  # a model's, which names the field
            steps = re.findall(r"[a-z_]+|\d+", own[1])
            location += tuple(int(step) if step.isdigit() else step for step in steps)
            text = own[2]
    elif kind == "union_tag_not_found":
        location, text = (*location, "type"), "is missing; give " + " or ".join(EVENT_TYPES)
    elif kind == "union_tag_invalid":
        location, text = (*location, "type"), _not_known(first["ctx"]["tag"], list(EVENT_TYPES))
    else:
        text = _message(first)
    return InputError(f"{place_of(tree, location)}: {dotted(location)}: {text}")


def _cell(error: ColumnError, tree: Mapping) -> Cell | None:
    """Where a table has the column or the value, None where no table has it."""
    member = () if error.member is None else (error.member,)
    place = place_of(tree, ("ensemble", error.key, *member))
    return place if isinstance(place, Cell) else None


class _Symbols:
    """Symbols in upper case and mapped; `met` are the keys of the map that were seen."""

    def __init__(self, symbol_map: dict[str, str]) -> None:
        self.map = symbol_map
        self.met: set[str] = set()

    def mapped(self, symbol: str, place: Place) -> str:
        upper = symbol.upper()
        if not is_symbol(upper):
            raise InputError(f"{place}: {shown(symbol)} is not a ticker")
        if upper in self.map:
            self.met.add(upper)
        return self.map.get(upper, upper)

    def whom(self, name: Any, place: Place) -> Any:
        """A symbol mapped, `all` and `shorts` as they are."""
        known = not isinstance(name, str) or name in (SHORTS, ALL)
        return name if known else self.mapped(name, place)

    def touched(self, section: Mapping) -> None:
        """The `names` of a section, one or a list, in place."""
        names = section.get("names")
        if isinstance(names, Sequence):
            names[:] = map(self.whom, names, names.places)
        elif names is not None:
            place = section.places["names"]
            section.put("names", self.whom(names, place), place)

    def keyed(self, section: Mapping, path: Location, *words: str) -> Mapping:
        """A section whose keys are symbols, or one of the words."""
        made = Mapping(section.place)
        for key, value in section.items():
            place = section.places[key]
            symbol = key if key in words else self.mapped(key, place)
            if symbol in made:
                name = dotted((*path, symbol))
                raise InputError(f"{place}: {name} is there twice; keep one")
            made.put(symbol, value, place)
        return made

    def columns(self, columns: Mapping) -> Mapping:
        """An ensemble whose columns speak of symbols."""
        made = Mapping(columns.place)
        for key, values in columns.items():
            place = columns.places[key]
            path = steps(key, NameParameters.model_fields)
            if path[0] == "names" and len(path) > 1 and path[1] != SHORTS:
                path[1] = self.mapped(path[1], place)
            if (name := ".".join(path)) in made:
                raise InputError(f"{place}: ensemble: {name} is there twice; keep one")
            made.put(name, values, place)
        return made


def normalise_names(tree: Mapping, symbol_map: dict[str, str]) -> set[str]:
    """Symbols of a tree (overrides, shifts, events, funds) in upper case and mapped, in place.

    Returns the keys of `symbol_map` that were met. Raises InputError for what is no symbol.
    """
    symbols = _Symbols(symbol_map)
    if isinstance(names := tree.get("names"), Mapping):
        tree.put("names", symbols.keyed(names, ("names",), SHORTS), tree.places["names"])
    for part in (tree, tree.get(NO_CROWD)):
        if isinstance(part, Mapping) and isinstance(columns := part.get("ensemble"), Mapping):
            part.put("ensemble", symbols.columns(columns), part.places["ensemble"])
    for shift in _sections(tree, "market_shifts"):
        if "symbol" in shift:
            place = shift.places["symbol"]
            shift.put("symbol", symbols.whom(shift["symbol"], place), place)
    for event in _sections(tree, "timeline"):
        symbols.touched(event)
    if isinstance(factors := tree.get("attention_factors"), Mapping):
        for factor in factors.values():
            if isinstance(factor, Mapping):
                symbols.touched(factor)
    if isinstance(funds := tree.get("funds"), Mapping):
        for name, fund in funds.items():
            if isinstance(fund, Mapping) and isinstance(held := fund.get("positions"), Mapping):
                made = symbols.keyed(held, ("funds", name, "positions"))
                fund.put("positions", made, fund.places["positions"])
    return symbols.met


def _sections(tree: Mapping, key: str) -> list[Mapping]:
    """The sections of a list in a tree, whatever else is wrong with it."""
    items = tree.get(key)
    if not isinstance(items, Sequence):
        return []
    return [item for item in items if isinstance(item, Mapping)]


def _without_empty(tree: Mapping, fields: dict[str, FieldInfo]) -> Mapping:
    """A section left empty (`crowd:` with nothing under it) is as good as absent."""
    made = Mapping(tree.place)
    for key, value in tree.items():
        holds_more = key in fields and not fields[key].json_schema_extra
        if value is None and holds_more:
            continue
        if key == "names" and isinstance(value, Mapping):
            layers = Mapping(value.place)
            for symbol, layer in value.items():
                if isinstance(layer, Mapping):
                    layer = _without_empty(layer, NameParameters.model_fields)
                if layer is not None:
                    layers.put(symbol, layer, value.places[symbol])
            value = layers
        made.put(key, value, tree.places[key])
    return made


def build(tree: Mapping) -> Scenario:
    """The scenario that a resolved tree holds. Raises InputError with file and line."""
    try:
        return Scenario.model_validate(_without_empty(tree, Scenario.model_fields))
    except ValidationError as error:
        raise one_line(error, tree) from None

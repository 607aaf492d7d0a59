"""From a YAML tree to a Scenario; what pydantic finds wrong becomes one line with its place."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from .describe import describe_parameters, range_words, section_of
from .errors import InputError, did_you_mean, nearest, shown
from .scenario import SHORTS, MarketShift, NameParameters, Scenario
from .table import is_symbol
from .yamlfile import Mapping, Place, place_of

Location = tuple[int | str, ...]

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
}


def _fields(location: Location) -> dict[str, FieldInfo]:
    """The fields of the section that a location is in."""
    fields: dict[str, FieldInfo] = Scenario.model_fields
    steps = list(location[:-1])
    if steps[:1] == ["names"]:
        fields, steps = NameParameters.model_fields, steps[2:]
    elif steps[:1] == ["market_shifts"]:
        fields, steps = MarketShift.model_fields, steps[2:]
    for step in steps:
        section = section_of(fields[str(step)]) if str(step) in fields else None
        fields = section.model_fields if section else {}
    return fields


def _unknown(location: Location) -> str:
    """`unknown field, did you mean ...?` from the section, else from anywhere."""
    name, fields = str(location[-1]), _fields(location)
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
        return f"{shown(value)} is not known" + did_you_mean(
            str(value), known, "; give " + " or ".join(known)
        )
    if kind.startswith(("greater_than", "less_than")):
        return _out_of_range(kind, value, field, context)
    if kind in _TYPES:
        found = "an empty value" if value is None else shown(value)
        if isinstance(value, dict | list):
            found = "a section" if isinstance(value, dict) else "a list"
        return f"{found} {_TYPES[kind]}"
    return str(error["msg"])


def one_line(error: ValidationError, tree: Mapping) -> InputError:
    """The first thing pydantic found wrong, with file and line."""
    first = error.errors(include_url=False)[0]
    location = tuple(step for step in first["loc"] if step != "[key]")
    if first["type"] == "value_error":  # raised by the models, opens with the field's name
        text = str(first["ctx"]["error"])
        return InputError(f"{place_of(tree, (text.partition(':')[0],))}: {text}")
    name = ".".join(str(step) for step in location)
    return InputError(f"{place_of(tree, location)}: {name}: {_message(first)}")


def normalise_names(tree: Mapping, symbol_map: dict[str, str]) -> set[str]:
    """Symbols under `names` and in `market_shifts` in upper case and mapped, in place.

    Returns the keys of `symbol_map` that were met. Raises InputError for what is no symbol.
    """
    met: set[str] = set()

    def mapped(symbol: str, place: Place) -> str:
        upper = symbol.upper()
        if not is_symbol(upper):
            raise InputError(f"{place}: {shown(symbol)} is not a ticker")
        if upper in symbol_map:
            met.add(upper)
        return symbol_map.get(upper, upper)

    names = tree.get("names")
    if isinstance(names, Mapping):
        made = Mapping(names.place)
        for key, value in names.items():
            place = names.places[key]
            symbol = key if key == SHORTS else mapped(key, place)
            if symbol in made:
                raise InputError(f"{place}: names.{symbol} is there twice; keep one")
            made.put(symbol, value, place)
        tree.put("names", made, tree.places["names"])
    for shift in tree.get("market_shifts") or ():
        if isinstance(shift, Mapping) and isinstance(shift.get("symbol"), str):
            symbol, place = shift["symbol"], shift.places["symbol"]
            if symbol not in (SHORTS, "all"):
                shift.put("symbol", mapped(symbol, place), place)
    return met


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

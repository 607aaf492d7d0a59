"""A parameter of the model: its default and checked range, and the words that document it."""

from __future__ import annotations

from typing import Any, TypedDict, Unpack

from pydantic import BaseModel, ConfigDict, Field

# Where a default comes from, when it is not a paper or a rule.
GME_FIT = "fit to the 27 closes of GameStop, 12 January to 19 February 2021"
GME_EQUATIONS = "held at this value while the rest was fitted to GameStop, January 2021"
CHOICE = "convention of this model"


class Section(BaseModel):
    """One block of a scenario. Frozen, unknown fields refused, no guessing of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Bounds(TypedDict, total=False):
    """What a value is checked against."""

    gt: float
    ge: float
    lt: float
    le: float


# long: pydantic's bounds, by name
def parameter(
    default: Any,
    description: str,
    unit: str,
    source: str,
    *,
    strict: bool | None = None,
    **bounds: Unpack[Bounds],
) -> Any:
    """A field with its description, unit, source of the default, and checked range.

    `strict=False` lets a YAML list stand for a tuple; its items stay strict.
    """
    return Field(
        default,
        description=description,
        strict=strict,
        validate_default=True,
        json_schema_extra={"unit": unit, "source": source},
        **bounds,
    )

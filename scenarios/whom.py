"""Which names of the book something touches: all, its shorts, or a list of symbols."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from .parameter import CHOICE, Section, parameter

ALL = "all"
SHORTS = "shorts"


class Touching(Section):
    """What touches some names."""

    names: tuple[str, ...] = parameter(
        (ALL,),
        "whom it touches: all, shorts (every stock the book is short), or a list of symbols",
        "symbols",
        CHOICE,
        strict=False,
    )

    @field_validator("names", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list | tuple) or not value:
            raise ValueError("give all, shorts, or a list of symbols")
        return value

    def touches(self, symbol: str, is_short: bool) -> bool:
        """Whether it touches a name of the book."""
        return symbol in self.names or ALL in self.names or (is_short and SHORTS in self.names)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols it names, without `all` and `shorts`."""
        return tuple(name for name in self.names if name not in (ALL, SHORTS))

"""Representative long/short funds that hold a crowded book (docs/model.md, section 7)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from .parameter import CHOICE, Section, parameter

Weight = Annotated[float, Field(ge=-20, le=20)]
FundName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$")]


class Fund(Section):
    """One fund: what it holds, and how it cuts every position alike as it loses."""

    equity: float = parameter(
        ..., "its equity at the start", "money in the market's currency", CHOICE, gt=0
    )
    copies: float = parameter(
        0.0,
        "how many times it holds the book: its weights over the book's",
        "1",
        CHOICE,
        ge=0,
        le=100,
    )
    positions: dict[str, Weight] = parameter(
        {},
        "weights of single symbols, negative for shorts; each replaces the copy's",
        "fraction of its equity",
        CHOICE,
    )
    threshold: float = parameter(
        0.05,
        "loss from which it cuts; below 0 for a fund that is cutting at the start",
        "fraction of its equity",
        CHOICE,
        ge=-1,
        le=1,
    )
    slope: float = parameter(
        4.0,
        "part of its positions cut per unit of loss beyond the threshold",
        "1",
        CHOICE + "; form of Cont & Wagalath (2013), Running for the exit, Math. Finance 23",
        ge=0,
        le=1000,
    )
    cut_rate: float = parameter(2.0, "rate of cutting", "per day", CHOICE, ge=0, le=1000)
    rebuild_rate: float = parameter(0.0, "rate of buying back", "per day", CHOICE, ge=0, le=1000)

    @model_validator(mode="after")
    def _holds_and_keeps_something(self) -> Self:
        if not self.copies and not self.positions:
            raise ValueError("copies: the fund holds nothing; give copies or positions")
        if not self.kept_at_start > 0:
            raise ValueError(
                f"slope: at a threshold of {self.threshold:g} a slope of {self.slope:g} leaves "
                f"nothing at the start; give less than {-1 / self.threshold:g}"
            )
        return self

    @property
    def kept_at_start(self) -> float:
        """kept(1): what the law leaves at no loss, 1 unless the threshold is negative."""
        return 1 - self.slope * max(-self.threshold, 0.0)

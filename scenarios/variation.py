"""Ranges of the parameters that nobody knows, and one value out of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from .attention_factor import LEAST_SHARE, MOST_SHARE
from .parameter import CHOICE, Section, parameter

Factor = Annotated[float, Field(ge=0.01, le=100)]
Sign = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(ge=0, le=0.99)]


class Sensitivity(Section):
    """What is tried, one at a time, around a scenario. A list may be empty."""

    impact: tuple[Factor, ...] = parameter(
        (0.5, 2.0), "factors on the impact of every name", "1", CHOICE, strict=False
    )
    max_multiple: tuple[Factor, ...] = parameter(
        (0.5, 2.0), "factors on max_multiple of every name", "1", CHOICE, strict=False
    )
    dealer_sign: tuple[Sign, ...] = parameter(
        (-1.0, 0.0, 1.0),
        "dealers' sign in every name",
        "1",
        CHOICE + ": SEC staff found dealers buying calls in January 2021",
        strict=False,
    )
    attention_share: tuple[Share, ...] = parameter(
        (LEAST_SHARE, MOST_SHARE),
        "share of every attention factor, where there is one",
        "1",
        CHOICE + ": what the correlations of January 2021 leave open",
        strict=False,
    )


class Variation(Section):
    """One change to every name of a scenario, over what each name says."""

    impact: float = parameter(1.0, "factor on clearing.impact_factor", "1", CHOICE, ge=1e-4, le=1e4)
    max_multiple: float = parameter(
        1.0,
        "factor on what a share costs where none is for sale: clearing.max_multiple (which stays "
        "at least 1.1) and settlement_multiple",
        "1",
        CHOICE,
        ge=1e-4,
        le=1e4,
    )
    dealer_sign: float | None = parameter(
        None, "replaces dealers.sign; null: as it is", "1", CHOICE, ge=-1, le=1
    )
    dealer_shift: float = parameter(
        0.0, "added to dealers.sign (which stays within -1 and 1)", "1", CHOICE, ge=-2, le=2
    )
    attention_share: float | None = parameter(
        None, "replaces the share of every attention factor; null: as it is", "1", CHOICE, ge=0,
        le=0.99,
    )  # fmt: skip
    crowd: float = parameter(
        1.0, "factor on crowd.infection, share_budget, call_budget and wealth", "1", CHOICE,
        ge=1e-4, le=1e4,
    )  # fmt: skip
    lendable: float = parameter(
        1.0,
        "factor on borrow.lendable_elastic and lendable_locked; a name whose lendable shares are "
        "in the market file keeps those, shift them there",
        "1",
        CHOICE,
        ge=1e-4,
        le=1e4,
    )
    participation: float = parameter(
        1.0, "factor on shorts.participation", "1", CHOICE, ge=1e-4, le=1e4
    )
    tolerance: float = parameter(
        0.0, "added to shorts.tolerance", "log price", CHOICE, ge=-10, le=10
    )

    @property
    def label(self) -> str:
        """`impact x0.5`, `dealer_sign -1`; "" where nothing is varied."""
        words = [
            f"{name} x{value:g}"
            for name in ("impact", "max_multiple", "crowd", "lendable", "participation")
            if (value := getattr(self, name)) != 1
        ]
        if self.dealer_sign is not None:
            words.append(f"dealer_sign {self.dealer_sign:g}")
        if self.attention_share is not None:
            words.append(f"attention_share {self.attention_share:g}")
        words += [
            f"{name} {value:+g}"
            for name in ("dealer_shift", "tolerance")
            if (value := getattr(self, name)) != 0
        ]
        return ", ".join(words)

    def around(self, ranges: Sensitivity) -> Iterator[Variation]:
        """This variation with one more change each, in the order of the ranges."""
        for factor in ranges.impact:
            yield self.model_copy(update={"impact": self.impact * factor})
        for factor in ranges.max_multiple:
            yield self.model_copy(update={"max_multiple": self.max_multiple * factor})
        for sign in ranges.dealer_sign:
            yield self.model_copy(update={"dealer_sign": sign})
        for share in ranges.attention_share:
            yield self.model_copy(update={"attention_share": share})

"""The book's rules in a scenario: margin, and what it does or is made to do (docs/model.md, 11)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from .parameter import CHOICE, Section, parameter

HOLD = "hold"
BROKERS = "convention of this model; the form of prime brokers' house rules"


class House(Section):
    """A broker's own margin: a base rate, and add-ons for what is large or dear to borrow."""

    base: float = parameter(0.3, "margin without add-ons", "of value", BROKERS, ge=0, le=20)
    float_slope: float = parameter(
        1.0,
        "concentration: added per float held beyond float_from",
        "of value",
        BROKERS,
        ge=0,
        le=1000,
    )
    float_from: float = parameter(
        0.01, "share of the float from which it counts", "floats", BROKERS, ge=0, le=4
    )
    volume_slope: float = parameter(
        0.05,
        "liquidity: added per day of volume held beyond volume_from",
        "of value",
        BROKERS,
        ge=0,
        le=100,
    )
    volume_from: float = parameter(
        1.0, "days of volume from which it counts", "days", BROKERS, ge=0, le=1000
    )
    interest_slope: float = parameter(
        1.0, "added per part of the short interest held beyond interest_from", "of value", BROKERS,
        ge=0, le=100,
    )  # fmt: skip
    interest_from: float = parameter(
        0.05, "part of the short interest from which it counts", "1", BROKERS, ge=0, le=1
    )
    fee_slope: float = parameter(
        1.0, "added to shorts per unit of borrow fee beyond fee_from", "of value", BROKERS, ge=0,
        le=100,
    )  # fmt: skip
    fee_from: float = parameter(
        0.1, "borrow fee from which it counts", "per annum", BROKERS, ge=0, le=20
    )
    most: float = parameter(
        3.0,
        "largest rate",
        "of value",
        "Interactive Brokers asked 300 % of shorts of GameStop, 27 January 2021",
        gt=0,
        le=20,
    )


class BookRules(Section):
    """Margin of the book, and its policy (section 11)."""

    policy: tuple[Literal["stop_loss", "deleverage", "margin", "recall"], ...] = parameter(
        (),
        "hold: nobody acts; or one or more of stop_loss (closes a position at its stop), "
        "deleverage (cuts all alike to keep the leverage), margin (buys in and sells out on a "
        "margin call, most relief per impact first), recall (buys in what lenders call back of the "
        "shares that are not located)",
        "word or list",
        CHOICE + ": hold, the loss of standing still",
        strict=False,
    )
    regime: Literal["position", "reg_t", "portfolio", "house"] = parameter(
        "position",
        "position: the book file's margin_rate; reg_t: FINRA rule 4210(c); portfolio: the worst of "
        "+-15 % (rule 4210(g)); house: see `house`",
        "word",
        CHOICE,
    )
    dynamic: bool = parameter(
        True,
        "whether reg_t and house follow price, holdings and fee, or stay as at the start",
        "switch",
        CHOICE,
    )
    house: House = House()
    participation: float = parameter(
        0.1, "trading is at most this share of a name's volume", "1", CHOICE, ge=0, le=1000
    )
    grace: float = parameter(
        0.0,
        "trading time from a margin call until the book is forced",
        "days",
        CHOICE,
        ge=0,
        le=252,
    )
    cushion: float = parameter(
        0.0,
        "excess that forced trading restores",
        "fraction of the requirement",
        CHOICE,
        ge=0,
        le=10,
    )
    stop_loss: float = parameter(
        0.5,
        "adverse move of a price from its start at which stop_loss closes the position",
        "fraction of the price",
        CHOICE,
        gt=0,
        le=1000,
    )
    leverage: float | None = parameter(
        None,
        "gross over equity that deleverage keeps; null: that at the start",
        "1",
        CHOICE,
        gt=0,
        le=1000,
    )
    financing_rate: float = parameter(
        0.0, "rate on what longs are worth beyond equity", "per annum", CHOICE, ge=0, le=5
    )

    @field_validator("policy", mode="before")
    @classmethod
    def _one_word(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [value]
        return () if value == [HOLD] else value

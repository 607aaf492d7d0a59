"""Events of a scenario's timeline, one class per type (docs/model.md, section 1).

An event strikes once, or is on for a while. It starts on a given day or, with a hazard, at random:
one draw per path for all its names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from .parameter import CHOICE, parameter
from .whom import Touching

OPEN = "open"

EventId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$")]


class Event(Touching):
    """What every event has: a name, whom it touches, when it starts."""

    id: EventId | None = parameter(
        None,
        "name of the event, its random number hangs on it; null: its type, numbered where a type "
        "comes twice",
        "1",
        CHOICE,
    )
    day: int | None = parameter(
        None, "day on which it starts, 1 is the first; else give a hazard", "days", CHOICE, ge=1,
        le=252,
    )  # fmt: skip
    at: float | None = parameter(
        None,
        "when on that day: open (or null) is the overnight gap before it, else the fraction of the "
        "session that has passed",
        "days",
        CHOICE,
        ge=0,
        le=1,
    )
    hazard: float | None = parameter(
        None, "instead of a day: the rate at which it comes, once", "per day", CHOICE, gt=0, le=1e4
    )
    from_day: float | None = parameter(
        None, "days after the start from which a hazard counts; null: 0", "days", CHOICE, ge=0,
        le=252,
    )  # fmt: skip

    @field_validator("at", mode="before")
    @classmethod
    def _open_is_a_time(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value != OPEN:
                raise ValueError(
                    f'"{value[:60]}" is no time; give open, or a fraction of the session, 0 to 1'
                )
            return None
        return value

    @model_validator(mode="after")
    def _starts_once(self) -> Self:
        if self.day is None and self.hazard is None:
            raise ValueError("day: is missing; give the day it starts, or a hazard per day")
        if self.day is not None and self.hazard is not None:
            raise ValueError("hazard: it starts on a day already; give one of the two")
        if self.at is not None and self.day is None:
            raise ValueError("at: goes with a day; a hazard strikes at any time, remove it")
        if self.from_day is not None and self.hazard is None:
            raise ValueError("from_day: goes with a hazard; remove it")
        return self


class Lasting(Event):
    """An event that is on for a while."""

    duration: float | None = parameter(
        None, "how long it is on; null: to the end", "days", CHOICE, gt=0, le=252
    )


class Spread(Event):
    """An event that brings so much in all, spread over its duration."""

    duration: float = parameter(
        1.0, "over how long it is spread, in equal parts", "days", CHOICE, gt=0, le=252
    )


class AnchorNews(Event):
    """News moves the anchor."""

    type: Literal["anchor_news"]
    size: float = parameter(..., "relative return of the anchor", "1", CHOICE, gt=-1, le=100)


class MarketShock(Event):
    """A factor jumps, and every name by its beta."""

    type: Literal["market_shock"]
    size: float = parameter(..., "relative return of the factor", "1", CHOICE, gt=-1, le=10)
    factor: str = parameter("market", "the factor that jumps", "1", CHOICE)


class LockUp(Spread):
    """Somebody takes shares out of the market, as in a corner."""

    type: Literal["lock_up"]
    size: float = parameter(..., "shares taken in all", "floats", CHOICE, gt=0, le=3)


class BuyingProgramme(Lasting):
    """Somebody buys at a steady pace."""

    type: Literal["buying_programme"]
    size: float = parameter(
        ..., "pace; below 0 it sells what such programmes bought", "floats a day", CHOICE, ge=-10,
        le=10,
    )  # fmt: skip


class CallProgramme(Lasting):
    """Somebody buys calls at a steady pace, which dealers hedge."""

    type: Literal["call_programme"]
    size: float = parameter(
        ..., "premium spent", "floats at the start price, a day", CHOICE, gt=0, le=10
    )


class LendableRecall(Lasting):
    """Lenders withdraw."""

    type: Literal["lendable_recall"]
    size: float = parameter(..., "part of what is lendable withdrawn", "1", CHOICE, ge=0, le=1)


class AttentionSeed(Event):
    """A part of the crowd becomes attentive."""

    type: Literal["attention"]
    size: float = parameter(..., "part of it", "fraction of the crowd", CHOICE, gt=0, le=1)


class ElasticityChange(Lasting):
    """Elastic holders answer the price less, or more."""

    type: Literal["elasticity"]
    size: float = parameter(
        ..., "factor on impact: above 1 the same scarcity moves the price more", "1", CHOICE,
        ge=0.01, le=100,
    )  # fmt: skip


class DepthChange(Lasting):
    """The order book thins, or thickens."""

    type: Literal["depth"]
    size: float = parameter(
        ..., "factor on depth: below 1 trades move the price more", "1", CHOICE, ge=0.01, le=100
    )


class ImpliedVolShock(Event):
    """Implied volatility jumps."""

    type: Literal["implied_vol"]
    size: float = parameter(..., "relative change", "1", CHOICE, gt=-1, le=100)


class Issuance(Spread):
    """The company sells new shares, whatever the price."""

    type: Literal["issuance"]
    size: float = parameter(..., "shares sold in all", "floats", CHOICE, gt=0, le=3)


class RestrictionEvent(Lasting):
    """Brokers stop new buying by the crowd, or lift every stop."""

    type: Literal["restriction"]
    on: bool = parameter(..., "true: the crowd may only sell; false: nothing stops it", "1", CHOICE)


class MarginRate(Lasting):
    """The book's maintenance margin changes."""

    type: Literal["margin_rate"]
    size: float = parameter(
        ..., "the new rate", "fraction of a position's value", CHOICE, ge=0, le=20
    )


class TradingHalt(Lasting):
    """Nobody trades."""

    type: Literal["trading_halt"]


class TradeCancellation(Event):
    """Every trade since the last close is undone, as nickel's of 8 March 2022."""

    type: Literal["trade_cancellation"]


AnyEvent = (
    AnchorNews
    | MarketShock
    | LockUp
    | BuyingProgramme
    | CallProgramme
    | LendableRecall
    | AttentionSeed
    | ElasticityChange
    | DepthChange
    | ImpliedVolShock
    | Issuance
    | RestrictionEvent
    | MarginRate
    | TradingHalt
    | TradeCancellation
)
TimelineEvent = Annotated[AnyEvent, Field(discriminator="type")]

EVENT_TYPES: dict[str, type[Event]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(AnyEvent)
}


def labels(timeline: Iterable[AnyEvent]) -> tuple[str, ...]:
    """Every event's id, or its type, numbered from the second of a type on: `halt`, `halt 2`."""
    return numbered((event.id, event.type) for event in timeline)


def numbered(events: Iterable[tuple[str | None, str]]) -> tuple[str, ...]:
    """`labels` of events by their ids and types."""
    seen: dict[str, int] = {}
    found = []
    for name, kind in events:
        if name is not None:
            found.append(name)
            continue
        count = seen[kind] = seen.get(kind, 0) + 1
        found.append(kind if count == 1 else f"{kind} {count}")
    return tuple(found)

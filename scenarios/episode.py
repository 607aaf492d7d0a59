"""What really happened: closes that a scenario is held against, the market they began in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, model_validator

from .calendar import EXCHANGE, day_numbers
from .market import Market, MarketRow
from .parameter import Section

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


class Episode(Section):
    """One name's past. Units as in a market file: shares, the market's currency, decimals a year.

    Dates are ISO. `closes` are those of all sessions after `as_of`, or with `sessions: some` of
    those that are known; `short_interest_reported` goes by settlement dates. `high` is the highest
    price of the episode, within a day or at a close.
    """

    symbol: str = Field(description="whose past, a symbol")
    as_of: str = Field(description="the day of the first close, 2021-01-12")
    source: str = Field(description="where the figures come from")
    price: Positive = Field(description="the first close")
    float_shares: Positive = Field(description="the public float in shares")
    short_interest: NotNegative = Field(description="shares sold short at the first close")
    borrow_fee: NotNegative = Field(description="fee per annum on a loan of the stock")
    adv: Positive = Field(description="average daily volume before, in shares")
    volatility: Positive = Field(description="of the name before the episode, per annum")
    implied_vol: Positive = Field(description="implied volatility at the first close, per annum")
    lendable: Positive | None = Field(None, description="shares that can be borrowed")
    sessions: Literal["all", "some"] = Field(
        "all", description="of which sessions there is a close; some: only of those given"
    )
    closes: dict[str, Positive] = Field(description="closes of sessions after the first")
    high: Positive | None = Field(None, description="highest price traded after the first close")
    calendar: str = Field(EXCHANGE, description="exchange, a code of exchange_calendars")
    short_interest_reported: dict[str, NotNegative] = Field(
        {}, description="shares sold short by settlement date"
    )

    @model_validator(mode="after")
    def _dates_ascend(self) -> Episode:
        days = [_day(text) for text in (self.as_of, *self.closes)]
        for text in self.short_interest_reported:
            _day(text)
        for before, after in pairwise(days):
            if after <= before:
                raise ValueError(f"closes: {after} comes after {before}; oldest first")
        if not self.closes:
            raise ValueError("closes: there is none after the first; an episode has one or more")
        if self.high is not None and self.high < (highest := max(self.closes.values())):
            raise ValueError(f"high: {self.high:g} is below the close {highest:g}; correct one")
        return self

    @property
    def dates(self) -> tuple[date, ...]:
        """Of the first close and all that follow."""
        return tuple(date.fromisoformat(text) for text in (self.as_of, *self.closes))

    @property
    def days(self) -> tuple[int, ...]:
        """Day numbers of `closes`; 1 is the first session after `as_of`."""
        return day_numbers(self.dates, self.calendar)

    @property
    def log_closes(self) -> npt.NDArray[np.float64]:
        """ln of `closes` over `price`. Shape: (closes,)."""
        return np.asarray(np.log(np.array(list(self.closes.values())) / self.price))

    def market(self) -> Market:
        """The market snapshot in which it began, of this name alone."""
        return market_of((self,))

    def row(self) -> MarketRow:
        """The name in the market snapshot of its first close."""
        return MarketRow(
            self.symbol,
            self.price,
            self.float_shares,
            self.short_interest,
            self.adv,
            self.volatility,
            self.implied_vol,
            self.borrow_fee,
            lendable=self.lendable,
            source=self.source,
        )


def market_of(episodes: tuple[Episode, ...]) -> Market:
    """The market snapshot in which names began that share a past."""
    rows = {episode.symbol: episode.row() for episode in episodes}
    return Market(rows, date.fromisoformat(episodes[0].as_of))


def with_symbols(value: Any) -> Any:
    """`{AMC: {...}}` as it is written: the key is the symbol of the episode under it."""
    if not isinstance(value, Mapping):
        return value
    made: dict[str, Any] = {}
    for key, past in value.items():
        symbol = str(key).upper()
        if isinstance(past, Mapping):
            if past.get("symbol", symbol) != symbol:
                raise ValueError(f"{key}: symbol: {past['symbol']} stands under {key}; remove it")
            past = {**past, "symbol": symbol}
        made[symbol] = past
    return made


Episodes = Annotated[
    dict[str, Episode],
    BeforeValidator(with_symbols),
    Field(description="the same of several names, by symbol: they are simulated together"),
]


def check_together(episodes: tuple[Episode, ...]) -> None:
    """Raises ValueError, one line, for names that cannot be simulated from one close on."""
    seen: dict[str, Episode] = {}
    for episode in episodes:
        first, name = episodes[0], episode.symbol
        if name in seen:
            raise ValueError(f"episodes: {name} has an episode already; keep one")
        seen[name] = episode
        for field in ("as_of", "calendar"):
            one, other = getattr(first, field), getattr(episode, field)
            if one != other:
                raise ValueError(
                    f"episodes: {field} of {name} is {other}, of {first.symbol} {one}; names of "
                    "one scenario are simulated together"
                )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a date; write 2021-01-15') from None

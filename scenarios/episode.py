"""What really happened: closes that a scenario is held against, the market they began in."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .calendar import EXCHANGE, day_numbers
from .market import Market, MarketRow
from .parameter import Section

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
FEWEST = 4


class Episode(Section):
    """One name's past. Units as in a market file: shares, the market's currency, decimals a year.

    Dates are ISO. `closes` are those of all sessions after `as_of`, or with `sessions: some` of
    those that are known; `short_interest_reported` goes by settlement dates.
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
                raise ValueError(f"episode.closes: {after} comes after {before}; oldest first")
        if len(self.closes) < FEWEST:
            raise ValueError(
                f"episode.closes: {len(self.closes)} closes; an episode has {FEWEST} or more"
            )
        return self

    @property
    def dates(self) -> tuple[date, ...]:
        """Of the first close and all that follow."""
        return tuple(date.fromisoformat(text) for text in (self.as_of, *self.closes))

    @property
    def days(self) -> tuple[int, ...]:
        """Day numbers of `closes`; 1 is the first session after `as_of`."""
        return day_numbers(self.dates, self.calendar)

    def market(self) -> Market:
        """The market snapshot in which it began, of this name alone."""
        row = MarketRow(
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
        return Market({self.symbol: row}, date.fromisoformat(self.as_of))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'episode: "{text}" is not a date; write 2021-01-15') from None

"""Dates: as-of dates without trading, old ones, figures that have not moved, closes that stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby

from .finding import NOTE, WARNING
from .rule import Hit, hit, rule
from .said import Said

FIELDS = ("price", "adv", "volatility", "borrow_fee", "short_interest")


@rule(
    "dates.weekend",
    "day of the week of the as-of date, 0 is Monday",
    5,
    "exchanges are closed on Saturdays and Sundays, all but Tel Aviv's",
    WARNING,
    "{day} is a {name}; give the date of the last close",
)
def weekend(said: Said, threshold: float) -> Iterator[Hit]:
    day = said.market.as_of
    if day is not None and day.weekday() >= threshold and said.market.currency != "ILS":
        yield hit(said.whole_market, "as_of", day=day, name=day.strftime("%A"))


@rule(
    "dates.future",
    "days from today to the as-of date",
    1,
    "a close is known when the day is over; one day for time zones",
    WARNING,
    "{day} has not come yet; give the date of the last close",
)
def future(said: Said, threshold: float) -> Iterator[Hit]:
    day = said.market.as_of
    if day is not None and said.today is not None and (day - said.today).days > threshold:
        yield hit(said.whole_market, "as_of", day=day)


@rule(
    "dates.old",
    "days from the as-of date to today",
    7,
    "a night's run is of the last close; a week covers every holiday",
    NOTE,
    "{day} is {days:,} days ago; right for the past, stale for tonight",
)
def old(said: Said, threshold: float) -> Iterator[Hit]:
    day = said.market.as_of
    if day is not None and said.today is not None and (said.today - day).days > threshold:
        yield hit(said.whole_market, "as_of", day=day, days=(said.today - day).days)


@rule(
    "dates.century",
    "year of the as-of date",
    1970,
    "no exchange listed options before 1973",
    WARNING,
    "{day} lies before anything this could be about; write 2021-01-15",
)
def century(said: Said, threshold: float) -> Iterator[Hit]:
    day = said.market.as_of
    if day is not None and day.year < threshold:
        yield hit(said.whole_market, "as_of", day=day)


@rule(
    "dates.chain",
    "days from the as-of date to the first expiry of a name's chain",
    75,
    "the two nearest months of every class are always listed (Cboe rule 4.5)",
    WARNING,
    "the first expiry of {symbol} is {day}, {days} days after the as-of date {as_of}; bring "
    "both files "
    "to one close",
)
def chain(said: Said, threshold: float) -> Iterator[Hit]:
    as_of = said.market.as_of
    for symbol, options in said.of_symbol.items():
        option, row = min(options, key=lambda each: each[0].expiry)
        if as_of is not None and (option.expiry - as_of).days > threshold:
            days = (option.expiry - as_of).days
            yield hit(row, "expiry", symbol=symbol, day=option.expiry, days=days, as_of=as_of)


@rule(
    "dates.far-expiry",
    "days from the as-of date to an expiry",
    1200,
    "LEAPS run up to three years and three months",
    WARNING,
    "{symbol} expires on {day}, {years:.1f} years from the as-of date; correct the year of one "
    "of them",
)
def far_expiry(said: Said, threshold: float) -> Iterator[Hit]:
    as_of = said.market.as_of
    if as_of is None:
        return
    rows = [(d.symbol, d.expiry, row) for d, row in said.options]
    rows += [(option.symbol, option.expiry, row) for option, row in said.listed]
    seen: set[tuple[str, date]] = set()
    for symbol, day, row in rows:
        if day is not None and (day - as_of).days > threshold and (symbol, day) not in seen:
            seen.add((symbol, day))
            yield hit(row, "expiry", symbol=symbol, day=day, years=(day - as_of).days / 365.25)


@rule(
    "dates.weekend-expiry",
    "day of the week of an expiry, 0 is Monday",
    5,
    "since 2015 options expire on a trading day",
    NOTE,
    "{symbol} expires on {day}, a {name}; it is settled on the session before",
)
def weekend_expiry(said: Said, threshold: float) -> Iterator[Hit]:
    rows = [(d.symbol, d.expiry, row) for d, row in said.options]
    rows += [(option.symbol, option.expiry, row) for option, row in said.listed]
    seen: set[tuple[str, date]] = set()
    for symbol, day, row in rows:
        if day is not None and day.weekday() >= threshold and (symbol, day) not in seen:
            seen.add((symbol, day))
            yield hit(row, "expiry", symbol=symbol, day=day, name=day.strftime("%A"))


@rule(
    "dates.yesterdays",
    "part of the names whose price and volume are yesterday's to the last digit",
    0.5,
    "closes of half the names do not stand still on one day",
    WARNING,
    "{part:.0%} of the names have price and adv of {file}; give tonight's market file",
)
def yesterdays(said: Said, threshold: float) -> Iterator[Hit]:
    if said.before is None:
        return
    old = said.before.market
    both = [quote for quote, _ in said.quotes if quote.symbol in old]
    same = sum(
        all(getattr(quote, field) == getattr(old[quote.symbol], field) for field in FIELDS[:2])
        for quote in both
    )
    if both and said.market.as_of != old.as_of and same >= threshold * len(both):
        part = same / len(both)
        yield hit(said.whole_market, "price", part=part, file=said.before.file)


@rule(
    "dates.same-day",
    "days from yesterday's as-of date to tonight's",
    1,
    "tonight's close comes after yesterday's",
    WARNING,
    "{day}, and {before} in {file}; give the date of the last close",
)
def same_day(said: Said, threshold: float) -> Iterator[Hit]:
    if said.before is None or said.market.as_of is None or said.before.market.as_of is None:
        return
    day, before = said.market.as_of, said.before.market.as_of
    if (day - before).days < threshold:
        yield hit(said.whole_market, "as_of", day=day, before=before, file=said.before.file)


@rule(
    "dates.closes",
    "equal closes in a row in a file of prices",
    4,
    "a share that moves by 2 % a day closes at the same cent four times in a row once in centuries",
    WARNING,
    "{count} closes from {first} on are {close:g}; a series that stands still is filled up: "
    "give what "
    "was traded",
)
def closes(said: Said, threshold: float) -> Iterator[Hit]:
    prices = said.prices
    if prices is None:
        return
    start = 0
    for close, same in groupby(map(float, prices.close)):
        count = len(list(same))
        if count >= threshold:
            row = said.whole_prices
            yield hit(row, "close", count=count, first=prices.dates[start], close=close)
        start += count

"""Trading days and expiries as day numbers: day 1 is the first session after the as-of close."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from threading import Lock

from .errors import InputError, shown

WEEK, MONTH = 5, 20  # sessions of a week and month where no as-of date is known
FRIDAY = 4
EXCHANGE = "XNYS"
_asking = Lock()  # exchange_calendars silences warnings, which is of the whole process


@lru_cache(maxsize=32)
def sessions(first: date, last: date, exchange: str = EXCHANGE) -> tuple[date, ...]:
    """Sessions of an exchange from `first` to `last`, both included. Raises InputError.

    `exchange` is a code of exchange_calendars; New York where none is given.
    """
    # Takes a second to import, and only dated runs need it.
    from exchange_calendars import get_calendar
    from exchange_calendars.errors import InvalidCalendarName

    week = timedelta(days=7)
    try:
        with _asking:
            calendar = get_calendar(exchange, start=first - week, end=last + week)
    except InvalidCalendarName:
        raise InputError(
            f"calendar {shown(exchange)} is not a code of exchange_calendars; XNYS is New York, "
            "XETR Frankfurt"
        ) from None
    days = (stamp.date() for stamp in calendar.sessions)
    return tuple(day for day in days if first <= day <= last)


def day_numbers(days: Sequence[date], exchange: str = EXCHANGE) -> tuple[int, ...]:
    """Sessions since the first of the days at each later one; all are sessions, and ascend."""
    number = {day: k for k, day in enumerate(sessions(days[0], days[-1], exchange))}
    return tuple(number[day] for day in days[1:])


def _sessions(as_of: date, last: date) -> tuple[date, ...]:
    """New York sessions after `as_of`, up to and including `last`."""
    return sessions(as_of + timedelta(days=1), last)


def trading_days(as_of: date, n: int) -> tuple[date, ...]:
    """The next n sessions after `as_of`; day number d is element d - 1."""
    last = as_of + timedelta(days=n * 3 // 2 + 15)  # 252 sessions in 365 days; breaks under 15
    return _sessions(as_of, last)[:n]


def weekly_expiries(as_of: date | None, n: int) -> tuple[int, ...]:
    """Day numbers of the weekly expiries up to the first one after day n (the crowd rolls into it).

    An expiry is the last session of an ISO week; every fifth day where `as_of` is None.
    """
    if as_of is None:
        return tuple(range(WEEK, n + WEEK + 1, WEEK))
    days = trading_days(as_of, n + 2 * WEEK)
    weeks = [day.isocalendar()[:2] for day in days]
    ends = [i + 1 for i in range(len(days) - 1) if weeks[i] != weeks[i + 1]]
    return tuple(end for k, end in enumerate(ends) if k == 0 or ends[k - 1] <= n)


def monthly_expiries(as_of: date | None, n: int) -> tuple[int, ...]:
    """Day numbers of the monthly expiries up to the first one after day n, the crowd's next.

    An expiry is the third Friday of a month, or the last session before it; every twentieth day
    where `as_of` is None.
    """
    if as_of is None:
        return tuple(range(MONTH, n + MONTH + 1, MONTH))
    days = trading_days(as_of, n + 2 * MONTH)  # third Fridays are 25 sessions apart at most
    fridays = sorted({_third_friday(day) for day in days})
    ends = [bisect_right(days, friday) for friday in fridays if friday <= days[-1]]
    ends = [end for end in ends if end >= 1]
    return tuple(end for k, end in enumerate(ends) if k == 0 or ends[k - 1] <= n)


def _third_friday(day: date) -> date:
    """The third Friday of a day's month."""
    first = day.replace(day=1)
    return first + timedelta(days=(FRIDAY - first.weekday()) % 7 + 14)


def expiry_days(as_of: date, expiries: Iterable[date]) -> dict[date, int]:
    """Day number of each expiry date, beyond the horizon too.

    A date that is no session (a Saturday, Good Friday) expires on the last session before it.
    Day 0 or below does not exist: such options have expired.
    """
    wanted = sorted(set(expiries))
    if not wanted:
        return {}
    days = _sessions(as_of, wanted[-1])
    return {expiry: bisect_right(days, expiry) for expiry in wanted}

"""Day numbers of sessions and expiries, against dates known by hand."""

import itertools
import subprocess
import sys
from datetime import date

import pytest

from powderkeg.scenarios.calendar import (
    expiry_days,
    monthly_expiries,
    trading_days,
    weekly_expiries,
)

JANUARY = date(2021, 1, 15)  # a Friday; Monday the 18th is Martin Luther King day


def test_trading_days_skip_weekends_and_holidays() -> None:
    days = trading_days(JANUARY, 10)
    assert [day.isoformat()[5:] for day in days] == [
        *("01-19", "01-20", "01-21", "01-22"),
        *("01-25", "01-26", "01-27", "01-28", "01-29"),
        "02-01",
    ]
    assert trading_days(date(2021, 1, 16), 1) == days[:1]  # a Saturday


def test_a_year_has_252_sessions_or_so() -> None:
    days = trading_days(date(2020, 12, 31), 252)
    assert (len(days), days[-1]) == (252, date(2021, 12, 31))
    assert len(trading_days(date(2020, 12, 24), 252)) == 252


def test_weekly_expiries_reach_beyond_the_horizon() -> None:
    assert weekly_expiries(JANUARY, 10) == (4, 9, 14)
    assert weekly_expiries(JANUARY, 9) == (4, 9, 14)
    assert weekly_expiries(JANUARY, 8) == (4, 9)
    assert weekly_expiries(date(2021, 3, 26), 3) == (4,)  # Good Friday: Thursday 1 April
    assert weekly_expiries(date(2020, 12, 24), 5) == (4, 9)  # 1 January: Thursday 31 December


@pytest.mark.slow
def test_monthly_expiries_are_third_fridays() -> None:
    assert monthly_expiries(JANUARY, 10) == (23,)  # 19 February, after two holidays
    assert monthly_expiries(JANUARY, 23) == (23, 43)
    assert trading_days(JANUARY, 43)[-1] == date(2021, 3, 19)
    assert monthly_expiries(date(2021, 1, 14), 1) == (1, 24)
    assert monthly_expiries(date(2025, 4, 16), 1) == (1, 21)  # Good Friday: Thursday 17 April
    assert monthly_expiries(date(2025, 4, 17), 1) == (20,)
    for start in range(1, 29):
        found = monthly_expiries(date(2021, 2, start), 252)
        assert found[0] <= 25 and found[-2] <= 252 < found[-1]
        assert all(15 <= after - before <= 25 for before, after in itertools.pairwise(found))


def test_without_a_date_every_twentieth_day() -> None:
    assert monthly_expiries(None, 10) == (20,)
    assert monthly_expiries(None, 20) == (20, 40)


def test_without_a_date_every_fifth_day() -> None:
    assert weekly_expiries(None, 10) == (5, 10, 15)
    assert weekly_expiries(None, 9) == (5, 10)
    assert weekly_expiries(None, 1) == (5,)


def test_expiry_dates_beyond_the_horizon_and_off_sessions() -> None:
    saturday, good_friday = date(2021, 1, 23), date(2021, 4, 2)
    found = expiry_days(JANUARY, [date(2021, 1, 22), saturday, good_friday, date(2023, 1, 20)])
    assert found[date(2021, 1, 22)] == found[saturday] == 4
    assert found[good_friday] == len(trading_days(JANUARY, 52)) == 52
    assert trading_days(JANUARY, 52)[-1] == date(2021, 4, 1)
    assert trading_days(JANUARY, 600)[found[date(2023, 1, 20)] - 1] == date(2023, 1, 20)
    assert expiry_days(JANUARY, []) == {}


def test_an_expired_option_has_no_day() -> None:
    assert expiry_days(JANUARY, [JANUARY, date(2021, 1, 22)])[JANUARY] == 0


def test_the_calendar_library_is_only_imported_when_dates_are_asked_for() -> None:
    code = (
        "import sys, powderkeg.scenarios as s\n"
        "from powderkeg.scenarios.calendar import weekly_expiries\n"
        "weekly_expiries(None, 5)\n"
        "print('exchange_calendars' in sys.modules, 'pandas' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

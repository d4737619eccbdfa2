import datetime as dt

import pytest

from schools.days import workdays


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2022-04-30", False),  # Saturday, first day of the Labour Day holiday
        ("2022-05-04", False),  # Wednesday in lieu
        ("2022-05-07", True),  # Saturday that makes up for it
        ("2022-05-09", True),
        ("2022-05-08", False),
    ],
)
def test_the_published_arrangement_decides(day, expected):
    assert workdays.is_workday(dt.date.fromisoformat(day)) is expected


def test_thirty_working_days_after_the_last_window_of_annex_1():
    assert workdays.add_workdays(dt.date(2022, 5, 29), 30) == dt.date(2022, 7, 11)


def test_the_first_day_does_not_count():
    assert workdays.add_workdays(dt.date(2022, 3, 21), 1) == dt.date(2022, 3, 22)
    assert workdays.add_workdays(dt.date(2022, 3, 21), 0) == dt.date(2022, 3, 21)


def test_a_year_without_arrangement_takes_monday_to_friday_and_the_fixed_holidays():
    assert not workdays.is_published(2099)
    assert workdays.is_workday(dt.date(2099, 1, 2))
    assert not workdays.is_workday(dt.date(2099, 1, 1))
    assert not workdays.is_workday(dt.date(2099, 1, 3))
    assert workdays.add_workdays(dt.date(2098, 12, 31), 1) == dt.date(2099, 1, 2)


def test_days_between_count_like_add():
    first = dt.date(2022, 5, 29)
    assert workdays.workdays_between(first, workdays.add_workdays(first, 30)) == 30
    assert workdays.workdays_between(dt.date(2022, 7, 11), first) == -30
    assert workdays.workdays_between(first, first) == 0

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from schools.days import opening_hours
from schools.models import Season, Window, WindowException
from tests import factories
from tests.support.database import let_delete

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def periods():
    """The days of Taizhou in annex 1, and two evenings granted to one school."""
    season = Season(opens_at=dt.time(8), closes_at=dt.time(18))
    window = Window(starts_on=dt.date(2022, 3, 21), ends_on=dt.date(2022, 3, 27))
    granted = WindowException(
        starts_on=dt.date(2022, 4, 1), ends_on=dt.date(2022, 4, 2), closes_at=dt.time(20), reason="Internship"
    )
    return opening_hours.merge_periods(season, [window], [granted])


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2022-03-21T07:59:59", False),
        ("2022-03-21T08:00:00", True),
        ("2022-03-27T17:59:59", True),
        ("2022-03-27T18:00:00", False),
        ("2022-03-28T12:00:00", False),
        ("2022-04-02T19:30:00", True),
        ("2022-04-02T20:00:00", False),
    ],
)
def test_open_within_days_and_hours(periods, moment, expected):
    assert opening_hours.is_open(periods, at(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2022-03-01T12:00:00", "2022-03-21T08:00:00"),
        ("2022-03-21T06:00:00", "2022-03-21T08:00:00"),
        ("2022-03-21T19:00:00", "2022-03-22T08:00:00"),
        ("2022-03-27T18:00:00", "2022-04-01T08:00:00"),
    ],
)
def test_next_opening(periods, moment, expected):
    assert opening_hours.next_opening(periods, at(moment)) == at(expected)


def test_nothing_opens_after_the_last_day(periods):
    assert opening_hours.next_opening(periods, at("2022-04-02T21:00:00")) is None
    assert opening_hours.last_day(periods) == dt.date(2022, 4, 2)


def test_days_left_count_the_days_of_window_and_exception(periods):
    assert opening_hours.days_left(periods, dt.date(2022, 3, 1)) == 9
    assert opening_hours.days_left(periods, dt.date(2022, 3, 27)) == 3
    assert opening_hours.days_left(periods, dt.date(2022, 4, 3)) == 0
    assert opening_hours.days_left([], dt.date(2022, 4, 3)) == 0


def test_periods_of_a_school_join_its_area_and_its_exceptions(scoped, season):
    WindowException.objects.create(
        school=scoped, season=season, starts_on=dt.date(2022, 6, 1), ends_on=dt.date(2022, 6, 1), reason="Late"
    )
    found = opening_hours.periods_of(school=scoped, season=season)
    assert [period.reason for period in found] == ["Late", ""]


def test_an_area_without_days_has_no_period(season, db):
    school = factories.school(season=season)
    let_delete(Window)
    Window.objects.all().delete()
    from portal.tenancy import school_scope

    with school_scope(school):
        assert opening_hours.periods_of(school=school, season=season) == []


def test_the_days_of_another_year_say_it_once():
    days = (dt.date(2027, 11, 22), dt.date(2027, 12, 16))
    plan = opening_hours.Schedule((opening_hours.Period(*days, dt.time(8), dt.time(18)),))
    at = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    assert plan.describe_days(at) == "2027年11月22日至12月16日，每天 08:00—18:00"
    assert plan.describe_days(at.replace(year=2027, month=11, day=1)) == "11月22日至12月16日，每天 08:00—18:00"

"""When the camera is open for a student: the schedule of schools.days.opening_hours."""

import datetime as dt

import pytest
from django.utils import timezone

from portal.tenancy import system_scope
from schools.days.opening_hours import GRACE, schedule_of
from schools.models import Enrolment, Season, Window, WindowException
from tests import factories
from tests.support.database import let_delete
from tests.support.words import said

pytestmark = pytest.mark.usefixtures("scoped")


def moment(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time(hour, minute)))


@pytest.fixture
def plan_of(school, season):
    """The schedule of a school whose area has 21 to 27 March, 08:00 to 18:00."""
    with system_scope():
        Window.objects.filter(season=season).update(starts_on=dt.date(2022, 3, 21), ends_on=dt.date(2022, 3, 27))
        Season.objects.filter(pk=season.pk).update(opens_at=dt.time(8), closes_at=dt.time(18))

    def plan(*, at, status=Enrolment.Status.CAPTURING, retaking=False, ended=None):
        enrolment = factories.enrolment_of(school, season)
        enrolment.status, enrolment.capture_ended_on = status, ended
        return schedule_of(enrolment=enrolment, retaking=retaking, at=at)

    return plan


@pytest.mark.parametrize(
    ("day", "hour", "minute", "is_open"),
    [
        (20, 12, 0, False),
        (21, 7, 59, False),
        (21, 8, 0, True),
        (24, 17, 59, True),
        (24, 18, 0, False),
        (27, 12, 0, True),
        (28, 12, 0, False),
    ],
)
def test_camera_is_open_on_the_days_of_the_area_within_hours(plan_of, day, hour, minute, is_open):
    at = moment(dt.date(2022, 3, day), hour, minute)
    assert plan_of(at=at).is_open(at) is is_open


def test_picture_taken_before_closing_may_arrive_after(plan_of):
    at = moment(dt.date(2022, 3, 24), 18, 5)
    assert not plan_of(at=at).is_open(at)
    assert plan_of(at=at).is_open(at, grace=GRACE)
    late = moment(dt.date(2022, 3, 24), 18, 30)
    assert not plan_of(at=late).is_open(late, grace=GRACE)


def test_exception_opens_other_days(plan_of, school, season):
    WindowException.objects.create(
        school=school,
        season=season,
        starts_on=dt.date(2022, 4, 2),
        ends_on=dt.date(2022, 4, 2),
        opens_at=dt.time(13),
        reason="exam",
    )
    noon, afternoon = moment(dt.date(2022, 4, 2), 12), moment(dt.date(2022, 4, 2), 14)
    assert not plan_of(at=noon).is_open(noon)
    assert plan_of(at=afternoon).is_open(afternoon)
    assert "13:00" in plan_of(at=noon).describe(noon)


def test_sentence_says_when(plan_of):
    before, during = moment(dt.date(2022, 3, 1), 12), moment(dt.date(2022, 3, 22), 12)
    night, after = moment(dt.date(2022, 3, 22), 20), moment(dt.date(2022, 3, 28), 9)
    assert plan_of(at=before).describe(before) == said(
        "Photos can be taken from %(day)s at %(time)s.", day="2022年3月21日", time="08:00"
    )
    assert plan_of(at=during).describe(during) == said("Photos can be taken now, today until %(time)s.", time="18:00")
    assert plan_of(at=night).describe(night) == said(
        "Photos can be taken from %(day)s at %(time)s.", day="2022年3月23日", time="08:00"
    )
    assert plan_of(at=after).describe(after) == said(
        "The days of your school are over. If you have no photo yet, ask the person in charge there."
    )


def test_area_without_days_says_so(plan_of, season):
    with system_scope():
        let_delete(Window)
        Window.objects.filter(season=season).delete()
    now = timezone.now()
    sentence = said("The days of your school are not fixed yet. Your school will tell you.")
    assert plan_of(at=now).describe(now) == sentence
    assert not plan_of(at=now).is_over(now)


def test_after_the_capture_only_returned_photos_are_retaken(plan_of):
    at = moment(dt.date(2022, 4, 10), 12)
    proofreading = {"status": Enrolment.Status.PROOFREADING, "ended": dt.date(2022, 3, 27)}
    assert not plan_of(at=at, **proofreading).is_open(at)
    assert plan_of(at=at, retaking=True, **proofreading).is_open(at)
    night = moment(dt.date(2022, 4, 10), 22)
    assert not plan_of(at=night, retaking=True, **proofreading).is_open(night)


def test_school_that_ended_early_is_closed_within_its_days(plan_of):
    at = moment(dt.date(2022, 3, 26), 12)
    assert not plan_of(at=at, status=Enrolment.Status.PROOFREADING, ended=dt.date(2022, 3, 25)).is_open(at)


def test_days_granted_after_the_end_open_the_camera_again(plan_of, school, season):
    day = dt.date(2022, 4, 12)
    WindowException.objects.create(school=school, season=season, starts_on=day, ends_on=day, reason="late")
    at = moment(day, 12)
    assert plan_of(at=at, status=Enrolment.Status.PROOFREADING, ended=dt.date(2022, 3, 27)).is_open(at)


@pytest.mark.parametrize("status", [Season.Status.DRAFT, Season.Status.CLOSED])
def test_season_that_is_not_open_is_closed(plan_of, season, status):
    with system_scope():
        Season.objects.filter(pk=season.pk).update(status=status)
    at = moment(dt.date(2022, 3, 24), 12)
    assert not plan_of(at=at).is_open(at)

"""The end of a school's capture, and its new beginning on a granted day."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from capture import capture_period, daily_check
from capture.models import Photo
from capture.upload import intake
from portal.background import jobs
from portal.errors import Conflict
from portal.models import Job, Notification
from portal.tenancy import system_scope
from schools.days import workdays
from schools.models import Enrolment, Season, Window, WindowException
from students.models import Student
from tests import factories


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def enrolment_of(school) -> Enrolment:
    return Enrolment.objects.select_related("school", "season").get(school=school)


def test_capture_ends_with_the_days_for_proofreading(school, owner):
    enrolment = capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    enrolment.refresh_from_db()
    today = timezone.localdate()
    assert enrolment.status == Enrolment.Status.PROOFREADING
    assert enrolment.capture_ended_on == today
    assert enrolment.proof_due_on == workdays.add_workdays(today, 30)
    assert Notification.objects.filter(kind="capture_ended", recipient_key=owner.actor_key).exists()


def test_students_with_an_approved_portrait_are_told_that_proofreading_begins(school, season, owner):
    approved, _waiting = factories.student(school, season), factories.student(school, season)
    Student.objects.filter(pk=approved.pk).update(stage=Student.Stage.APPROVED)
    capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    told = Notification.objects.filter(kind="proof_opened")
    assert [row.recipient_key for row in told] == [approved.actor_key]


def test_capture_does_not_end_twice(school, owner):
    capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    with pytest.raises(Conflict):
        capture_period.end_capture(enrolment=enrolment_of(school), by=owner)


@pytest.fixture
def last_day(school, season):
    """27 March 2022, 08:00 to 18:00, is the last day of the school's area; the clock is set with the result."""
    Window.objects.update(starts_on=dt.date(2022, 3, 21), ends_on=dt.date(2022, 3, 27))
    Season.objects.update(opens_at=dt.time(8), closes_at=dt.time(18))
    return lambda hour, minute: timezone.make_aware(dt.datetime(2022, 3, 27, hour, minute))


def test_capture_ends_on_the_last_day_when_late_uploads_have_arrived(school, last_day):
    assert not capture_period.end_if_over(enrolment=enrolment_of(school), at=last_day(17, 59))
    assert not capture_period.end_if_over(enrolment=enrolment_of(school), at=last_day(18, 5))
    assert not capture_period.end_if_over(enrolment=enrolment_of(school), at=last_day(18, 9))
    assert capture_period.end_if_over(enrolment=enrolment_of(school), at=last_day(18, 10))
    assert enrolment_of(school).status == Enrolment.Status.PROOFREADING


def test_photo_of_the_last_minute_is_taken_after_the_daily_check(school, last_day, monkeypatch):
    student = factories.student(school, enrolment_of(school).season)
    factories.consent(student)
    monkeypatch.setattr(timezone, "now", lambda: last_day(18, 6))
    daily_check.start_daily_checks()
    jobs.run(Job.objects.get(kind=daily_check.KIND).pk)
    capture_period.end_finished_captures()
    sent = {"data": factories.jpeg(480, 640), "token": uuid.uuid4(), "origin": Photo.Origin.CAMERA}
    photo = intake.accept_upload(student=student, enrolment=enrolment_of(school), by=student, **sent)
    assert photo.status == Photo.Status.CHECKING


def test_capture_of_every_school_whose_days_are_over_ends(school, other_school):
    today = timezone.localdate()
    Window.objects.update(starts_on=today - dt.timedelta(days=5), ends_on=today - dt.timedelta(days=2))
    assert capture_period.end_finished_captures() == 2
    assert {row.status for row in Enrolment.objects.all()} == {Enrolment.Status.PROOFREADING}
    assert capture_period.end_finished_captures() == 0


def test_capture_goes_on_while_days_are_left(school):
    assert capture_period.end_finished_captures() == 0
    assert enrolment_of(school).status == Enrolment.Status.CAPTURING


def test_capture_that_the_school_has_just_ended_is_left_alone(school, owner, last_day):
    stale = enrolment_of(school)
    capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    assert not capture_period.end_if_over(enrolment=stale, at=last_day(19, 0))
    assert Notification.objects.filter(kind="capture_ended", recipient_key=owner.actor_key).count() == 1


def test_photo_on_a_granted_day_begins_the_capture_again(school, season, owner):
    enrolment = capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    Enrolment.objects.update(capture_ended_on=timezone.localdate() - dt.timedelta(days=3))
    enrolment.refresh_from_db()
    capture_period.begin_if_due(enrolment=enrolment)
    assert enrolment_of(school).status == Enrolment.Status.PROOFREADING
    today = timezone.localdate()
    WindowException.objects.create(school=school, season=season, starts_on=today, ends_on=today, reason="late")
    capture_period.begin_if_due(enrolment=enrolment)
    begun = enrolment_of(school)
    assert (begun.status, begun.capture_ended_on, begun.proof_due_on) == (Enrolment.Status.CAPTURING, None, None)

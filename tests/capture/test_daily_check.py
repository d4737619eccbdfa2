"""The daily check, the end of the capture, and the purge."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from capture import capture_period, daily_check, retention
from capture.models import Photo
from capture.upload import intake
from portal import history, jobs
from portal.errors import Conflict
from portal.models import Job, Message
from portal.tenancy import system_scope
from schools import workdays
from schools.models import Enrolment, Season, Window, WindowException
from students.models import Student
from tests import factories


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def run(kind: str) -> list[Job]:
    for job in Job.objects.filter(kind=kind, status=Job.Status.QUEUED):
        jobs.run(job.pk)
    return list(Job.objects.filter(kind=kind).order_by("school__code"))


def enrolment_of(school) -> Enrolment:
    return Enrolment.objects.select_related("school", "season").get(school=school)


@pytest.fixture
def day(school, season, owner):
    """A day of one school: one approved, one waiting, one ready, one rejected, one not photographed."""
    people = [factories.student(school, season) for _ in range(5)]
    factories.photo(people[0], Photo.Status.APPROVED)
    factories.photo(people[1], Photo.Status.SUBMITTED)
    factories.photo(people[2], Photo.Status.READY)
    factories.photo(people[3], Photo.Status.REJECTED, findings={"eyes": "reject"})
    return people


def test_report_counts_the_day_and_is_told_to_the_school(day, owner):
    daily_check.start_daily_checks()
    (job,) = run("daily_check")
    assert job.status == Job.Status.DONE
    assert job.result == {"taken": 4, "failed": 1, "ready": 1, "waiting": 1, "left": 2, "reset": 1}
    told = Message.objects.get(recipient_key=owner.actor_key, kind="daily_check")
    assert "4 photos taken" in told.subject


def test_failed_photo_is_reset_the_same_day_and_the_student_told(day):
    daily_check.start_daily_checks()
    run("daily_check")
    failed = Photo.objects.get(student=day[3])
    assert (failed.status, failed.is_current) == (Photo.Status.REJECTED, False)
    message = Message.objects.get(recipient_key=day[3].actor_key)
    assert "The eyes are not fully open." in message.body
    assert Photo.objects.filter(is_current=True).count() == 3


def test_second_check_of_a_day_does_nothing(day, owner):
    assert daily_check.start_daily_checks() == 1
    run("daily_check")
    assert daily_check.start_daily_checks() == 0
    assert Message.objects.filter(recipient_key=day[3].actor_key).count() == 1


def test_check_that_was_lost_halfway_keeps_its_count(day):
    daily_check.start_daily_checks()
    job = Job.objects.get(kind="daily_check")
    jobs.claim(job.pk)
    job.refresh_from_db()
    daily_check.run_daily_check(job)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED)
    run("daily_check")
    job.refresh_from_db()
    assert job.result["failed"] == 1


def test_check_that_was_lost_after_its_report_tells_the_school_once(day, owner):
    daily_check.start_daily_checks()
    job = Job.objects.get(kind="daily_check")
    jobs.claim(job.pk)
    daily_check.run_daily_check(Job.objects.get(pk=job.pk))
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED)
    (job,) = run("daily_check")
    assert job.result["reset"] == 1
    assert Message.objects.filter(recipient_key=owner.actor_key, kind="daily_check").count() == 1


def test_students_who_have_not_handed_in_are_reminded_once_a_day(day, school):
    daily_check.start_daily_checks()
    run("daily_check")
    daily_check.remind_ready(enrolment_of(school), timezone.localdate())
    told = Message.objects.filter(recipient_key=day[2].actor_key)
    assert [message.kind for message in told] == ["not_handed_in"]


def test_schools_are_checked_apart(day, other_school, season, outsider):
    factories.photo(factories.student(other_school, season), Photo.Status.REJECTED, findings={"eyes": "reject"})
    assert daily_check.start_daily_checks() == 2
    first, second = run("daily_check")
    assert (first.result["taken"], second.result["taken"]) == (4, 1)


def test_school_whose_days_have_not_come_is_left_alone(school, season):
    today = timezone.localdate()
    Window.objects.update(starts_on=today + dt.timedelta(days=3), ends_on=today + dt.timedelta(days=9))
    assert daily_check.start_daily_checks() == 0


def test_season_that_is_not_open_is_not_checked(day):
    Season.objects.update(status=Season.Status.CLOSED)
    assert daily_check.start_daily_checks() == 0


# --- the end of the capture ------------------------------------------------------------------------------------------------


def test_capture_ends_with_the_days_for_proofreading(school, owner):
    enrolment = capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    enrolment.refresh_from_db()
    today = timezone.localdate()
    assert enrolment.status == Enrolment.Status.PROOFREADING
    assert enrolment.capture_ended_on == today
    assert enrolment.proof_due_on == workdays.add_workdays(today, 30)
    assert Message.objects.filter(kind="capture_ended", recipient_key=owner.actor_key).exists()


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
    run("daily_check")
    capture_period.end_those_over()
    sent = {"data": factories.jpeg(480, 640), "token": uuid.uuid4(), "origin": Photo.Origin.CAMERA}
    photo = intake.accept_upload(student=student, enrolment=enrolment_of(school), by=student, **sent)
    assert photo.status == Photo.Status.CHECKING


def test_capture_of_every_school_whose_days_are_over_ends(day, school, other_school):
    today = timezone.localdate()
    Window.objects.update(starts_on=today - dt.timedelta(days=5), ends_on=today - dt.timedelta(days=2))
    assert capture_period.end_those_over() == 2
    assert {row.status for row in Enrolment.objects.all()} == {Enrolment.Status.PROOFREADING}
    assert capture_period.end_those_over() == 0


def test_capture_goes_on_while_days_are_left(day, school):
    assert capture_period.end_those_over() == 0
    assert enrolment_of(school).status == Enrolment.Status.CAPTURING


def test_capture_that_the_school_has_just_ended_is_left_alone(school, owner, last_day):
    stale = enrolment_of(school)
    capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    assert not capture_period.end_if_over(enrolment=stale, at=last_day(19, 0))
    assert Message.objects.filter(kind="capture_ended", recipient_key=owner.actor_key).count() == 1


def test_photo_on_a_granted_day_begins_the_capture_again(school, season, owner):
    enrolment = capture_period.end_capture(enrolment=enrolment_of(school), by=owner)
    Enrolment.objects.update(capture_ended_on=timezone.localdate() - dt.timedelta(days=3))
    enrolment.refresh_from_db()
    capture_period.begin_if_waiting(enrolment=enrolment)
    assert enrolment_of(school).status == Enrolment.Status.PROOFREADING
    today = timezone.localdate()
    WindowException.objects.create(school=school, season=season, starts_on=today, ends_on=today, reason="late")
    capture_period.begin_if_waiting(enrolment=enrolment)
    begun = enrolment_of(school)
    assert (begun.status, begun.capture_ended_on, begun.proof_due_on) == (Enrolment.Status.CAPTURING, None, None)


# --- the purge -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def closed(season):
    def close(days_ago: int) -> None:
        closed_on = timezone.localdate() - dt.timedelta(days=days_ago)
        Season.objects.update(status=Season.Status.CLOSED, closed_on=closed_on, retention_days=180)

    return close


def test_originals_go_when_their_time_is_over_and_approved_portraits_stay(day, closed, settings):
    closed(181)
    assert retention.start_purges() == 1
    (job,) = run("purge")
    assert job.result["photos"] == 4
    approved = Photo.objects.get(status=Photo.Status.APPROVED)
    assert (approved.original.name, approved.preview.name) == ("", "")
    assert factories.content(approved.portrait)
    assert set(Photo.objects.exclude(pk=approved.pk).values_list("original", "portrait", "thumbnail")) == {("", "", "")}
    assert len(list(settings.MEDIA_ROOT.rglob("*.jpg"))) == 2
    assert history.of(job.season).filter(kind="season.purged").count() == 1


def test_purge_does_not_start_before_its_time_or_twice(day, closed):
    closed(180)
    assert retention.start_purges() == 0
    closed(181)
    assert retention.start_purges() == 1
    assert retention.start_purges() == 0
    run("purge")
    assert retention.start_purges() == 0


def test_purge_ordered_for_a_season_that_was_opened_again_does_nothing(day, closed):
    closed(181)
    retention.start_purges()
    Season.objects.update(status=Season.Status.OPEN)
    run("purge")
    assert Photo.objects.exclude(original="").count() == 4


def test_students_without_an_address_are_told_in_the_portal_only(day):
    daily_check.start_daily_checks()
    run("daily_check")
    assert Student.objects.get(pk=day[3].pk).email == ""
    assert Message.objects.get(recipient_key=day[3].actor_key).email == ""

"""The daily check at 18:05."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import vision
from capture import daily_check
from capture.models import Photo
from portal.background import jobs
from portal.models import Event, Job, Notification
from portal.tenancy import system_scope
from schools.models import Enrolment, Season, Window
from students.models import Student
from tests import factories
from tests.support.letters import letter
from tests.support.words import said


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
    told = Notification.objects.get(recipient_key=owner.actor_key, kind="daily_check")
    message = "Daily check: %(taken)d photos taken, %(waiting)d waiting for review"
    assert letter(told).subject == said(message, taken=4, waiting=1)


def test_failed_photo_is_reset_the_same_day_and_the_student_told(day):
    daily_check.start_daily_checks()
    run("daily_check")
    failed = Photo.objects.get(student=day[3])
    assert (failed.status, failed.is_current) == (Photo.Status.REJECTED, False)
    message = Notification.objects.get(recipient_key=day[3].actor_key)
    assert said("The eyes are not fully open.") in letter(message).body
    assert Photo.objects.filter(is_current=True).count() == 3


def test_second_check_of_a_day_does_nothing(day, owner):
    assert daily_check.start_daily_checks() == 1
    run("daily_check")
    assert daily_check.start_daily_checks() == 0
    assert Notification.objects.filter(recipient_key=day[3].actor_key).count() == 1


def test_check_that_was_lost_halfway_keeps_its_count(day):
    daily_check.start_daily_checks()
    job = Job.objects.get(kind="daily_check")
    Job.objects.claim(job.pk)
    job.refresh_from_db()
    daily_check.run_daily_check(job)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, claimed_at=None)
    run("daily_check")
    job.refresh_from_db()
    assert job.result["failed"] == 1


def test_check_that_was_lost_after_its_report_tells_the_school_once(day, owner):
    daily_check.start_daily_checks()
    job = Job.objects.get(kind="daily_check")
    Job.objects.claim(job.pk)
    daily_check.run_daily_check(Job.objects.get(pk=job.pk))
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, claimed_at=None)
    (job,) = run("daily_check")
    assert job.result["reset"] == 1
    assert Notification.objects.filter(recipient_key=owner.actor_key, kind="daily_check").count() == 1


def test_students_who_have_not_handed_in_are_reminded_once_a_day(day, school):
    daily_check.start_daily_checks()
    run("daily_check")
    daily_check.remind_ready(enrolment_of(school), timezone.localdate())
    told = Notification.objects.filter(recipient_key=day[2].actor_key)
    assert [message.kind for message in told] == ["not_handed_in"]


def test_student_whose_photo_waits_for_the_fee_is_told_of_the_fee_instead(day, school, season):
    Enrolment.objects.filter(school=school).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    daily_check.remind_ready(enrolment_of(school), timezone.localdate())
    (told,) = Notification.objects.filter(recipient_key=day[2].actor_key)
    assert (told.kind, told.parameters) == ("fee_awaited", {"amount": season.price_fen})


def test_any_number_of_failed_photos_is_reset_in_the_same_queries(day, school, season):
    asked = []
    for number in (1, 4):
        for _ in range(number):
            factories.photo(factories.student(school, season), Photo.Status.REJECTED, findings={"eyes": "reject"})
        with CaptureQueriesContext(connection) as queries:
            assert daily_check.reset_failed(enrolment_of(school)) >= number
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_day_is_counted_by_class_and_reason_also_after_the_reset(day, school):
    enrolment, today = enrolment_of(school), timezone.localdate()
    found = daily_check.day_of(enrolment, today)
    assert (found.taken, found.failed, found.left, found.reasons) == (4, 1, 1, [("eyes", 1)])
    assert sum(row.taken for row in found.classes) == 4
    daily_check.reset_failed(enrolment)
    found = daily_check.day_of(enrolment, today)
    assert (found.failed, found.left) == (1, 0)
    assert daily_check.day_of(enrolment, today - dt.timedelta(days=1)).taken == 0


def test_school_resets_in_one_click_and_the_evening_does_not_count_it_as_its_own(day, owner_client, owner):
    page = owner_client.get(f"/school/review/daily/{timezone.localdate()}/").content.decode()
    assert day[3].name in page
    assert str(vision.RULES_BY_NAME["eyes"].label) in page
    assert owner_client.post("/school/review/daily/reset/").status_code == 302
    assert not Photo.objects.get(student=day[3]).is_current
    event = Event.objects.get(kind=daily_check.RESET_EVENT)
    assert (event.actor_key, event.facts) == (owner.actor_key, {"student": day[3].pk})
    daily_check.start_daily_checks()
    (job,) = run("daily_check")
    assert job.result["reset"] == 0
    for wrong in ("yesterday", "9999-12-31", "0001-01-01"):
        assert owner_client.get(f"/school/review/daily/{wrong}/").status_code == 404


def test_center_sees_which_school_has_not_looked(day, other_school, season, owner_client, owner, center_client):
    factories.photo(factories.student(other_school, season), Photo.Status.READY)
    daily_check.start_daily_checks()
    run("daily_check")
    for _ in range(2):
        owner_client.get(f"/school/review/daily/{timezone.localdate()}/")
    assert Event.objects.filter(kind=daily_check.OPENED_EVENT).count() == 1
    reports = daily_check.reports_of_day(season, timezone.localdate())
    assert [(row.job.school, row.readers) for row in reports] == [
        (other_school, []),
        (day[0].school, [owner.actor_name]),
    ]
    assert center_client.get("/center/photos/daily/?day=0001-01-01").status_code == 404
    page = center_client.get("/center/photos/daily/").content.decode()
    assert said("Nobody yet") in page
    assert owner.actor_name in page


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


def test_students_without_an_address_are_told_in_the_portal_only(day):
    daily_check.start_daily_checks()
    run("daily_check")
    assert Student.objects.get(pk=day[3].pk).email == ""
    assert not Notification.objects.get(recipient_key=day[3].actor_key).deliveries.exists()

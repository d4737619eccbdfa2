"""Several at once, on real connections: one wins, nobody is half done."""

import datetime as dt
import threading
import time
import uuid
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from capture import daily_check, retention
from capture.judging import judge, likeness
from capture.models import Finding, Likeness, Photo
from capture.review import decisions
from capture.upload import submission
from capture.upload.intake import accept_upload
from portal.errors import Conflict, RateLimited
from portal.models import Event, Job, Notification
from portal.tenancy import system_scope
from schools.models import Enrolment, Season
from tests import factories
from tests.support.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_double_click_on_two_connections_is_one_photo(agreed, enrolment, monkeypatch):
    from capture.upload import intake

    monkeypatch.setattr(intake, "tell_workers", lambda: None)
    token, data = uuid.uuid4(), factories.jpeg(480, 640)

    def send():
        return accept_upload(student=agreed, enrolment=enrolment, data=data, token=token, origin="camera", by=agreed)

    photos = at_once(*[send] * 4)
    with system_scope():
        stored = Photo.objects.get()
        assert photos == [stored] * 4
        assert Event.objects.filter(kind="photo.uploaded").count() == 1


def test_different_photos_at_once_leave_one_current(agreed, enrolment, monkeypatch):
    from capture.upload import intake

    monkeypatch.setattr(intake, "tell_workers", lambda: None)
    data = factories.jpeg(480, 640)

    def send():
        return accept_upload(
            student=agreed, enrolment=enrolment, data=data, token=uuid.uuid4(), origin="camera", by=agreed
        )

    results = at_once(*[send] * 3)
    with system_scope():
        stored = [result for result in results if isinstance(result, Photo)]
        refused = [result for result in results if isinstance(result, RateLimited)]
        assert (len(stored) + len(refused), bool(stored)) == (3, True)
        assert Photo.objects.filter(is_current=True).count() == 1


def test_one_of_many_workers_claims_a_photo(student):
    photo = factories.photo(student, Photo.Status.CHECKING)
    claimed = at_once(*[lambda: judge.claim(photo.pk)] * 6)
    assert len([result for result in claimed if result is not None]) == 1


def test_two_copies_judged_at_the_same_instant_find_each_other(school, other_school, season):
    for n in range(8):
        imprint = f"{n + 1:x}" * 128
        pair = [
            factories.photo(factories.student(home, season), Photo.Status.CHECKING) for home in (school, other_school)
        ]
        judgements = [judge.Judgement((), imprint=imprint), judge.Judgement((), imprint=imprint)]
        settled = at_once(*[partial(judge.record_judgement, *side) for side in zip(pair, judgements, strict=True)])
        assert settled == pair
        with system_scope():
            assert Likeness.objects.filter(photo__in=pair, other__in=pair).count() == 2
            assert Finding.objects.filter(photo__in=pair, rule="duplicate").count() == 2
            assert set(Photo.objects.filter(pk__in=[photo.pk for photo in pair]).values_list("outcome", flat=True)) == {
                "amber"
            }


def others_wait() -> bool:
    """Whether another connection to this database waits for a lock. What it waits for, a scope's role is not told."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def test_submitting_and_the_search_for_likenesses_do_not_wait_for_each_other_in_a_circle(student, enrolment, caplog):
    """The search holds the photo; the student hands it in, holds the own row and waits for the photo; the search ends, and
    must not ask for the student's row then."""
    photo, held, updates = factories.photo(student, Photo.Status.READY, compared_at=None), threading.Event(), []

    def wait_for_the_other(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith('UPDATE "capture_photo"'):
            updates.append(sql)
            held.set()
            until = time.monotonic() + 10
            while not others_wait() and time.monotonic() < until:
                time.sleep(0.02)
        return answer

    def compare():
        with connection.execute_wrapper(wait_for_the_other):
            return likeness.compare_photo(photo)

    def submit():
        held.wait()
        return submission.submit(student=student, enrolment=enrolment, by=student)

    assert at_once(compare, submit) == [[], photo]
    assert "begins again" not in caplog.text
    assert len(updates) == 1  # a second one of the same row is what asks for the student's
    with system_scope():
        photo.refresh_from_db()
        assert photo.status == Photo.Status.SUBMITTED
        assert photo.compared_at is not None


def test_of_two_reviewers_one_decides(student, owner, colleague):
    photo = factories.photo(student)
    with system_scope():
        mine, theirs = (Photo.objects.select_related("student", "school").get(pk=photo.pk) for _ in range(2))
    results = at_once(
        lambda: decisions.approve(photo=mine, by=owner),
        lambda: decisions.return_(photo=theirs, by=colleague, reason="no"),
    )
    with system_scope():
        assert len([result for result in results if isinstance(result, Conflict)]) == 1
        assert Notification.objects.filter(recipient_key=student.actor_key).count() == 1
        photo.refresh_from_db()
        student.refresh_from_db()
        assert (photo.status, student.stage) in {("approved", "approved"), ("returned", "retake")}


def test_a_reset_waits_for_the_form_that_is_being_accepted(student, enrolment, owner):
    photo, held = factories.photo(student, Photo.Status.APPROVED), threading.Event()

    def accept():
        with transaction.atomic():
            Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_ACCEPTED)
            held.set()
            time.sleep(0.5)  # the reset comes in the meantime

    def reset():
        held.wait()
        return decisions.reset(photo=photo, by=owner, reason="too late")

    with system_scope():
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_SENT)
    assert isinstance(at_once(accept, reset)[1], Conflict)
    with system_scope():
        assert Photo.objects.get().status == Photo.Status.APPROVED


def test_two_beats_make_one_daily_check_a_school(school, other_school, season):
    made = at_once(*[daily_check.start_daily_checks] * 3)
    assert sorted(made) == [0, 0, 2]
    assert Job.objects.filter(kind="daily_check").count() == 2


def test_two_beats_make_one_purge(student, season):
    factories.photo(student)
    closed_on = timezone.localdate() - dt.timedelta(days=181)
    Season.objects.update(status=Season.Status.CLOSED, closed_on=closed_on, retention_days=180)
    assert sorted(at_once(*[retention.start_purges] * 3)) == [0, 0, 1]
    assert Job.objects.filter(kind="purge").count() == 1

"""What reviewers decide."""

import datetime as dt

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from capture.models import Photo
from capture.review import decisions
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import Event, Notification
from portal.notifications import deliveries
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.letters import letter
from tests.support.words import said

pytestmark = pytest.mark.usefixtures("scoped")
TOO_LATE = "The feedback form has been accepted; photos cannot be reset any more. Ask the center."


def told(student) -> list[str]:
    return list(
        Notification.objects.filter(recipient_key=student.actor_key).order_by("id").values_list("kind", flat=True)
    )


def states(photo) -> tuple[str, str]:
    photo = Photo.objects.select_related("student").get(pk=photo.pk)
    return photo.status, photo.student.stage


def test_approved_photo_moves_the_student_and_tells_him(student, owner):
    student.email = "a@example.org"
    photo = factories.photo(student)
    decisions.approve(photo=photo, by=owner)
    photo.refresh_from_db()
    assert states(photo) == (Photo.Status.APPROVED, Student.Stage.APPROVED)
    assert photo.decided_by == owner
    assert told(student) == ["photo_approved"]
    assert Event.objects.filter(kind="photo.approved", object_id=photo.pk, actor_key=owner.actor_key).count() == 1


@pytest.mark.parametrize(
    "status", [Photo.Status.READY, Photo.Status.CHECKING, Photo.Status.APPROVED, Photo.Status.RETURNED]
)
def test_only_photos_in_review_are_approved(student, owner, status):
    photo = factories.photo(student, status)
    with pytest.raises(Conflict):
        decisions.approve(photo=photo, by=owner)


def test_returned_photo_says_why(student, owner):
    photo = factories.photo(student)
    decisions.return_(photo=photo, by=owner, reason="  Glasses   reflect. ")
    photo.refresh_from_db()
    assert states(photo) == (Photo.Status.RETURNED, Student.Stage.RETAKE)
    assert photo.reason == "Glasses reflect."
    assert "Glasses reflect." in letter(Notification.objects.get(recipient_key=student.actor_key)).body


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_return_needs_a_reason_of_bearable_length(student, owner, reason):
    photo = factories.photo(student)
    with pytest.raises(PortalError):
        decisions.return_(photo=photo, by=owner, reason=reason)
    assert states(photo)[0] == Photo.Status.SUBMITTED


def test_two_reviewers_at_once_the_second_is_told(student, owner, colleague):
    mine, theirs = factories.photo(student), None
    theirs = Photo.objects.get(pk=mine.pk)
    decisions.approve(photo=mine, by=owner)
    with pytest.raises(Conflict):
        decisions.return_(photo=theirs, by=colleague, reason="no")
    assert told(student) == ["photo_approved"]


def test_bulk_approves_clean_photos_only(school, season, owner):
    clean = [factories.photo(factories.student(school, season)) for _ in range(3)]
    warned = factories.photo(factories.student(school, season), findings={"smile": "warn"})
    locked = factories.photo(factories.student(school, season))
    Student.objects.filter(pk=locked.student_id).update(locked_at=timezone.now())
    approved = decisions.approve_clean(photos=Photo.objects.all(), by=owner)
    assert sorted(photo.pk for photo in approved) == [photo.pk for photo in clean]
    assert states(warned)[0] == states(locked)[0] == Photo.Status.SUBMITTED


def test_reset_of_an_approved_photo(student, owner):
    photo = factories.photo(student, Photo.Status.APPROVED)
    decisions.reset(photo=photo, by=owner, reason="Wrong person.")
    assert states(photo) == (Photo.Status.RETURNED, Student.Stage.RETAKE)
    assert Event.objects.get(object_id=photo.pk, kind="photo.reset").facts["reason"] == "Wrong person."


def test_reset_reaches_a_proofread_student(student, owner):
    photo = factories.photo(student, Photo.Status.APPROVED)
    Student.objects.update(stage=Student.Stage.PROOFED)
    decisions.reset(photo=photo, by=owner, reason="Wrong person.")
    assert states(photo)[1] == Student.Stage.RETAKE


def test_reset_by_the_center_works_across_schools(student, center_admin):
    photo = factories.photo(student, Photo.Status.APPROVED)
    decisions.reset(photo=photo, by=center_admin, reason="Blue top.")
    assert states(photo)[0] == Photo.Status.RETURNED


@pytest.mark.parametrize(
    "status", [Enrolment.Status.FEEDBACK_ACCEPTED, Enrolment.Status.PRINTING, Enrolment.Status.RECEIVED]
)
def test_no_reset_after_the_feedback_is_accepted(student, owner, status):
    photo = factories.photo(student, Photo.Status.APPROVED)
    Enrolment.objects.update(status=status)
    with pytest.raises(Conflict) as refused:
        decisions.reset(photo=photo, by=owner, reason="too late")
    assert str(refused.value) == said(TOO_LATE)


# --- undo ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decide", [decisions.approve, lambda **how: decisions.return_(reason="no", **how)])
def test_undo_takes_the_last_decision_back(student, owner, decide):
    photo = factories.photo(student)
    decide(photo=photo, by=owner)
    decisions.undo_last_decision(by=owner)
    photo.refresh_from_db()
    assert states(photo) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    assert (photo.decided_by, photo.reason) == (None, "")
    assert told(student)[-1] == "photo_undone"


def test_undo_takes_a_whole_batch_back(school, season, owner):
    photos = [factories.photo(factories.student(school, season)) for _ in range(3)]
    decisions.approve_clean(photos=Photo.objects.all(), by=owner)
    assert len(decisions.last_decision(owner)) == 3
    decisions.undo_last_decision(by=owner)
    assert {states(photo)[0] for photo in photos} == {Photo.Status.SUBMITTED}


def test_undo_is_for_ones_own_decision(student, owner, colleague):
    decisions.approve(photo=factories.photo(student), by=owner)
    with pytest.raises(Conflict):
        decisions.undo_last_decision(by=colleague)


def test_undo_is_over_once_it_was_used(student, owner):
    decisions.approve(photo=factories.photo(student), by=owner)
    decisions.undo_last_decision(by=owner)
    with pytest.raises(Conflict):
        decisions.undo_last_decision(by=owner)


def test_undo_ends_after_ten_minutes(student, owner, monkeypatch):
    decisions.approve(photo=factories.photo(student), by=owner)
    monkeypatch.setattr(decisions, "UNDO_FOR", dt.timedelta(seconds=-1))
    with pytest.raises(Conflict):
        decisions.undo_last_decision(by=owner)


def test_undo_comes_too_late_when_the_student_has_taken_another(student, owner):
    photo = factories.photo(student)
    decisions.return_(photo=photo, by=owner, reason="no")
    Photo.objects.update(is_current=False)
    with pytest.raises(Conflict):
        decisions.undo_last_decision(by=owner)


@pytest.mark.parametrize("status", [Enrolment.Status.FEEDBACK_ACCEPTED, Enrolment.Status.PRINTING])
def test_undo_comes_too_late_once_the_feedback_is_accepted(student, owner, status):
    photo = factories.photo(student)
    decisions.approve(photo=photo, by=owner)
    Enrolment.objects.update(status=status)
    with pytest.raises(Conflict, match=said(TOO_LATE)):
        decisions.undo_last_decision(by=owner)
    assert states(photo) == (Photo.Status.APPROVED, Student.Stage.APPROVED)


# --- lock ----------------------------------------------------------------------------------------------------------------


def test_lock_returns_the_photo_in_review_and_says_why(student, colleague):
    photo = factories.photo(student)
    decisions.lock(student=student, reason="Photo of a screen.", by=colleague)
    student.refresh_from_db()
    assert student.is_locked
    assert student.lock_reason == "Photo of a screen."
    assert states(photo)[0] == Photo.Status.RETURNED
    assert told(student) == ["photo_returned", "account_locked"]
    assert decisions.locked_by(student).actor_name == "Colleague"


@pytest.mark.parametrize("status", [Photo.Status.READY, Photo.Status.SUBMITTED, Photo.Status.APPROVED])
def test_lock_updates_the_student_only_once(student, owner, status):
    """A second UPDATE of the row in one transaction would make COMMIT wait for other locks."""
    factories.photo(student, status)
    with CaptureQueriesContext(connection) as queries:
        decisions.lock(student=student, reason="Photo of a screen.", by=owner)
    assert sum(query["sql"].startswith('UPDATE "students_student"') for query in queries) == 1
    student.refresh_from_db()
    assert student.is_locked


def test_lock_takes_an_approved_photo_back(student, owner):
    photo = factories.photo(student, Photo.Status.APPROVED)
    decisions.lock(student=student, reason="Photo of a screen.", by=owner)
    assert states(photo) == (Photo.Status.RETURNED, Student.Stage.RETAKE)


def test_lock_comes_too_late_once_the_feedback_is_accepted(student, owner):
    photo = factories.photo(student, Photo.Status.APPROVED)
    Enrolment.objects.update(status=Enrolment.Status.PRINTING)
    with pytest.raises(Conflict):
        decisions.lock(student=student, reason="Photo of a screen.", by=owner)
    student.refresh_from_db()
    assert not student.is_locked
    assert states(photo)[0] == Photo.Status.APPROVED


def test_locked_account_is_not_locked_again(student, owner):
    decisions.lock(student=student, reason="one", by=owner)
    with pytest.raises(Conflict):
        decisions.lock(student=student, reason="two", by=owner)


def test_administrator_of_the_school_unlocks(student, owner):
    decisions.lock(student=student, reason="one", by=owner)
    decisions.unlock(student=student, reason="Explained.", by=owner)
    student.refresh_from_db()
    assert not student.is_locked
    assert decisions.locked_by(student) is None
    assert Event.objects.get(kind="student.unlocked").facts == {"reason": "Explained."}


@pytest.mark.parametrize("who", ["colleague", "outsider", "center_admin"])
def test_nobody_else_unlocks(student, owner, who, request):
    decisions.lock(student=student, reason="one", by=owner)
    with pytest.raises(NotAllowed):
        decisions.unlock(student=student, reason="please", by=request.getfixturevalue(who))


def test_photo_of_a_locked_student_is_not_approved(student, owner):
    photo = factories.photo(student)
    Student.objects.update(locked_at=timezone.now())
    with pytest.raises(Conflict):
        decisions.approve(photo=photo, by=owner)


def test_students_are_told_in_the_language_of_the_product(student, owner, settings):
    from django.utils import translation

    settings.LANGUAGE_CODE, student.email = "zh-hans", "student@example.org"
    student.save()
    with translation.override("en"):
        decisions.approve(photo=factories.photo(student), by=owner)
    deliveries.send_waiting()
    assert "照片" in mail.outbox[0].subject

"""Handing in and withdrawing."""

import pytest
from django.utils import timezone

from capture.models import Photo
from capture.upload import submission
from portal.errors import Conflict, NotAllowed
from schools.models import Enrolment
from students.models import Student
from tests import factories

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture
def ready(student) -> Photo:
    return factories.photo(student, Photo.Status.READY)


def test_ready_photo_is_handed_in(student, enrolment, ready):
    submission.submit(student=student, enrolment=enrolment, by=student)
    ready.refresh_from_db()
    student.refresh_from_db()
    assert (ready.status, student.stage) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    assert ready.submitted_at


def test_second_click_is_a_conflict_and_not_a_second_submission(student, enrolment, ready):
    submission.submit(student=student, enrolment=enrolment, by=student)
    with pytest.raises(Conflict):
        submission.submit(student=student, enrolment=enrolment, by=student)


@pytest.mark.parametrize("status", [Photo.Status.CHECKING, Photo.Status.REJECTED, Photo.Status.WITHDRAWN])
def test_photo_that_is_not_ready_is_not_handed_in(student, enrolment, status):
    factories.photo(student, status)
    with pytest.raises(Conflict):
        submission.submit(student=student, enrolment=enrolment, by=student)


@pytest.mark.parametrize(
    ("mode", "fee", "is_due"),
    [
        (Enrolment.PaymentMode.SCHOOL, Student.FeeState.UNPAID, False),
        (Enrolment.PaymentMode.STUDENT, Student.FeeState.UNPAID, True),
        (Enrolment.PaymentMode.STUDENT, Student.FeeState.PAID, False),
        (Enrolment.PaymentMode.STUDENT, Student.FeeState.BY_SCHOOL, False),
    ],
)
def test_fee_comes_first_where_each_student_pays(student, enrolment, ready, mode, fee, is_due):
    enrolment.payment_mode, student.fee_state = mode, fee
    if is_due:
        with pytest.raises(submission.FeeDue):
            submission.submit(student=student, enrolment=enrolment, by=student)
    else:
        assert submission.submit(student=student, enrolment=enrolment, by=student).status == Photo.Status.SUBMITTED


def test_withdrawn_photo_makes_room_for_another(student, ready):
    submission.withdraw(student=student, by=student)
    ready.refresh_from_db()
    student.refresh_from_db()
    assert (ready.status, student.stage) == (Photo.Status.WITHDRAWN, Student.Stage.RETAKE)


def test_photo_in_review_is_not_withdrawn(student):
    factories.photo(student)
    with pytest.raises(Conflict):
        submission.withdraw(student=student, by=student)


def test_locked_student_hands_nothing_in(student, enrolment, ready):
    student.locked_at = timezone.now()
    student.save()
    with pytest.raises(NotAllowed):
        submission.submit(student=student, enrolment=enrolment, by=student)
    with pytest.raises(NotAllowed):
        submission.withdraw(student=student, by=student)


def test_nothing_is_handed_in_after_the_feedback_has_gone(student, enrolment, ready):
    enrolment.status = Enrolment.Status.FEEDBACK_SENT
    with pytest.raises(Conflict):
        submission.submit(student=student, enrolment=enrolment, by=student)

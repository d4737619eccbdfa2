"""What the student decides about a ready photo: submit it, or withdraw it and take another."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import Photo
from capture.review import automatic_approval
from capture.upload.intake import require_unlocked
from portal import history
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from schools.models import Action, Enrolment
from students.models import Student


class FeeDue(PortalError):
    """The school lets each student pay, and this one has not yet."""

    status = 402


def current_photo(student: Student) -> Photo | None:
    return Photo.objects.filter(student=student, is_current=True).first()


def submit(*, student: Student, enrolment: Enrolment, by: history.Actor) -> Photo:
    """Submit the ready photo for review.

    Opening hours do not matter: they apply to taking photos only.
    """
    require_can_submit(student, enrolment)
    photo = _change_states(student, Photo.Status.SUBMITTED, Student.Stage.REVIEW, by)
    photo = automatic_approval.approve_if_green(photo)
    student.refresh_from_db(fields=["stage"])
    return photo


def require_can_submit(student: Student, enrolment: Enrolment) -> None:
    """Raise a PortalError that says why nothing of the student may be put before a reviewer now."""
    require_unlocked(student)
    enrolment.require(Action.SUBMIT)
    if student.must_pay(enrolment):
        raise FeeDue(_("Please pay the fee first; then hand the photo in."))


def withdraw(*, student: Student, by: history.Actor) -> Photo:
    """Withdraw the ready photo, so that the student can take another."""
    require_unlocked(student)
    return _change_states(student, Photo.Status.WITHDRAWN, Student.Stage.RETAKE, by)


def end_unsubmitted(locked: Student, *, by: history.Actor) -> None:
    """Withdraw the photos that are not handed in. The worker of one that is being checked stores no picture any more.

    The caller has locked the row of the student, who may be shut out by the school.
    """
    for photo in Photo.objects.filter(student=locked, status__in=(Photo.Status.CHECKING, Photo.Status.READY)):
        states.change(photo, Photo.Status.WITHDRAWN, by=by, facts={"student": locked.pk})
        if photo.is_current:
            states.change(locked, Student.Stage.RETAKE, by=by, facts={"photo": photo.pk})


@retried
def _change_states(student: Student, status: Photo.Status, stage: Student.Stage, by: history.Actor) -> Photo:
    locked = Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    photo = current_photo(student)
    if photo is None or locked.is_locked:
        raise Conflict
    submitted: dict[str, Any] = {"submitted_at": timezone.now()} if status == Photo.Status.SUBMITTED else {}
    states.change(photo, status, by=by, only_from=[Photo.Status.READY], facts={"student": student.pk}, **submitted)
    states.change(locked, stage, by=by, facts={"photo": photo.pk})
    student.stage = locked.stage
    return photo

"""What the student decides about a ready photo: submit it, or withdraw it and take another.

A photo that the student wants to submit and that waits for the fee (`Photo.awaits_fee`) is submitted when the fee is
settled, whoever settles it and whether the student is at the page or not.
"""

import logging
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import Photo
from capture.review import automatic_approval
from capture.upload.intake import require_unlocked
from portal import history, notifications
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.tenancy import school_scope, system_scope
from schools.models import Action, Enrolment
from students import fee_settlement
from students.models import Student

log = logging.getLogger(__name__)


class FeeDue(PortalError):
    """The school lets each student pay, and this one has not yet."""

    status = 402


def current_photo(student: Student) -> Photo | None:
    return Photo.objects.filter(student=student, is_current=True).first()


def submit(*, student: Student, enrolment: Enrolment, by: history.Actor) -> Photo:
    """Submit the ready photo for review.

    Opening hours do not matter: they apply to taking photos only. Raises FeeDue where the student pays first; the photo
    then waits for the fee.
    """
    try:
        require_can_submit(student, enrolment)
    except FeeDue:
        await_fee(student)
        raise
    photo = _change_states(student, Photo.Status.SUBMITTED, Student.Stage.REVIEW, by)
    photo = automatic_approval.approve_if_green(photo)
    student.refresh_from_db(fields=["stage"])
    return photo


def require_can_submit(student: Student, enrolment: Enrolment) -> None:
    """Raise a PortalError that says why nothing of the student may be put before a reviewer now."""
    require_unlocked(student)
    enrolment.require(Action.SUBMIT)
    if student.must_pay(enrolment):
        raise FeeDue(_("Please pay the fee first; then submit the photo."))


@fee_settlement.registers_begun
def await_fee(student: Student) -> None:
    """Let the ready photo wait for the fee, if there is one."""
    Photo.objects.filter(student=student, is_current=True, status=Photo.Status.READY).update(awaits_fee=True)


@fee_settlement.registers_settled
def submit_awaiting(student: Student) -> Photo | None:
    """Submit the photo that waited for the student's fee; None when none waits or the fee is still due.

    Where it cannot be submitted any more, it waits no longer and the student is told why.
    """
    photo = current_photo(student)
    if photo is None or not photo.awaits_fee or photo.status != Photo.Status.READY:
        return None
    student.refresh_from_db(fields=["fee_state", "stage", "locked_at"])
    enrolment = Enrolment.objects.select_related("season", "school").get(
        season=student.season_id, school=student.school_id
    )
    try:
        submitted = submit(student=student, enrolment=enrolment, by=student)
    except FeeDue:
        return None
    except PortalError as error:
        _keep_back(photo, student, error)
        return None
    notifications.notify(student, school=enrolment.school, kind="photo_handed_in")
    return submitted


def _keep_back(photo: Photo, student: Student, error: PortalError) -> None:
    waiting = Photo.objects.filter(pk=photo.pk, status=Photo.Status.READY, awaits_fee=True)
    if not waiting.update(awaits_fee=False):
        return  # submitted or withdrawn meanwhile
    log.info("Photo %s is not submitted although the fee is settled: %s", photo.pk, error)
    kind = "photo_kept_locked" if student.is_locked else "photo_kept_concluded"
    notifications.notify(student, school=student.school, kind=kind)


def sweep_awaiting() -> int:
    """Submit the photos whose fee was settled while nobody could submit them; return how many.

    Such as when a process was killed after a payment, or the school took the way of paying over.
    """
    with system_scope():
        paying = Enrolment.objects.filter(
            season=OuterRef("season"), school=OuterRef("school"), payment_mode=Enrolment.PaymentMode.STUDENT
        )
        due = Exists(paying) & Q(student__fee_state=Student.FeeState.UNPAID)
        waiting = Photo.objects.filter(awaits_fee=True, is_current=True, status=Photo.Status.READY).exclude(due)
        rows = list(waiting.select_related("student__school"))
    number = 0
    for photo in rows:
        with school_scope(photo.student.school):
            number += submit_awaiting(photo.student) is not None
    return number


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

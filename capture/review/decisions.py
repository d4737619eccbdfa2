"""What a reviewer decides: approve, return, reset, lock, unlock, and take the last decision back.

Photo, student, history and the notification to the student change in one transaction.
"""

import datetime as dt
import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import Photo
from capture.review import return_reasons, worklist
from portal import history, notifications, permissions
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import Event, Membership, User
from schools.models import Action, Enrolment, School
from students.models import Student
from students.without_list import appearances

UNDO_FOR = dt.timedelta(minutes=10)
DECISIONS = ("photo.approved", "photo.returned")
REASON_LENGTH = 300


@retried
def approve(*, photo: Photo, by: history.Actor, batch: str = "", kind: str = "") -> Photo:
    """Approve the portrait. `batch`: the same text for photos that are approved together.

    Raises Conflict when the photo is not in review any more, has no portrait, or the account is
    locked.
    """
    student = _lock_student(photo)
    if student.is_locked:
        raise Conflict(_("The account is locked. Unlock it before approving the photo."))
    appearance = appearances.of(student)
    if appearance and appearance.status != appearance.Status.CONFIRMED:
        raise Conflict(_("The school has not confirmed this student yet. Confirm the student first, then the photo."))
    if not Photo.objects.filter(pk=photo.pk).exclude(portrait="").exists():
        raise Conflict(_("This photo has no portrait. Frame it by hand first, or return it with a reason."))
    _decide(photo, Photo.Status.APPROVED, by=by, batch=batch, kind=kind)
    states.change(student, Student.Stage.APPROVED, by=by, facts={"photo": photo.pk})
    _notify(student, "photo_approved")
    return photo


@retried
def approve_clean(*, photos: QuerySet[Photo], by: User) -> list[Photo]:
    """Approve those of `photos` that are in review and have no finding; the others stay.

    One undo takes all back.
    """
    clean = worklist.approvable_together(photos)
    batch, approved = uuid.uuid4().hex, []
    for photo in clean.select_related("student", "school").order_by("pk"):
        try:
            approved.append(approve(photo=photo, by=by, batch=batch))
        except Conflict:  # another reviewer has decided this photo meanwhile
            continue
    return approved


@retried
def return_(*, photo: Photo, by: User, reason: str) -> Photo:
    """Return a photo in review to the student. `reason`: a sentence that the student reads."""
    return _return_to_student(photo, by, reason, only_from=Photo.Status.SUBMITTED, kind="photo.returned")


@retried
def reset(*, photo: Photo, by: User, reason: str) -> Photo:
    """Take an approval back. School and center may do so until the feedback form has been accepted."""
    _require_before_feedback(photo)
    return _return_to_student(photo, by, reason, only_from=Photo.Status.APPROVED, kind="photo.reset")


RESETTABLE = (Student.Stage.APPROVED, Student.Stage.PROOFED)


def reset_current(student: Student, by: User, values: dict[str, str]) -> Photo:
    """Reset the approved photo that the student has now. Raises Conflict when there is none."""
    photo = Photo.objects.filter(student=student, is_current=True, status=Photo.Status.APPROVED).first()
    if photo is None:
        raise Conflict(_("The student has no approved photo any more."))
    return reset(photo=photo, by=by, **values)


def _return_to_student(
    photo: Photo, by: User, reason: str, *, only_from: Photo.Status, kind: str, **student_fields: Any
) -> Photo:
    """Return the photo; the student has to retake and gets `student_fields` in the same UPDATE."""
    reason = _clean_reason(reason)
    student = _lock_student(photo)
    _decide(photo, Photo.Status.RETURNED, by=by, reason=reason, only_from=only_from, kind=kind)
    states.change(student, Student.Stage.RETAKE, by=by, facts={"photo": photo.pk}, **student_fields)
    _notify(student, "photo_returned", reason=reason)
    return photo


@retried
def undo_last_decision(*, by: User) -> list[Photo]:
    """Take back this reviewer's last decision within ten minutes: all its photos are in review
    again."""
    photos = last_decision(by)
    if not photos:
        raise Conflict(_("There is no decision of yours that could still be taken back."))
    for photo in photos:
        _require_before_feedback(photo)
        student = _lock_student(photo)
        states.change(
            photo,
            Photo.Status.SUBMITTED,
            by=by,
            kind="photo.undone",
            only_from=list(Photo.DECIDED),
            decided_at=None,
            decided_by=None,
            reason="",
            reason_names=[],
        )
        states.change(student, Student.Stage.REVIEW, by=by, facts={"photo": photo.pk})
        _notify(student, "photo_undone")
    return photos


def last_decision(by: User) -> list[Photo]:
    """The photos of this reviewer's last decision, if it can still be taken back; else empty."""
    mine = Event.objects.filter(actor_key=by.actor_key, kind__in=DECISIONS, at__gte=timezone.now() - UNDO_FOR)
    last = mine.order_by("-id").first()
    if last is None:
        return []
    batch = last.facts.get("batch")
    ids = mine.filter(facts__batch=batch).values_list("object_id", flat=True) if batch else [last.object_id]
    stages = [Student.Stage.APPROVED, Student.Stage.RETAKE]
    return list(
        Photo.objects.filter(
            pk__in=list(ids), status__in=Photo.DECIDED, is_current=True, student__stage__in=stages, decided_by=by
        ).select_related("student", "school")
    )


@retried
def lock(*, student: Student, reason: str, by: User) -> Student:
    """Lock an account for a re-shot or beautified photo; a photo in review or approved goes back
    with it."""
    reason = _clean_reason(reason)[:200]
    if Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk).is_locked:
        raise Conflict(_("The account is locked already."))
    _lock_and_return_photo(student, by=by, reason=reason)
    student.refresh_from_db()
    history.record("student.locked", student, by=by, facts={"reason": reason})
    _notify(student, "account_locked", reason=reason)
    return student


def _lock_and_return_photo(student: Student, *, by: User, reason: str) -> None:
    """Lock the account; return the current photo, so that it is not printed."""
    fields = {"locked_at": timezone.now(), "lock_reason": reason}
    photo = Photo.objects.filter(student=student, is_current=True).first()
    if photo and photo.status == Photo.Status.SUBMITTED:
        _return_to_student(photo, by, reason, only_from=Photo.Status.SUBMITTED, kind="photo.returned", **fields)
    elif photo and photo.status == Photo.Status.APPROVED:
        _require_before_feedback(photo)
        _return_to_student(photo, by, reason, only_from=Photo.Status.APPROVED, kind="photo.reset", **fields)
    else:
        Student.objects.filter(pk=student.pk).update(**fields)


@retried
def unlock(*, student: Student, reason: str, by: User) -> Student:
    """Unlock an account.

    Only an administrator of the student's school may do so, after speaking with the student.
    """
    member = by.membership
    if not (permissions.may(member, "students.unlock") and member.school_id == student.school_id):
        raise NotAllowed(_("Only an administrator of the student's school can unlock the account."))
    reason = _clean_reason(reason)
    if not Student.objects.filter(pk=student.pk, locked_at__isnull=False).update(locked_at=None, lock_reason=""):
        raise Conflict(_("The account is not locked."))
    student.refresh_from_db()
    history.record("student.unlocked", student, by=by, facts={"reason": reason})
    _notify(student, "account_unlocked")
    return student


def locked_by(student: Student) -> Event | None:
    """The event that says who locked the account and when; None when it is not locked."""
    return history.of(student).filter(kind="student.locked").first() if student.is_locked else None


def unlockers(school: School) -> list[str]:
    """Names of the people who can unlock an account of this school, the contact person for the
    capture first."""
    roles = sorted(permissions.roles_of("students.unlock"))
    found = Membership.objects.filter(school=school, roles__overlap=roles, user__is_active=True)
    return [member.user.actor_name for member in found.select_related("user").order_by("-is_contact", "pk")]


def _decide(
    photo: Photo,
    to: Photo.Status,
    *,
    by: history.Actor,
    kind: str,
    only_from: Photo.Status = Photo.Status.SUBMITTED,
    batch: str = "",
    reason: str = "",
) -> None:
    facts = {"student": photo.student_id} | ({"batch": batch} if batch else {}) | ({"reason": reason} if reason else {})
    states.change(
        photo,
        to,
        by=by,
        facts=facts,
        kind=kind,
        only_from=[only_from],
        decided_at=timezone.now(),
        decided_by=by if isinstance(by, User) else None,
        reason=reason,
        reason_names=return_reasons.names_in(reason),
    )


def _lock_student(photo: Photo) -> Student:
    """The student's row, locked until the transaction ends.

    Raises Conflict when the photo is not current.
    """
    if not photo.is_current:
        raise Conflict
    return (
        Student.objects.select_for_update(of=("self",), no_key=True).select_related("school").get(pk=photo.student_id)
    )


def _require_before_feedback(photo: Photo) -> None:
    """Raise a PortalError when the school's phase does not allow a reset any more.

    Locks the enrolment until the transaction ends, so that the feedback form is not accepted at the
    same time.
    """
    mine = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    mine.get(season_id=photo.season_id, school_id=photo.school_id).require(Action.RESET)


def _clean_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise PortalError(_("Please give the reason: the student has to know what to do."))
    if len(reason) > REASON_LENGTH:
        raise PortalError(_("Please keep the reason under %(n)d characters.") % {"n": REASON_LENGTH})
    return reason


def _notify(student: Student, kind: str, **parameters: str) -> None:
    notifications.notify(student, school=student.school, kind=kind, parameters=parameters)

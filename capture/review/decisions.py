"""What a reviewer decides: approve, return, reset, lock and unlock, and take the last decision back.

Photo and student move in one transaction with the history and the message to the student.
"""

import datetime as dt
import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.models import Photo
from capture.review import worklist
from portal import history, notifications, permissions, states
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import Event, Membership, User
from portal.transactions import retried
from schools.models import Action, Enrolment, School
from students.models import Student

UNDO_FOR = dt.timedelta(minutes=10)
DECISIONS = ("photo.approved", "photo.returned")
REASON_LENGTH = 300


@retried
def approve(*, photo: Photo, by: history.Actor, batch: str = "", kind: str = "") -> Photo:
    """The portrait is right. Raises Conflict when the photo is not in review any more."""
    student = _locked(photo)
    if student.is_locked:
        raise Conflict(_("The account is locked. Unlock it before approving the photo."))
    _decide(photo, Photo.Status.APPROVED, by=by, batch=batch, kind=kind)
    states.change(student, Student.Stage.APPROVED, by=by, facts={"photo": photo.pk})
    _notify(student, "photo_approved")
    return photo


@retried
def approve_clean(*, photos: QuerySet[Photo], by: User) -> list[Photo]:
    """Approve those of `photos` that wait for review and have no finding at all; the others stay. One undo takes all back."""
    clean = worklist.clean(photos)
    batch, approved = uuid.uuid4().hex, []
    for photo in clean.select_related("student", "school").order_by("pk"):
        try:
            approved.append(approve(photo=photo, by=by, batch=batch))
        except Conflict:  # somebody else was faster with this one
            continue
    return approved


@retried
def return_(*, photo: Photo, by: User, reason: str) -> Photo:
    """Send a photo in review back to the student, with a sentence that says why."""
    return _send_back(photo, by, reason, only_from=Photo.Status.SUBMITTED, kind="photo.returned")


@retried
def reset(*, photo: Photo, by: User, reason: str) -> Photo:
    """Take an approval back, by the school or the center, until the feedback form has been accepted."""
    _require_before_feedback(photo)
    return _send_back(photo, by, reason, only_from=Photo.Status.APPROVED, kind="photo.reset")


def _send_back(photo: Photo, by: User, reason: str, *, only_from: Photo.Status, kind: str) -> Photo:
    reason = _required(reason)
    student = _locked(photo)
    _decide(photo, Photo.Status.RETURNED, by=by, reason=reason, only_from=only_from, kind=kind)
    states.change(student, Student.Stage.RETAKE, by=by, facts={"photo": photo.pk})
    _notify(student, "photo_returned", reason=reason)
    return photo


@retried
def undo(*, by: User) -> list[Photo]:
    """Take back this reviewer's last decision (all photos of it) within ten minutes: they are in review again."""
    photos = last_decision(by)
    if not photos:
        raise Conflict(_("There is no decision of yours that could still be taken back."))
    for photo in photos:
        _require_before_feedback(photo)
        student = _locked(photo)
        states.change(
            photo,
            Photo.Status.SUBMITTED,
            by=by,
            kind="photo.undone",
            only_from=list(Photo.DECIDED),
            decided_at=None,
            decided_by=None,
            reason="",
        )
        states.change(student, Student.Stage.REVIEW, by=by, facts={"photo": photo.pk})
        _notify(student, "photo_undone")
    return photos


def last_decision(by: User) -> list[Photo]:
    """The photos of this reviewer's last decision that can still be taken back; empty when there is none."""
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
    """Lock an account for a re-shot or beautified photo; a photo in review or approved goes back with it."""
    reason = _required(reason)[:200]
    now = timezone.now()
    if not Student.objects.filter(pk=student.pk, locked_at=None).update(locked_at=now, lock_reason=reason):
        raise Conflict(_("The account is locked already."))
    _take_back(student, by=by, reason=reason)
    student.refresh_from_db()
    history.record("student.locked", student, by=by, facts={"reason": reason})
    _notify(student, "account_locked", reason=reason)
    return student


def _take_back(student: Student, *, by: User, reason: str) -> None:
    """The photo for which an account is locked must not be printed."""
    photo = Photo.objects.filter(student=student, is_current=True).first()
    if photo and photo.status == Photo.Status.SUBMITTED:
        return_(photo=photo, by=by, reason=reason)
    elif photo and photo.status == Photo.Status.APPROVED:
        reset(photo=photo, by=by, reason=reason)


@retried
def unlock(*, student: Student, reason: str, by: User) -> Student:
    """Open a locked account again: only an administrator of the student's school, after speaking with the student."""
    member = by.membership
    if not (permissions.may(member, "students.unlock") and member.school_id == student.school_id):
        raise NotAllowed(_("Only an administrator of the student's school can unlock the account."))
    reason = _required(reason)
    if not Student.objects.filter(pk=student.pk, locked_at__isnull=False).update(locked_at=None, lock_reason=""):
        raise Conflict(_("The account is not locked."))
    student.refresh_from_db()
    history.record("student.unlocked", student, by=by, facts={"reason": reason})
    _notify(student, "account_unlocked")
    return student


def locked_by(student: Student) -> Event | None:
    """Who locked the account, and when."""
    return history.of(student).filter(kind="student.locked").first() if student.is_locked else None


def unlockers(school: School) -> list[str]:
    """The people who can unlock an account of this school: its administrators, the one responsible for the capture first."""
    roles = permissions.roles_of("students.unlock")
    found = Membership.objects.filter(school=school, role__in=roles, user__is_active=True)
    return [member.user.actor_name for member in found.select_related("user").order_by("-is_contact", "pk")]


def _decide(photo: Photo, to: Photo.Status, *, by: history.Actor, batch: str = "", **how: Any) -> None:
    facts = {"student": photo.student_id} | ({"batch": batch} if batch else {})
    only_from = [how.pop("only_from", Photo.Status.SUBMITTED)]
    reason = how.pop("reason", "")
    if reason:
        facts["reason"] = reason
    states.change(
        photo,
        to,
        by=by,
        facts=facts,
        only_from=only_from,
        decided_at=timezone.now(),
        decided_by=by if isinstance(by, User) else None,
        reason=reason,
        **how,
    )


def _locked(photo: Photo) -> Student:
    """The student's row, locked in the database: photo and student move together."""
    if not photo.is_current:
        raise Conflict
    return (
        Student.objects.select_for_update(of=("self",), no_key=True).select_related("school").get(pk=photo.student_id)
    )


def _require_before_feedback(photo: Photo) -> None:
    """Holds the school's row until the transaction ends: nobody accepts the form while a portrait is taken back."""
    mine = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    mine.get(season_id=photo.season_id, school_id=photo.school_id).require(Action.RESET)


def _required(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise PortalError(_("Please give the reason: the student has to know what to do."))
    if len(reason) > REASON_LENGTH:
        raise PortalError(_("Please keep the reason under %(n)d characters.") % {"n": REASON_LENGTH})
    return reason


def _notify(student: Student, kind: str, **parameters: str) -> None:
    notifications.notify(student, school=student.school, kind=kind, parameters=parameters)

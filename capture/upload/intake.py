"""Taking in a photo: limits first, then the row, then the queue. The row is the truth; the sweep finds what is lost."""

import datetime as dt
import hashlib
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from capture import capture_period
from capture.models import Photo
from capture.sign_in import consent, rate_limits
from capture.upload.normalising import Cleaned, clean, too_big
from portal import files, history, queue, states
from portal.errors import Conflict, NotAllowed, PortalError, RateLimited
from portal.transactions import retried
from schools import opening_hours
from schools.models import Enrolment
from students.models import Student

ATTEMPTS_A_DAY = 20
UPLOADS = "20/m"  # refused ones too: each may cost a decode
OPEN_STAGES = {Student.Stage.WAITING, Student.Stage.CHECKING, Student.Stage.RETAKE, Student.Stage.READY}


def accept_upload(
    *,
    student: Student,
    enrolment: Enrolment,
    data: Any,
    token: uuid.UUID,
    origin: str,
    by: history.Actor,
    at: dt.datetime | None = None,
) -> Photo:
    """Store a photo and have it judged. `data`: bytes or an uploaded file; `at`: when it was taken, if not now.

    The same form twice gives the same photo. Raises a PortalError whose sentence the student can act on.
    """
    known = Photo.objects.filter(student=student, token=token).first()
    if known:
        return known
    rate_limits.refuse_too_many("upload", by.actor_key, UPLOADS, strict=False)
    now = at or timezone.now()
    require_may_capture(student, enrolment, at=now, grace=opening_hours.GRACE)
    if origin == Photo.Origin.FILE and not enrolment.allow_file:
        raise NotAllowed(_("Your school wants photos taken with the camera of this page."))
    cleaned = clean(_bytes(data), max_bytes=settings.UPLOAD_MAX_BYTES["photo"])
    photo = _photo_of(student, cleaned, token, origin)
    photo.taken_at = now
    with files.writing() as write:
        written = write.store(photo, {"original": cleaned.jpeg}, filename="original.jpg")
        photo.original, photo.original_size = written["original"], written["original_size"]
        stored = _store(student, enrolment, photo, by, now)
        if stored is not photo:
            write.take_back()
    return stored


def require_may_capture(
    student: Student, enrolment: Enrolment, *, at: dt.datetime, grace: dt.timedelta = dt.timedelta()
) -> None:
    """Raise a PortalError that says why the student may not be photographed now, and when."""
    require_unlocked(student)
    if student.stage not in OPEN_STAGES:
        raise Conflict(_("Your photo has been handed in already. It can be taken again when your school returns it."))
    if not consent.has_agreed(student, enrolment.season):
        raise PortalError(_("Please confirm your details and agree to the use of the portrait first."))
    plan = opening_hours.schedule_of(enrolment=enrolment, retaking=was_returned(student), at=at)
    if not plan.is_open(at, grace=grace):
        raise NotAllowed(plan.describe(at))


def require_unlocked(student: Student) -> None:
    if student.is_locked:
        raise NotAllowed(_("Your account is locked. A school administrator has to unlock it."))


def was_returned(student: Student) -> bool:
    """Whether a person has sent the last photo back."""
    return Photo.objects.filter(student=student, status=Photo.Status.RETURNED).exists()


def _bytes(data: Any) -> bytes:
    limit = settings.UPLOAD_MAX_BYTES["photo"]
    if not isinstance(data, bytes):
        if data.size > limit:
            raise too_big(limit)
        data = data.read()
    return bytes(data)


def _photo_of(student: Student, cleaned: Cleaned, token: uuid.UUID, origin: str) -> Photo:
    return Photo(
        school_id=student.school_id,
        student=student,
        season_id=student.season_id,
        origin=origin,
        width=cleaned.width,
        height=cleaned.height,
        sha256=hashlib.sha256(cleaned.jpeg).hexdigest(),
        token=token,
    )


@retried
def _store(student: Student, enrolment: Enrolment, photo: Photo, by: history.Actor, now: dt.datetime) -> Photo:
    """Under the student's lock: a second click waits here and finds the photo of the first."""
    locked = Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    known = Photo.objects.filter(student=student, token=photo.token).first()
    if known:
        return known
    if locked.is_locked or locked.stage not in OPEN_STAGES:
        raise Conflict
    _refuse_too_many(student, now)
    put_aside(locked, by=by)
    photo.save(force_insert=True)
    history.record(
        "photo.uploaded",
        photo,
        by=by,
        after=photo.status,
        facts={"student": student.pk, "origin": photo.origin, "width": photo.width, "height": photo.height},
    )
    states.change(locked, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    student.stage = locked.stage
    capture_period.begin_if_waiting(enrolment=enrolment)
    transaction.on_commit(lambda: enqueue(photo))
    return photo


def _refuse_too_many(student: Student, now: dt.datetime) -> None:
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if Photo.objects.filter(student=student, taken_at__gte=today).count() >= ATTEMPTS_A_DAY:
        raise RateLimited(
            _("%(n)d photos a day are the most. Read the rules once more and go to a station of your school tomorrow.")
            % {"n": ATTEMPTS_A_DAY}
        )


def put_aside(student: Student, *, by: history.Actor) -> None:
    """Make room for a new photo: the present one is no longer current, and withdrawn if it was ready to hand in."""
    current = Photo.objects.filter(student=student, is_current=True).first()
    if current is None:
        return
    if current.status == Photo.Status.READY:
        states.change(current, Photo.Status.WITHDRAWN, by=by, facts={"replaced": True}, is_current=False)
    else:
        Photo.objects.filter(pk=current.pk).update(is_current=False)


def enqueue(photo: Photo) -> None:
    queue.send("capture.tasks.check_photo", photo.school_id, photo.pk, queue="check")

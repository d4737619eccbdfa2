"""Accepting a photo: check whether the student may send it, store it, then queue it for the judge.

The row in the database decides: the sweep queues a photo again whose message in the queue was lost.
"""

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from capture import capture_period
from capture.live import films
from capture.models import Film, Photo
from capture.sign_in import consent, photographing
from capture.stations import slots
from capture.upload import waiting
from capture.upload.normalising import Normalised, normalise, too_big
from portal import files, history
from portal.background import queue
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, NotAllowed, PortalError, RateLimited
from portal.security import rate_limits
from schools.days import opening_hours
from schools.models import Enrolment
from students.models import Student
from students.without_list import appearances

ATTEMPTS_A_DAY = 20
UPLOADS = "20/m"  # refused uploads count too: each may have to be decoded
QUEUE = "check"
UPLOAD_SECONDS = 30  # the longest that one is read
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
    strength: str = "",
    film: Any = None,
) -> Photo:
    """Store a photo and queue it for the judge.

    `data`: bytes or an uploaded file; `at`: when it was taken (default: now); `strength`: of the student's sign-in; `film`: an
    uploaded file with the second before the shutter (capture.live.films).

    A form that is sent twice (same `token`) gives the same photo. Raises a PortalError that tells
    the student what to do.
    """
    known = Photo.objects.filter(student=student, token=token).first()
    if known:
        return known
    rate_limits.refuse_too_many("upload", by.actor_key, UPLOADS)
    now = at or timezone.now()
    at_station = origin == Photo.Origin.STATION
    require_can_capture(student, enrolment, at=now, grace=opening_hours.GRACE, at_station=at_station, strength=strength)
    if origin == Photo.Origin.FILE and not enrolment.allow_file:
        raise NotAllowed(_("Your school wants photos taken with the camera of this page."))
    waiting.require_room(student)
    _refuse_too_many(student, now)  # before the file is opened, and again under the lock
    with rate_limits.one_at_a_time("upload", by.actor_key, token=str(token), seconds=UPLOAD_SECONDS):
        cleaned = normalise(_read(data), max_bytes=settings.UPLOAD_MAX_BYTES["photo"])
        frames = films.accepted(film, student) if consent.allows_film(student) else []
    photo = _build_photo(student, cleaned, token, origin)
    photo.taken_at = now
    with files.writing() as write:
        written = write.store(photo, {"original": cleaned.jpeg}, filename="original.jpg")
        photo.original, photo.original_size = written["original"], written["original_size"]
        stored = _save_photo(student, enrolment, photo, films.written(photo, frames, write=write), by, now)
        if stored is not photo:
            write.delete_written()
    return stored


def require_can_capture(
    student: Student,
    enrolment: Enrolment,
    *,
    at: dt.datetime,
    grace: dt.timedelta = dt.timedelta(),
    at_station: bool = False,
    strength: str = "",
) -> None:
    """Raise a PortalError that says why the student may not be photographed now, and when.

    `at_station`: a helper has called the student there, whatever the days and the slot of the class. `strength`: what
    stands behind the student's sign-in.
    """
    require_unlocked(student)
    appearances.require_admitted(student, enrolment.season)
    if student.stage not in OPEN_STAGES:
        raise Conflict(_("Your photo has already been submitted. You can retake it if your school returns it."))
    if not consent.has_agreed(student, enrolment.season):
        raise PortalError(_("Please confirm your details and agree to the use of the portrait first."))
    plan = schedule_of(student, enrolment, at=at, at_station=at_station)
    if not plan.is_open(at, grace=grace):
        raise NotAllowed(plan.describe(at))
    if enrolment.only_in_slots and not at_station and not was_returned(student):
        slots.require_in_slot(student, at, grace=grace)
    if not at_station:
        photographing.require(strength, enrolment)


def schedule_of(
    student: Student, enrolment: Enrolment, *, at: dt.datetime, at_station: bool = False
) -> opening_hours.Schedule:
    """When the student may be photographed: on the days of the own class, at a station on those of the school."""
    group = None if at_station else (student.college, student.class_name)
    return opening_hours.schedule_of(enrolment=enrolment, retaking=was_returned(student), group=group, at=at)


def require_unlocked(student: Student) -> None:
    if student.is_locked:
        raise NotAllowed(_("Your account is locked. A school administrator has to unlock it."))


def was_returned(student: Student) -> bool:
    """Whether a reviewer has ever returned a photo of the student."""
    return Photo.objects.filter(student=student, status=Photo.Status.RETURNED).exists()


def _read(data: Any) -> bytes:
    limit = settings.UPLOAD_MAX_BYTES["photo"]
    if not isinstance(data, bytes):
        if data.size > limit:
            raise too_big(limit)
        data = data.read()
    return bytes(data)


def _build_photo(student: Student, cleaned: Normalised, token: uuid.UUID, origin: str) -> Photo:
    return Photo(
        school_id=student.school_id,
        student=student,
        season_id=student.season_id,
        origin=origin,
        width=cleaned.width,
        height=cleaned.height,
        sha256=cleaned.sha256,
        token=token,
    )


@retried
def _save_photo(
    student: Student,
    enrolment: Enrolment,
    photo: Photo,
    film: Film | None,
    by: history.Actor,
    now: dt.datetime,
) -> Photo:
    """Save the photo under the student's lock.

    A second request with the same token waits, then gets the first photo.
    """
    locked = Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    known = Photo.objects.filter(student=student, token=photo.token).first()
    if known:
        return known
    if locked.is_erased or locked.is_locked or locked.stage not in OPEN_STAGES:
        raise Conflict
    if not consent.has_agreed(locked, enrolment.season):  # it was taken back while the photo arrived
        raise Conflict
    _refuse_too_many(student, now)
    retire_current_photo(locked, by=by)
    photo.attempt = 1 + (Photo.objects.filter(student=student).aggregate(last=Max("attempt"))["last"] or 0)
    photo.save(force_insert=True)
    if film and consent.allows_film(locked):
        film.save(force_insert=True)
    elif film:  # taken back while the photo arrived
        files.delete_after_commit([film.frames.name])
    history.record(
        "photo.uploaded",
        photo,
        by=by,
        after=photo.status,
        facts={"student": student.pk, "origin": photo.origin, "width": photo.width, "height": photo.height},
    )
    states.change(locked, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    student.stage = locked.stage
    capture_period.begin_if_due(enrolment=enrolment)
    transaction.on_commit(tell_workers)
    return photo


def _refuse_too_many(student: Student, now: dt.datetime) -> None:
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if Photo.objects.filter(student=student, taken_at__gte=today).count() >= ATTEMPTS_A_DAY:
        raise RateLimited(
            _("%(n)d photos a day are the most. Read the rules once more and go to a station of your school tomorrow.")
            % {"n": ATTEMPTS_A_DAY}
        )


def retire_current_photo(student: Student, *, by: history.Actor) -> None:
    """End the student's current photo before a new one comes.

    A photo that is ready to submit becomes withdrawn; so does one that is not judged yet, and nobody judges it any more.
    """
    current = Photo.objects.filter(student=student, is_current=True).first()
    if current is None:
        return
    if current.status in (Photo.Status.READY, Photo.Status.CHECKING):
        states.change(current, Photo.Status.WITHDRAWN, by=by, facts={"replaced": True}, is_current=False)
    else:
        Photo.objects.filter(pk=current.pk).update(is_current=False)


def tell_workers() -> None:
    """Tell the workers that one more photo waits. Which one they take, the rows say (`judge.judge_next`)."""
    queue.send("capture.tasks.judge_photos", queue=QUEUE)

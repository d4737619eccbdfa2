"""The films of photos: taken in with the photo, encrypted on the disk, deleted when the photo is decided."""

import datetime as dt
import logging
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from capture.models import Film, Finding, Photo
from portal import files, history
from portal.errors import PortalError
from portal.models import User
from portal.security.encryption import Place
from portal.security.sealed_files import SealedFiles
from students.models import Student
from students.privacy import erasure, rotation
from vision.live import film as engine

log = logging.getLogger(__name__)
AWAITED = (Photo.Status.CHECKING, Photo.Status.READY, Photo.Status.SUBMITTED)  # a person has not decided yet
RULE = "live"


def _place(row: Film) -> Place:
    """By the token, which the photo has before it is saved."""
    return Place("film.frames", f"{row.photo.student_id}/{row.photo.token}")


SEALED = SealedFiles(lambda: Film.objects.select_related("photo"), "frames", _place)
rotation.registers("films", SEALED.count_by_version, SEALED.rewrite)


def accepted(data: Any, student: Student) -> list[engine.Frame]:
    """The frames of the film that came with a photo; empty where there is none.

    A film that is none is left out and the photo taken all the same: it only adds to what a reviewer knows.
    """
    if data is None:
        return []
    if data.size > engine.MAX_BYTES:
        log.warning("The film of student %s has %s bytes and is left out", student.pk, data.size)
        return []
    try:
        return engine.read(data.read())
    except engine.NotAFilm as error:
        log.warning("The film of student %s is left out: %s", student.pk, error)
        return []


def written(photo: Photo, frames: list[engine.Frame], *, write: files.Writer) -> Film | None:
    """The film of a photo that is not saved yet: its file is written before a row is locked. None without frames."""
    if not frames:
        return None
    row = Film(photo=photo, school_id=photo.school_id, count=len(frames))
    values = SEALED.store(row, engine.pack(frames), write=write, filename="film")
    row.frames, row.frames_size = values["frames"], values["frames_size"]
    return row


def frames_of(row: Film) -> list[engine.Frame]:
    """Empty where it is no longer kept."""
    content = SEALED.content_of(row)
    return engine.read(content) if content else []


def frames_of_photo(photo: Photo) -> list[engine.Frame]:
    row = Film.objects.filter(photo=photo).first()
    return frames_of(row) if row else []


def frame_for(photo: Photo, number: int, *, by: User) -> bytes:
    """A frame for a person. The first one leaves a line in the history of the photo."""
    frames = frames_of_photo(photo)
    if number >= len(frames):
        raise PortalError(_("The film of this photo is no longer kept."))
    if number == 0:
        history.record("photo.film_seen", photo, by=by)
    return frames[number].jpeg


def delete(rows: QuerySet[Film]) -> int:
    """After the commit; what was measured stays with the photo."""
    found = list(rows)
    files.delete_after_commit([row.frames.name for row in found])
    rows.model.objects.filter(pk__in=[row.pk for row in found]).delete()
    return len(found)


def forget(student: Student) -> None:
    """Delete the student's films and what was read from them."""
    delete(Film.objects.filter(photo__student=student))
    for photo in Photo.objects.filter(student=student, measures__has_key="live_motion"):
        Finding.objects.filter(photo=photo, rule=RULE).delete()
        measures = {name: value for name, value in photo.measures.items() if not name.startswith("live_")}
        Photo.objects.filter(pk=photo.pk).update(measures=measures, outcome=photo.outcome_found())


def kept_too_long(before: dt.datetime) -> QuerySet[Film]:
    """Of photos that nobody has to decide any more, stored before this moment."""
    return Film.objects.filter(stored_at__lt=before).exclude(photo__status__in=AWAITED)


def delete_old(before: dt.datetime) -> int:
    """Needs a scope of all schools."""
    return delete(kept_too_long(before))


@erasure.registers_eraser
def erase(student: Student, whole: bool) -> None:
    """The registry needs none of it: it goes also where the record is kept."""
    delete(Film.objects.filter(photo__student=student))

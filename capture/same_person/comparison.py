"""Comparing the face of a photo: with the student's admission photo (or, without one, the student's own earlier
photos), and with the faces of the other students of the school.

It runs after the verdict, in a queue of its own, for students who have agreed to it. What it finds is a warning that
a person answers, never a rejection. Its distances become measures of the photo, so that limits, preview and replay
work as for every rule. Safe to run twice; the sweep finds what was lost.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.judging import later_findings, limits
from capture.models import FaceComparison, Finding, Photo
from capture.review import automatic_approval
from capture.same_person import admission_photos, face_numbers
from capture.sign_in import consent
from portal import files, history
from portal.background import queue
from portal.changes.transactions import retried
from portal.errors import Conflict, NotAllowed, PortalError
from portal.models import User
from portal.tenancy import system_scope
from schools.models import Season
from students.models import Student
from vision.likeness import face_embedding

log = logging.getLogger(__name__)
Kind = FaceComparison.Kind
QUEUE = "faces"
OWN, OTHERS = consent.FOUND_BY_FACE
DISTANCE, OWN_ANSWERED, OTHER_DISTANCE = consent.FACE_MEASURES  # two of the first rule, one of the second
MOST_FOUND = 5
SWEPT_AT_ONCE = 2000
EARLIER = 4  # photos of the student


@dataclass(frozen=True)
class Found:
    kind: Kind
    distance: float
    photo: int | None = None
    student: int | None = None


def enqueue(photo: Photo) -> None:
    queue.send("capture.tasks.compare_face", photo.school_id, photo.pk, queue=QUEUE)


def compare(*, photo_id: int) -> list[Found] | None:
    """Compare one photo inside its school's scope; None when it is compared already or there is nothing to compare."""
    photo = Photo.objects.select_related("student", "season").filter(pk=photo_id, face_compared_at=None).first()
    if photo is None:
        return None
    own = _numbers_of(photo) if consent.allows_admission_comparison(photo.student) else None
    if own is None:
        Photo.objects.filter(pk=photo.pk).update(face_compared_at=timezone.now())
        automatic_approval.approve_waiting(photo.pk)
        return None
    found = _with_own(photo, own) + _with_others(photo, own)
    _record(photo, own, found)
    automatic_approval.approve_waiting(photo.pk)
    return found


def _numbers_of(photo: Photo) -> np.ndarray | None:
    """Of the portrait: level, and every photo that a student may submit has one."""
    jpeg = files.content_of(photo.portrait.name)
    return None if jpeg is None else face_embedding.embed_jpeg(jpeg)


def _admission_numbers(student: Student) -> np.ndarray | None:
    """Of the admission photo; made when they are needed first."""
    known = face_numbers.stored(student.pk, None)
    if known is not None:
        return known
    jpeg = admission_photos.content_of(student.pk)
    numbers = face_embedding.embed_jpeg(jpeg) if jpeg else None
    if numbers is not None:
        with transaction.atomic():
            face_numbers.store(numbers, student=student, photo=None)
    return numbers


def _with_own(photo: Photo, numbers: np.ndarray) -> list[Found]:
    admission = _admission_numbers(photo.student)
    if admission is not None:
        return [Found(Kind.ADMISSION, face_embedding.distance(numbers, admission))]
    earlier = Photo.objects.filter(student=photo.student, pk__lt=photo.pk).exclude(preview="").order_by("-pk")
    found = []
    for other in earlier[:EARLIER]:
        theirs = _numbers_of_earlier(other)
        if theirs is not None:
            found.append(Found(Kind.ATTEMPT, face_embedding.distance(numbers, theirs), photo=other.pk))
    # The farthest: a stand-in who comes twice is near to the second of three photos.
    return [max(found, key=lambda one: one.distance)] if found else []


def _numbers_of_earlier(photo: Photo) -> np.ndarray | None:
    """Of a photo that was refused nothing is stored: its numbers are made and forgotten."""
    known = face_numbers.stored(photo.student_id, photo.pk)
    if known is not None:
        return known
    jpeg = files.content_of(photo.preview.name)
    return None if jpeg is None else face_embedding.embed_jpeg(jpeg)


def _with_others(photo: Photo, numbers: np.ndarray) -> list[Found]:
    faces = face_numbers.faces_of(photo.school_id, photo.season_id)
    bounds = limits.bounds(limits.in_force(photo.season), background=photo.season.background)
    found = []
    near = bounds.get(OTHERS, "warn")
    if near is not None:
        for student, other, distance in faces.nearest_photos(
            numbers, but=photo.student_id, limit=near, most=MOST_FOUND
        ):
            found.append(Found(Kind.SAME_FACE, distance, photo=other, student=student))
    far = bounds.get(OWN, "warn")
    admission = face_numbers.stored(photo.student_id, None)
    nearest = faces.nearest_admission(numbers, but=photo.student_id)
    if far is None or admission is None or nearest is None:
        return found
    student, distance = nearest
    if distance <= far and distance < face_embedding.distance(numbers, admission):
        theirs = faces.of_photos(student)
        swapped = len(theirs) and float(np.linalg.norm(theirs - admission, axis=1).min()) <= far
        found.append(Found(Kind.SWAPPED if swapped else Kind.OTHER_ADMISSION, distance, student=student))
    return found


@retried
def _record(photo: Photo, numbers: np.ndarray, found: list[Found]) -> None:
    student = Student.objects.select_for_update(of=("self",), no_key=True).get(pk=photo.student_id)
    if not consent.allows_admission_comparison(student):  # taken back meanwhile
        return
    others = [one.photo for one in found if one.kind == Kind.SAME_FACE and one.photo]
    rows = _locked([photo.pk, *others])
    mine = rows[photo.pk]
    face_numbers.store(numbers, student=student, photo=mine)
    FaceComparison.objects.filter(photo=mine, answer="").delete()
    for one in found:
        _add(mine, one)
        if one.kind == Kind.SAME_FACE and one.photo in rows:
            other = rows[one.photo]
            _add(other, Found(Kind.SAME_FACE, one.distance, photo=mine.pk, student=mine.student_id))
            _update(other)
        if one.kind == Kind.SWAPPED:
            _add_other_side(mine, one)
    _update(mine, face_compared_at=timezone.now())


def _locked(ids: list[int]) -> dict[int, Photo]:
    """In the order of the ids, so that two comparisons cannot block each other."""
    photos = Photo.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids)
    return {row.pk: row for row in photos.select_related("student", "season").order_by("pk")}


def _add(photo: Photo, found: Found) -> None:
    """A row that a person has answered stays."""
    FaceComparison.objects.get_or_create(
        photo=photo,
        kind=found.kind,
        other_student_id=found.student,
        defaults={"school_id": photo.school_id, "other_photo_id": found.photo, "distance": found.distance},
    )


def _add_other_side(photo: Photo, found: Found) -> None:
    """The other student's current photo fits this student's admission photo."""
    other = Photo.objects.filter(student=found.student, is_current=True).first()
    admission = face_numbers.stored(photo.student_id, None)
    theirs = other and face_numbers.stored(other.student_id, other.pk)
    if other is None or admission is None or theirs is None:
        return
    distance = face_embedding.distance(theirs, admission)
    FaceComparison.objects.filter(photo=other, kind=Kind.OTHER_ADMISSION, answer="").delete()
    _add(other, Found(Kind.SWAPPED, distance, student=photo.student_id))


def _update(photo: Photo, **fields: Any) -> None:
    """Update measures, findings and outcome to the comparisons; one UPDATE (see likeness._update_outcome)."""
    rows = list(FaceComparison.objects.filter(photo=photo))
    measures = {key: value for key, value in photo.measures.items() if key not in consent.FACE_MEASURES}
    for row in rows:
        if row.kind in (Kind.ADMISSION, Kind.ATTEMPT):
            measures[DISTANCE] = round(row.distance, 4)
            if row.answer == FaceComparison.Answer.SAME:
                measures[OWN_ANSWERED] = 1
        elif row.kind == Kind.SAME_FACE and row.answer != FaceComparison.Answer.DIFFERENT:
            measures[OTHER_DISTANCE] = min(measures.get(OTHER_DISTANCE, 2.0), round(row.distance, 4))
    fields["measures"] = photo.measures = measures
    if photo.season.status != Season.Status.CLOSED:
        later_findings.update(photo, (OWN, OTHERS), kind="photo.face_doubted")
        photo.outcome = fields["outcome"] = photo.outcome_found()
    Photo.objects.filter(pk=photo.pk).update(**fields)


@retried
def answer(*, row: FaceComparison, answer: str, by: User) -> FaceComparison:
    """Record what a person says of the two pictures. Raises Conflict when somebody has said it already."""
    if answer not in FaceComparison.Answer.values:
        raise PortalError(_("Say whether the pictures show one person or two."))
    if row.is_beyond_limit:
        raise NotAllowed(_("The other student is not of your classes: somebody who sees the whole school answers."))
    photo = _locked([row.photo_id])[row.photo_id]
    given = {"answer": answer, "answered_at": timezone.now(), "answered_by_name": by.actor_name[:80]}
    if not FaceComparison.objects.filter(pk=row.pk, answer="").update(**given):
        raise Conflict(_("Somebody has already said whether these pictures show one person."))
    _update(photo)
    history.record(
        "photo.face_answered",
        photo,
        by=by,
        facts={"answer": answer, "with": row.kind, "distance": round(row.distance, 2)},
    )
    row.refresh_from_db()
    return row


BETWEEN_STUDENTS = (Kind.SWAPPED, Kind.OTHER_ADMISSION, Kind.SAME_FACE)
OWN_KINDS = (Kind.ADMISSION, Kind.ATTEMPT)


def doubted(season: Season) -> QuerySet[FaceComparison]:
    """What a person has to look at: faces that fit another student's picture, and those far from the own one."""
    warned = Finding.objects.filter(photo=OuterRef("photo"), rule=OWN)
    far = Q(Exists(warned), kind__in=OWN_KINDS)
    rows = FaceComparison.objects.filter(Q(kind__in=BETWEEN_STUDENTS) | far, photo__season=season)
    return rows.select_related("photo__student__school", "other_student")


def sweep() -> int:
    """Queue photos whose face was not compared: its worker stopped, or an admission photo or a consent came later."""
    before = timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS)
    with system_scope():
        left = Photo.objects.filter(face_compared_at=None, checked_at__lt=before).order_by("checked_at")
        photos = list(left[:SWEPT_AT_ONCE])
    for photo in photos:
        enqueue(photo)
    return len(photos)

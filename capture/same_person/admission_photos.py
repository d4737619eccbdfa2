"""The admission photos of students: where each lies encrypted, and how long it is kept."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from capture.models import AdmissionPart, AdmissionPhoto, AdmissionUpload, FaceComparison, FaceNumbers, Photo
from portal import files, history
from portal.changes.transactions import retried
from portal.errors import PortalError
from portal.models import User
from portal.security.encryption import Place
from portal.security.sealed_files import SealedFiles
from schools.models import Enrolment, Season
from students.models import Student
from students.privacy import erasure, rotation


def _place(row: AdmissionPhoto) -> Place:
    return Place("admissionphoto.picture", str(row.student_id))


SEALED = SealedFiles(AdmissionPhoto.objects.all, "picture", _place)
rotation.registers("admission photos", SEALED.count_by_version, SEALED.rewrite)


def store(pictures: Mapping[int, bytes], *, upload: AdmissionUpload) -> None:
    """Keep pictures, {student: JPEG}, in place of earlier ones, and forget the numbers of those. Students of the school of
    the upload; who was erased meanwhile gets none.

    The files are written before a row is locked.
    """
    rows = [
        AdmissionPhoto(student_id=student, school_id=upload.school_id, season_id=upload.season_id, upload_no=upload.pk)
        for student in pictures
    ]
    with files.writing() as write:
        contents = list(zip(rows, pictures.values(), strict=True))
        for row, new in zip(rows, SEALED.store_each(contents, write=write, filename="admission"), strict=True):
            row.picture, row.picture_size = new["picture"], new["picture_size"]
        _save(rows)


@retried
def _save(rows: list[AdmissionPhoto]) -> None:
    ids = [row.student_id for row in rows]
    locked = Student.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    present = {student.pk for student in locked if not student.is_erased}
    earlier = list(AdmissionPhoto.objects.filter(student__in=present).values_list("picture", flat=True))
    files.delete_after_commit(earlier + [row.picture.name for row in rows if row.student_id not in present])
    AdmissionPhoto.objects.bulk_create(
        [row for row in rows if row.student_id in present],
        update_conflicts=True,
        unique_fields=("student",),
        update_fields=("picture", "picture_size", "upload_no", "stored_at"),
    )
    FaceNumbers.objects.filter(student__in=present, photo=None).delete()
    # What was taken before is compared with the picture now.
    Photo.objects.filter(student__in=present, is_current=True).update(face_compared_at=None)


def content_of(student_id: int) -> bytes:
    """The JPEG for the product itself; empty where there is none."""
    row = AdmissionPhoto.objects.filter(student=student_id).first()
    return b"" if row is None else SEALED.content_of(row)


def picture(student: Student, *, by: User) -> bytes:
    """The JPEG for a person; the look is recorded. Raises PortalError when it is no longer kept."""
    content = content_of(student.pk)
    if not content:
        raise PortalError(_("The admission photo of this student is no longer kept."))
    history.record("student.admission_photo_seen", student, by=by)
    return content


def kept_too_long(before: dt.datetime) -> QuerySet[AdmissionPhoto]:
    """Of schools whose proofreading is over, and of closed seasons, stored before this moment."""
    over = Enrolment.objects.filter(status__in=Enrolment.FINISHED).values("school_id", "season_id")
    is_over = Q(season__in=Season.objects.filter(status__in=Season.ENDED))
    for pair in over:
        is_over |= Q(**pair)
    return AdmissionPhoto.objects.filter(is_over, stored_at__lt=before)


def delete_old(before: dt.datetime) -> int:
    """Delete these with the numbers of all faces of their schools; what was found and decided stays. Returns how many.
    Needs a scope of all schools."""
    rows = kept_too_long(before)
    for school_id, season_id in rows.values_list("school_id", "season_id").order_by().distinct():
        FaceNumbers.objects.filter(school_id=school_id, season_id=season_id).delete()
    done = 0
    for row in rows.iterator(chunk_size=500):
        files.delete([row.picture.name])
        AdmissionPhoto.objects.filter(pk=row.pk).delete()
        done += 1
    return done


def discard_parts(upload: AdmissionUpload) -> None:
    """Delete what was sent."""
    rows = AdmissionPart.objects.filter(upload=upload)
    files.delete_after_commit([row.file.name for row in rows])
    rows.delete()


@erasure.registers_eraser
def erase(student: Student, whole: bool) -> None:
    """The registry needs none of it: it goes also where the record is kept."""
    rows = AdmissionPhoto.objects.filter(student=student)
    files.delete_after_commit([row.picture.name for row in rows])
    rows.delete()
    FaceNumbers.objects.filter(student=student).delete()
    FaceComparison.objects.filter(Q(photo__student=student) | Q(other_student=student)).delete()


def coverage_of_schools(season: Season) -> dict[int, int]:
    """{school: students with an admission photo}. Needs a scope of all schools."""
    rows = AdmissionPhoto.objects.filter(season=season).exclude(student__stage=Student.Stage.LEFT)
    return dict(rows.order_by().values_list("school").annotate(n=Count("pk")))


def coverage(season: Season, school: Any) -> tuple[int, int]:
    """(students with an admission photo, students) of a school."""
    students = Student.objects.filter(season=season, school=school).exclude(stage=Student.Stage.LEFT)
    return students.filter(admission_photo__isnull=False).count(), students.count()

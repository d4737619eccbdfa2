"""The photos of a student who moves to another school: copied there with their files, verdicts and consents."""

from django.utils.translation import gettext as _

from capture import retention
from capture.live import films
from capture.models import Consent, Exemption, Finding, Imprint, Likeness, Photo
from capture.same_person import admission_photos
from students.models import Student
from students.moving import move, school_changes
from students.moving.move import Copies, Move

FILES = ("original", "preview", "portrait", "thumbnail")


@school_changes.registers_obstacle
def being_judged(student: Student) -> str:
    if student.stage != Student.Stage.CHECKING:
        return ""
    return _("A photo of this student is being checked at this moment. Try again in a minute.")


@move.registers_copier
def copy_photos(copies: Copies) -> None:
    for photo in Photo.objects.filter(student=copies.old):
        copies.twin(photo, FILES)


@move.registers_mover
def move_photos(found: Move) -> None:
    """Copy what is stored of the face, then delete it at the school before; decisions and findings stay there as a record.

    Figures and lists have each photo once: where its student is.
    """
    for row in (*Consent.objects.filter(student=found.old), *Exemption.objects.filter(student=found.old)):
        found.copy(row, student_id=found.new.pk)
    for photo in Photo.objects.filter(student=found.old).order_by("pk"):
        twin = found.copy(photo, files_of=FILES, student_id=found.new.pk)
        found.photos[photo.pk] = twin.pk
        _copy_findings(found, photo, twin)
    Photo.objects.filter(student=found.old).update(is_current=False, is_moved=True)
    retention.erase_photos(found.old, True)
    admission_photos.erase(found.old, True)
    films.erase(found.old, True)
    # The new school has admission photos and students of its own.
    Photo.objects.filter(student=found.new, is_current=True).update(face_compared_at=None)
    if found.photos:
        found.told["photos"] = len(found.photos)


def _copy_findings(found: Move, photo: Photo, twin: Photo) -> None:
    for model in (Finding, Imprint, Likeness):
        for row in model._base_manager.filter(photo=photo):
            found.copy(row, photo_id=twin.pk)
    Likeness.objects.filter(other=photo).update(other=twin)

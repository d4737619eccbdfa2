"""The evidence of a correction: a picture of the document, encrypted on the disk, kept for KEEP_EVIDENCE_DAYS.

How a file that people send becomes a picture: `proofing.evidence`.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import files, history
from portal.errors import Conflict, PortalError
from portal.security import encryption
from portal.security.sealed_files import SealedFiles
from students.identity import id_encryption
from students.models import Correction, Student
from students.privacy import erasure

NO_FILE = {"evidence": "", "evidence_size": 0}


def attach(correction: Correction, *, jpeg: bytes, by: history.Actor) -> Correction:
    """Keep the picture, in place of an earlier one. Raises Conflict once somebody has checked the correction."""
    with files.writing() as write:
        return attach_written(written(correction.student, correction.field, jpeg, write=write), correction, by=by)


def written(student: Student, field: str, jpeg: bytes, *, write: files.Writer) -> Correction:
    """An unsaved correction of this field with the picture: its file is written before a row is locked."""
    row = Correction(student=student, school_id=student.school_id, field=field, evidence_at=timezone.now())
    for name, value in stored(row, jpeg, write=write).items():
        setattr(row, name, value)
    return row


@transaction.atomic
def attach_written(new: Correction, correction: Correction, *, by: history.Actor) -> Correction:
    """As `attach`, with what was written."""
    rows = Correction.objects.select_for_update(of=("self",), no_key=True).select_related("student")
    row = rows.get(pk=correction.pk)
    if row.status != Correction.Status.OPEN:
        raise Conflict(_("This correction has been checked or decided: its evidence stays as it is."))
    files.delete_after_commit([row.evidence.name])
    keep(new, of=row)
    history.record("correction.evidence_added", row, by=by)
    return row


def keep(new: Correction, *, of: Correction) -> None:
    """The evidence of an unsaved row becomes that of a saved one."""
    new.pk = of.pk
    for name in ("evidence", "evidence_size", "evidence_at"):
        setattr(of, name, getattr(new, name))
    of.save(update_fields=["evidence", "evidence_size", "evidence_at"])


def stored(row: Correction, jpeg: bytes, *, write: files.Writer) -> dict[str, Any]:
    """Write the picture, encrypted; the new values of the row."""
    return SEALED.store(row, jpeg, write=write, filename="evidence")


def picture(correction: Correction, *, by: history.Actor) -> bytes:
    """The picture (JPEG); the look is recorded. Raises PortalError when it is no longer kept."""
    content = content_of(correction)
    if not content:
        raise PortalError(_("The evidence of this correction is no longer kept."))
    history.record("correction.evidence_seen", correction, by=by)
    return content


def content_of(correction: Correction) -> bytes:
    """The picture for the product itself; empty where there is none."""
    return SEALED.content_of(correction)


def _place(correction: Correction) -> encryption.Place:
    return id_encryption.evidence_place(student_id=correction.student_id, field=correction.field)


SEALED = SealedFiles(Correction.objects.all, "evidence", _place)


def older_than(moment: dt.datetime) -> QuerySet[Correction]:
    """Those with evidence that were decided before this moment."""
    return Correction.objects.filter(decided_at__lt=moment).exclude(evidence="")


def delete(moment: dt.datetime) -> int:
    """Delete evidence of corrections that were decided before this moment; return how many."""
    rows = list(older_than(moment))
    for row in rows:
        files.delete([row.evidence.name])
        Correction.objects.filter(pk=row.pk).update(**NO_FILE)
    return len(rows)


@erasure.registers_eraser
def _erase(student: Student, whole: bool) -> None:
    """The registry needs no picture of a document: it goes also where the record is kept."""
    delete_of(student)


def delete_of(student: Student) -> None:
    rows = Correction.objects.filter(student=student).exclude(evidence="")
    files.delete_after_commit([row.evidence.name for row in rows])
    rows.update(**NO_FILE)

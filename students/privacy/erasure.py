"""Erasing one student: what a request for deletion reaches, and where it ends.

The center erases when a student asks, or when a roster held somebody who should not be on it. A degree
that is or will be registered needs the record: while the portrait is with the school, the printing
house or the registry (stages of KEPT_FOR_THE_REGISTRY), only what the registry does not need goes.

The row stays, without the person: photos, payments and the history point to it, and the history keeps
ids only.
"""

import secrets
from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from portal import history
from portal.errors import PortalError
from portal.models import Contact, Delivery, Notification
from portal.privacy import job_files
from students.models import Student, StudentSession

STAGES = Student.Stage
KEPT_FOR_THE_REGISTRY = (STAGES.APPROVED, STAGES.PROOFED, STAGES.PRINTED, STAGES.DELIVERED)
ERASED = "已删除"
Eraser = Callable[[Student, bool], None]
_ERASERS: list[Eraser] = []


def registers_eraser(eraser: Eraser) -> Eraser:
    """Register what a room deletes: `eraser(student, whole)`; `whole`: also what the registry needs."""
    _ERASERS.append(eraser)
    return eraser


def is_kept_for_registry(student: Student) -> bool:
    return student.stage in KEPT_FOR_THE_REGISTRY


def erase(*, student: Student, reason: str, by: history.Actor) -> bool:
    """Erase the student; whether it was the whole record. Raises PortalError without a reason."""
    if not reason.strip():
        raise PortalError(_("Please give the reason."))
    with transaction.atomic():
        row = Student.objects.select_for_update(of=("self",)).get(pk=student.pk)
        whole = not is_kept_for_registry(row)
        erase_traces(row, whole)
        row.phone = row.email = ""
        if whole:
            _remove_person(row)
        row.save()
        facts = {"whole": whole, "reason": reason.strip()}
        history.record("student.erased", row, by=by, facts=facts)
        withdraw = partial(job_files.withdraw, school_id=row.school_id, season_id=row.season_id)
        withdraw()
        transaction.on_commit(withdraw)  # once more: of a job that began meanwhile and still saw the student
    return whole


def erase_traces(row: Student, whole: bool) -> None:
    """What other rows say of the student; the student's own row is left to the caller."""
    for eraser in _ERASERS:
        eraser(row, whole)
    messages = Notification.objects.filter(Q(recipient_key=row.actor_key) | Q(about_key=row.actor_key))
    Delivery.objects.filter(notification__in=messages).delete()
    messages.delete()
    Contact.objects.filter(recipient_key=row.actor_key).delete()


def _remove_person(row: Student) -> None:
    StudentSession.objects.filter(student=row).delete()
    row.name, row.student_no = ERASED, f"{Student.ERASED_NUMBER}{row.pk}"
    row.gender = row.level = row.college = row.major = row.class_name = ""
    row.lock_reason = row.id_masked = ""
    row.id_number = secrets.token_hex(16)  # nobody's: the hash of the old number must not stay

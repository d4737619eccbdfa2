"""Reopening the proofreading of students whose confirmed data have changed."""

from collections.abc import Iterable

from portal import history, notifications
from portal.changes import states
from schools.models import School
from students.models import Student


def reopen_proofs(ids: Iterable[int], *, school: School, by: history.Actor) -> int:
    """Set proofread students back to approved and notify them. Returns how many were set back.

    Call it in the transaction that changes the data.
    """
    confirmed = Student.objects.filter(pk__in=list(ids), school=school, stage=Student.Stage.PROOFED)
    reopened = states.change_many(confirmed, Student.Stage.APPROVED, by=by, kind="student.proof_reopened")
    students = Student.objects.filter(pk__in=reopened)
    notifications.notify_many(students, school=school, kind="student.proof_reopened")
    return len(reopened)

"""When data that a student has proofread change, the student must look at them again, and is told so."""

from collections.abc import Iterable

from portal import history, notifications, states
from schools.models import School
from students.models import Student


def reopen(ids: Iterable[int], *, school: School, by: history.Actor) -> int:
    """Open the finished proofreading of these students again; return of how many. In the transaction of the change."""
    confirmed = Student.objects.filter(pk__in=list(ids), school=school, stage=Student.Stage.PROOFED)
    reopened = states.change_many(confirmed, Student.Stage.APPROVED, by=by, kind="student.proof_reopened")
    students = Student.objects.filter(pk__in=reopened)
    notifications.notify_many(students, school=school, kind="student.proof_reopened")
    return len(reopened)

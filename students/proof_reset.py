"""When data that a student has proofread change, the student must look at them again, and is told so."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from portal import history, notifications, states
from schools.models import School
from students.models import Student


def reopen(ids: Iterable[int], *, school: School, by: history.Actor) -> int:
    """Open the finished proofreading of these students again; return of how many. In the transaction of the change."""
    confirmed = Student.objects.filter(pk__in=list(ids), school=school, stage=Student.Stage.PROOFED)
    reopened = states.change_many(confirmed, Student.Stage.APPROVED, by=by, kind="student.proof_reopened")
    for student in Student.objects.filter(pk__in=reopened):
        notifications.tell(
            student,
            school=school,
            kind="student.proof_reopened",
            subject=_("Please proofread once more"),
            body=_("Your school has changed data that you had confirmed. Look at them again and confirm."),
            link=reverse("proofing:proof"),
            email=student.email,
        )
    return len(reopened)

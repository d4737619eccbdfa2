"""The daily reminders: to schools about the feedback form, to students about their proof."""

import datetime as dt

from django.utils import timezone

from portal import notifications
from portal.models import Notification
from portal.tenancy import school_scope, system_scope
from proofing import proofs
from schools.days import deadlines
from schools.models import Action, Enrolment, Season

# How many working days before the deadline a school is reminded. 0 is the due day, -1 the day
# after.
SCHOOL_DAYS = (20, 10, 5, 2, 0, -1)
STUDENT_DAYS = (15, 5, 1)  # when the round begins they are told by capture_period
SCHOOL_KIND, OVERDUE_KIND, STUDENT_KIND = "feedback.due", "feedback.overdue", "proof.due"


def remind_all(today: dt.date | None = None) -> int:
    """Remind the schools that are proofreading, and their students who have not confirmed.

    Returns the number of notifications.
    """
    today = today or timezone.localdate()
    with system_scope():
        enrolments = list(
            Enrolment.objects.filter(
                status=Enrolment.Status.PROOFREADING, season__in=Season.objects.allowing(Action.FEEDBACK)
            )
            .exclude(proof_due_on=None)
            .select_related("school", "season")
        )
    return sum(_remind(enrolment, today) for enrolment in enrolments)


def _remind(enrolment: Enrolment, today: dt.date) -> int:
    if enrolment.proof_due_on is None:
        return 0
    left = deadlines.workdays_left(enrolment.proof_due_on, today)
    sent = 0
    with school_scope(enrolment.school):
        if left in SCHOOL_DAYS and not _has_reminded(today, SCHOOL_KIND, OVERDUE_KIND):
            sent += _remind_school(enrolment, left)
        if left in STUDENT_DAYS and not _has_reminded(today, STUDENT_KIND):
            sent += _remind_students(enrolment)
    return sent


def _has_reminded(today: dt.date, *kinds: str) -> bool:
    """Whether a reminder of one of these kinds was made today. The task may run twice a day."""
    return Notification.objects.filter(kind__in=kinds, created_at__date=today).exists()


def _remind_school(enrolment: Enrolment, left: int) -> int:
    now = proofs.count_students(enrolment)
    parameters = {"day": enrolment.proof_due_on, "students": now.to_confirm + now.undecided}
    kind = OVERDUE_KIND if left < 0 else SCHOOL_KIND
    if kind == SCHOOL_KIND:
        parameters["n"] = left
    return len(notifications.notify_school(enrolment.school, season=enrolment.season, kind=kind, parameters=parameters))


def _remind_students(enrolment: Enrolment) -> int:
    students = proofs.awaiting_confirmation(enrolment)
    day = {"day": enrolment.proof_due_on}
    return notifications.notify_many(students, school=enrolment.school, kind=STUDENT_KIND, parameters=day)

"""Every morning: what a school or a student still has to do before a deadline of the notice."""

import datetime as dt

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import notifications
from portal.models import Message
from portal.tenancy import school_scope, system_scope
from proofing import proofs
from schools.models import Enrolment, Season
from schools.workdays import workdays_between

# Working days before the deadline on which a school is reminded; 0 is the day itself, -1 the day after.
SCHOOL_DAYS = (20, 10, 5, 2, 0, -1)
STUDENT_DAYS = (29, 15, 5, 1)
SCHOOL_KIND, STUDENT_KIND = "feedback.due", "proof.due"


def remind_all(today: dt.date | None = None) -> int:
    """Remind the schools that proofread, and their students who have not answered. Returns how many messages went."""
    today = today or timezone.localdate()
    with system_scope():
        enrolments = list(
            Enrolment.objects.filter(status=Enrolment.Status.PROOFREADING, season__status=Season.Status.OPEN)
            .exclude(proof_due_on=None)
            .select_related("school", "season")
        )
    with translation.override(settings.LANGUAGE_CODE):
        return sum(_remind(enrolment, today) for enrolment in enrolments)


def _remind(enrolment: Enrolment, today: dt.date) -> int:
    if enrolment.proof_due_on is None:
        return 0
    left = workdays_between(today, enrolment.proof_due_on)
    sent = 0
    with school_scope(enrolment.school):
        if left in SCHOOL_DAYS and not _told(SCHOOL_KIND, today):
            sent += _remind_school(enrolment, left)
        if left in STUDENT_DAYS and not _told(STUDENT_KIND, today):
            sent += _remind_students(enrolment)
    return sent


def _told(kind: str, today: dt.date) -> bool:
    """Whether this morning's round has been here already: the task may run twice."""
    return Message.objects.filter(kind=kind, created_at__date=today).exists()


def _remind_school(enrolment: Enrolment, left: int) -> int:
    now = proofs.standing(enrolment)
    if left < 0:
        subject = _("The feedback form is overdue")
    else:
        subject = ngettext(
            "%(n)d working day left for the feedback form", "%(n)d working days left for the feedback form", left
        ) % {"n": left}
    body = _(
        "Due on %(day)s. Not settled yet: %(n)d students. A late form delays the registration of your graduates."
    ) % {
        "day": enrolment.proof_due_on,
        "n": now.to_confirm + now.undecided,
    }
    told = notifications.tell_school(
        enrolment.school, kind=SCHOOL_KIND, subject=subject, body=body, link="/school/feedback/"
    )
    return len(told)


def _remind_students(enrolment: Enrolment) -> int:
    return notifications.tell_many(
        [(student, student.email) for student in proofs.to_settle(enrolment)],
        school=enrolment.school,
        kind=STUDENT_KIND,
        subject=_("Please check your portrait and your data"),
        body=_("Confirm them by %(day)s, or say what is wrong.") % {"day": enrolment.proof_due_on},
        link="/me/proof/",
    )

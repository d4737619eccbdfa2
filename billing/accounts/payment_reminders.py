"""The reminders to schools that owe, before and after the day by which the season's notice asks for the money."""

import datetime as dt

from django.utils import timezone

from billing.accounts import fee_accounts
from portal import notifications
from portal.models import Notification
from portal.tenancy import school_scope, system_scope
from schools.days import deadlines
from schools.models import Enrolment, Season

# How many days before that day a school is reminded. 0 is the day itself, below zero it has passed.
DAYS = (30, 14, 7, 3, 1, 0, -1, -7, -14, -30)
DUE_KIND, OVERDUE_KIND = "fees.due", "fees.overdue"


def remind_all(today: dt.date | None = None) -> int:
    """Remind the schools that owe, of every season whose day is near or past. Returns the number of notifications."""
    today = today or timezone.localdate()
    days = [today + dt.timedelta(days=left) for left in DAYS]
    with system_scope():
        enrolments = list(
            Enrolment.objects.filter(season__payment_due__in=days, payment_mode=Enrolment.PaymentMode.SCHOOL)
            .exclude(season__status__in=(Season.Status.DRAFT, Season.Status.ARCHIVED))
            .select_related("school", "season")
        )
    return sum(_remind(enrolment, today) for enrolment in enrolments)


def _remind(enrolment: Enrolment, today: dt.date) -> int:
    with school_scope(enrolment.school):
        due_fen = fee_accounts.statement(enrolment).due_fen
        if not due_fen or _has_reminded(today):
            return 0
        due_on = enrolment.season.payment_due
        parameters = {"amount": due_fen, "day": due_on}
        if deadlines.is_payment_late(enrolment.season, today):
            told = notifications.notify_school(
                enrolment.school, season=enrolment.season, kind=OVERDUE_KIND, parameters=parameters
            )
        else:
            left = (due_on - today).days
            told = notifications.notify_school(
                enrolment.school, season=enrolment.season, kind=DUE_KIND, parameters={"n": left, **parameters}
            )
        return len(told)


def _has_reminded(today: dt.date) -> bool:
    """Whether a reminder was made today. The task may run twice a day."""
    return Notification.objects.filter(kind__in=(DUE_KIND, OVERDUE_KIND), created_at__date=today).exists()

"""What is told on the eve of a school's days: that they begin, and that they end."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from portal import notifications
from portal.models import Notification
from portal.tenancy import school_scope, system_scope
from schools.days import opening_hours
from schools.models import Action, Enrolment, Season
from students.models import Student

# Who has to take a photo. Those whose portrait is ready are reminded by the daily check.
TO_PHOTOGRAPH = (Student.Stage.WAITING, Student.Stage.RETAKE)


def remind_all(today: dt.date | None = None) -> int:
    """Tell students and schools whose days begin or end tomorrow. Returns the number of notifications."""
    today = today or timezone.localdate()
    with system_scope():
        rows = Enrolment.objects.filter(season__status=Season.Status.OPEN).select_related("school", "season")
        enrolments = [row for row in rows if row.allows(Action.PHOTOGRAPH)]
    return sum(_remind(enrolment, today) for enrolment in enrolments)


def _remind(enrolment: Enrolment, today: dt.date) -> int:
    tomorrow, sent = today + dt.timedelta(days=1), 0
    with school_scope(enrolment.school):
        periods = opening_hours.periods_of(school=enrolment.school, season=enrolment.season)
        beginning = [period for period in periods if period.starts_on == tomorrow]
        if beginning:
            first = beginning[0]
            days = {"day": tomorrow, "last": first.ends_on, "opens": f"{first.opens_at:%H:%M}"}
            sent += _tell(enrolment, today, "capture_opens", days | {"closes": f"{first.closes_at:%H:%M}"})
        if opening_hours.last_day(periods) == tomorrow and not beginning:
            sent += _tell(enrolment, today, "capture_closes", {"day": tomorrow})
    return sent


def _tell(enrolment: Enrolment, today: dt.date, kind: str, parameters: dict[str, object]) -> int:
    """Once a day, although the task may run twice."""
    school, to_school = enrolment.school, f"school_{kind}"
    earlier = Notification.objects.filter(school=school, kind__in=(kind, to_school), created_at__date=today)
    if earlier.exists():
        return 0
    left = Student.objects.filter(season=enrolment.season, school=school, stage__in=TO_PHOTOGRAPH, locked_at=None)
    numbers = parameters | {"n": left.count()}
    with transaction.atomic():
        staff = notifications.notify_school(school, kind=to_school, season=enrolment.season, parameters=numbers)
        return len(staff) + notifications.notify_many(left, school=school, kind=kind, parameters=parameters)

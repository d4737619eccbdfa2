"""What is told on the eve of a school's days: that they begin, and that they end.

Students hear of the days of their class where it has its own. On make-up days those are told who have no accepted photo.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal import notifications
from portal.models import Notification
from portal.tenancy import school_scope, system_scope
from schools.days import opening_hours
from schools.days.opening_hours import Period
from schools.models import Action, Enrolment, GroupDays, Season
from students.models import Student

# Who has to take a photo. Those whose portrait is ready are reminded by the daily check.
TO_PHOTOGRAPH = (Student.Stage.WAITING, Student.Stage.RETAKE)
Message = tuple[str, dict[str, Any]]  # kind, parameters


def remind_all(today: dt.date | None = None) -> int:
    """Tell students and schools whose days begin or end tomorrow. Returns the number of notifications."""
    today = today or timezone.localdate()
    with system_scope():
        rows = Enrolment.objects.filter(season__status=Season.Status.OPEN).select_related("school", "season")
        enrolments = [row for row in rows if row.allows(Action.PHOTOGRAPH) or row.allows(Action.RETAKE)]
    return sum(_remind(enrolment, today) for enrolment in enrolments)


def _remind(enrolment: Enrolment, today: dt.date) -> int:
    """Once a day, although the task may run twice."""
    school, tomorrow = enrolment.school, today + dt.timedelta(days=1)
    with school_scope(school):
        every = opening_hours.periods_of(school=school, season=enrolment.season)
        periods = opening_hours.left_to(enrolment, every)
        if not any(tomorrow in (period.starts_on, period.ends_on) for period in periods):
            return 0
        done = set(Notification.objects.filter(school=school, created_at__date=today).values_list("kind", flat=True))
        left = Student.objects.filter(season=enrolment.season, school=school, stage__in=TO_PHOTOGRAPH, locked_at=None)
        number, sent = left.count(), 0
        with transaction.atomic():
            for kind, parameters in _messages(periods, tomorrow):
                if f"school_{kind}" not in done:
                    numbers = parameters | {"n": number}
                    told = notifications.notify_school(
                        school, season=enrolment.season, kind=f"school_{kind}", parameters=numbers
                    )
                    sent += len(told)
            for own, students in _by_days(enrolment, periods, left):
                for kind, parameters in _messages(own, tomorrow):
                    if kind not in done:
                        sent += notifications.notify_many(students, school=school, kind=kind, parameters=parameters)
    return sent


def _messages(periods: Sequence[Period], tomorrow: dt.date) -> Iterator[Message]:
    for is_make_up, name in ((False, "capture"), (True, "make_up")):
        own = [period for period in periods if period.is_make_up is is_make_up]
        beginning = [period for period in own if period.starts_on == tomorrow]
        if beginning:
            first = beginning[0]
            hours = {"opens": f"{first.opens_at:%H:%M}", "closes": f"{first.closes_at:%H:%M}"}
            yield f"{name}_opens", {"day": tomorrow, "last": first.ends_on, **hours}
        elif opening_hours.last_day(own) == tomorrow:
            yield f"{name}_closes", {"day": tomorrow}


def _by_days(
    enrolment: Enrolment, periods: Sequence[Period], left: QuerySet[Student]
) -> Iterable[tuple[Sequence[Period], QuerySet[Student]]]:
    """The students by the days that they have."""
    rows = list(GroupDays.objects.filter(season=enrolment.season, school=enrolment.school))
    if not rows:
        return [(periods, left)]
    classes: dict[tuple[Period, ...], Q] = defaultdict(Q)
    for college, class_name in left.order_by().values_list("college", "class_name").distinct():
        own = opening_hours.narrow(periods, opening_hours.rows_of_group(rows, college, class_name))
        classes[tuple(own)] |= Q(college=college, class_name=class_name)
    return [(own, left.filter(which)) for own, which in classes.items()]

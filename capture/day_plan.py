"""How many students a school plans to photograph on each of its days, and how many handed a photo in."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from capture.models import Photo, Slot
from schools.days import opening_hours
from schools.days.opening_hours import Period
from schools.models import Enrolment, School, Season
from students import progress
from students.models import Student

BEFORE, AFTER = 7, 3  # days that are shown around today


@dataclass(frozen=True)
class Day:
    """`planned_by` and `handed_in_by`: until the evening of this day."""

    day: dt.date
    planned: int
    handed_in: int
    planned_by: int
    handed_in_by: int
    is_past: bool  # or today

    @property
    def behind(self) -> int:
        return max(self.planned_by - self.handed_in_by, 0) if self.is_past else 0


@dataclass(frozen=True)
class DayPlan:
    days: list[Day]
    students: int
    by_slots: bool  # else every day has the same number
    per_day_needed: int  # to be done on the last day; 0 when no day is left

    @property
    def shown(self) -> list[Day]:
        """Some days before today and after."""
        passed = sum(day.is_past for day in self.days)
        return self.days[max(passed - BEFORE, 0) : passed + AFTER]


def of_school(school: School, season: Season, today: dt.date) -> DayPlan:
    """Five queries."""
    periods = opening_hours.regular(opening_hours.periods_of(school=school, season=season))
    students = Student.objects.filter(school=school, season=season).exclude(stage=Student.Stage.LEFT).count()
    if enrolment := Enrolment.objects.filter(school=school, season=season).first():
        students = progress.expected(enrolment, students)
    slots = Slot.objects.filter(school=school, season=season)
    planned = dict(slots.order_by().values_list("day").annotate(n=Sum("students")))
    handed_in = Photo.objects.filter(school=school, season=season, is_current=True, submitted_at__isnull=False)
    handed_in = handed_in.filter(student__stage__in=Student.CAPTURED).annotate(on=TruncDate("submitted_at"))
    done = dict(handed_in.order_by().values_list("on").annotate(n=Count("pk")))
    return plan(_days_of(periods), students=students, planned=planned, done=done, today=today)


def plan(
    days: list[dt.date], *, students: int, planned: dict[dt.date, int], done: dict[dt.date, int], today: dt.date
) -> DayPlan:
    """`planned` by slots; without any, the students are spread evenly over `days`."""
    by_slots = bool(planned)
    if not by_slots:
        planned = _spread(students, days)
    found, planned_by, done_by = [], 0, 0
    for day in sorted({*days, *planned, *done}):
        planned_by += planned.get(day, 0)
        done_by += done.get(day, 0)
        found.append(Day(day, planned.get(day, 0), done.get(day, 0), planned_by, done_by, day <= today))
    left = sum(day >= today for day in days)
    return DayPlan(found, students, by_slots, -(-max(students - done_by, 0) // left) if left else 0)


def _spread(students: int, days: list[dt.date]) -> dict[dt.date, int]:
    return {day: students * (place + 1) // len(days) - students * place // len(days) for place, day in enumerate(days)}


def _days_of(periods: Iterable[Period]) -> list[dt.date]:
    return sorted(
        {
            period.starts_on + dt.timedelta(days=n)
            for period in periods
            for n in range((period.ends_on - period.starts_on).days + 1)
        }
    )

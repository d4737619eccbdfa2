"""The days of the areas of a season as one table, and what should be looked at in them."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from schools.days import deadlines, opening_hours, schedule_warnings, workdays
from schools.days.schedule_warnings import ScheduleWarning, Span
from schools.models import Area, Enrolment, Season, Window, WindowKind


@dataclass(frozen=True)
class AreaRow:
    area: Area
    days: Window | None
    make_up: Sequence[Window]
    schools: int  # that take part
    due: deadlines.Deadline | None

    @property
    def number(self) -> int:
        return (self.days.ends_on - self.days.starts_on).days + 1 if self.days else 0

    @property
    def workdays(self) -> int:
        if self.days is None:
            return 0
        return workdays.workdays_between(self.days.starts_on - dt.timedelta(days=1), self.days.ends_on)


def rows_of(season: Season) -> list[AreaRow]:
    """Every area that has days or schools in the season, by its first day; those without days last. Needs a scope."""
    schools = Counter(Enrolment.objects.filter(season=season).order_by().values_list("school__area", flat=True))
    windows = list(Window.objects.filter(season=season))
    found = []
    for area in Area.objects.all():
        own = [row for row in windows if row.area_id == area.pk]
        if own or schools[area.pk]:
            due = deadlines.of_area(season, opening_hours.merge_periods(season, own, []))
            days = next((row for row in own if row.kind == WindowKind.REGULAR), None)
            make_up = [row for row in own if row.kind == WindowKind.MAKE_UP]
            found.append(AreaRow(area, days, make_up, schools[area.pk], due))
    return sorted(found, key=lambda row: (row.days is None, row.days.starts_on if row.days else dt.date.max))


def spans_of(rows: Sequence[AreaRow]) -> list[Span]:
    return [
        Span(
            row.area.name,
            each.starts_on,
            each.ends_on,
            is_make_up=each.kind == WindowKind.MAKE_UP,
            form_due=row.due.day if row.due else None,
        )
        for row in rows
        for each in filter(None, (row.days, *row.make_up))
    ]


def warnings_of(season: Season, rows: Sequence[AreaRow]) -> list[ScheduleWarning]:
    without = [row.area.name for row in rows if row.schools and not (row.days or row.make_up)]
    return schedule_warnings.of_season(season.year, spans_of(rows), without_days=without)

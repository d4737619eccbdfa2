"""When a school may photograph: the days of its area (annex 1), and the days that the center has granted it besides.

An exception adds days or hours; it never takes away those of the area.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from schools.models import School, Season, Window, WindowException


@dataclass(frozen=True)
class Period:
    """Days, both included, and on each of them the hours from `opens_at` until just before `closes_at`."""

    starts_on: dt.date
    ends_on: dt.date
    opens_at: dt.time
    closes_at: dt.time
    reason: str = ""

    def holds(self, moment: dt.datetime) -> bool:
        local = timezone.localtime(moment)
        return self.has_day(local.date()) and self.opens_at <= local.time() < self.closes_at

    def has_day(self, day: dt.date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def next_opening(self, moment: dt.datetime) -> dt.datetime | None:
        """The first opening after `moment`; None when there is none left."""
        local = timezone.localtime(moment)
        day = max(self.starts_on, local.date())
        if day == local.date() and local.time() >= self.opens_at:
            day += dt.timedelta(days=1)
        return timezone.make_aware(dt.datetime.combine(day, self.opens_at)) if day <= self.ends_on else None


def periods_of(*, school: School, season: Season) -> list[Period]:
    """The school's periods in the order of their first days; empty when its area has no days. Needs a scope."""
    windows = Window.objects.filter(season=season, area=school.area_id)
    exceptions = WindowException.objects.filter(season=season, school=school)
    return merge(season, windows, exceptions)


def merge(season: Season, windows: Iterable[Window], exceptions: Iterable[WindowException]) -> list[Period]:
    """The same for rows that the caller has at hand."""
    regular = [Period(row.starts_on, row.ends_on, season.opens_at, season.closes_at) for row in windows]
    granted = [
        Period(
            row.starts_on, row.ends_on, row.opens_at or season.opens_at, row.closes_at or season.closes_at, row.reason
        )
        for row in exceptions
    ]
    return sorted(regular + granted, key=lambda period: (period.starts_on, period.ends_on))


def is_open(periods: Iterable[Period], moment: dt.datetime) -> bool:
    return any(period.holds(moment) for period in periods)


def next_opening(periods: Iterable[Period], moment: dt.datetime) -> dt.datetime | None:
    """When the camera opens next, if it is closed at `moment`."""
    return min(filter(None, (period.next_opening(moment) for period in periods)), default=None)


def last_day(periods: Iterable[Period]) -> dt.date | None:
    return max((period.ends_on for period in periods), default=None)


def days_left(periods: Iterable[Period], day: dt.date) -> int:
    """Days on which may be photographed, from `day` on and with it."""
    days: set[dt.date] = set()
    for period in periods:
        first = max(period.starts_on, day)
        days.update(first + dt.timedelta(days=n) for n in range((period.ends_on - first).days + 1))
    return len(days)

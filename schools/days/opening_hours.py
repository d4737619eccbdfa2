"""When a school may photograph: on the days of its area, and on days that the center grants it.

The timetable (`schools.days.timetable`) is written by the center. This module only reads it.
An exception adds days or hours; it never removes days of the area. A student whose photo was
returned may retake it after the school's days, within the season's hours, until the feedback form
is sent.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from portal import formatting
from schools.models import Action, Enrolment, School, Season, Window, WindowException

GRACE = dt.timedelta(minutes=10)  # an upload begun before closing may arrive this much later
RETAKE_DAYS = 365  # a retake is open from today for this many days


@dataclass(frozen=True)
class Period:
    """Days `starts_on` to `ends_on`, both included; hours `opens_at` up to, not with, `closes_at`."""

    starts_on: dt.date
    ends_on: dt.date
    opens_at: dt.time
    closes_at: dt.time
    reason: str = ""

    def includes(self, moment: dt.datetime) -> bool:
        local = timezone.localtime(moment)
        return self.includes_day(local.date()) and self.opens_at <= local.time() < self.closes_at

    def includes_day(self, day: dt.date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def next_opening(self, moment: dt.datetime) -> dt.datetime | None:
        """The first opening after `moment`, or None."""
        local = timezone.localtime(moment)
        day = max(self.starts_on, local.date())
        if day == local.date() and local.time() >= self.opens_at:
            day += dt.timedelta(days=1)
        return timezone.make_aware(dt.datetime.combine(day, self.opens_at)) if day <= self.ends_on else None


def periods_of(*, school: School, season: Season) -> list[Period]:
    """The school's periods, sorted by first day; empty when its area has no days. Needs a scope."""
    windows = Window.objects.filter(season=season, area=school.area_id)
    exceptions = WindowException.objects.filter(season=season, school=school)
    return merge_periods(season, windows, exceptions)


def merge_periods(season: Season, windows: Iterable[Window], exceptions: Iterable[WindowException]) -> list[Period]:
    """The periods of rows that the caller has loaded: those of one area, and one school's."""
    regular = [Period(row.starts_on, row.ends_on, season.opens_at, season.closes_at) for row in windows]
    granted = [
        Period(
            row.starts_on, row.ends_on, row.opens_at or season.opens_at, row.closes_at or season.closes_at, row.reason
        )
        for row in exceptions
    ]
    return sorted(regular + granted, key=lambda period: (period.starts_on, period.ends_on))


def is_open(periods: Iterable[Period], moment: dt.datetime) -> bool:
    return any(period.includes(moment) for period in periods)


def next_opening(periods: Iterable[Period], moment: dt.datetime) -> dt.datetime | None:
    """The first opening after `moment` in any of the periods, or None."""
    return min(filter(None, (period.next_opening(moment) for period in periods)), default=None)


def last_day(periods: Iterable[Period]) -> dt.date | None:
    return max((period.ends_on for period in periods), default=None)


def days_left(periods: Iterable[Period], day: dt.date) -> int:
    """How many different days the periods have from `day` on; `day` is included."""
    days: set[dt.date] = set()
    for period in periods:
        first = max(period.starts_on, day)
        days.update(first + dt.timedelta(days=n) for n in range((period.ends_on - first).days + 1))
    return len(days)


@dataclass(frozen=True)
class Schedule:
    """The periods in which a student may be photographed.

    Without periods the days are not fixed yet, or the capture has ended (`ended_on`).
    """

    periods: tuple[Period, ...]
    ended_on: dt.date | None = None

    def is_open(self, at: dt.datetime, *, grace: dt.timedelta = dt.timedelta()) -> bool:
        return is_open(self.periods, at) or is_open(self.periods, at - grace)

    def closes_at(self, at: dt.datetime) -> dt.time | None:
        return max((period.closes_at for period in self.periods if period.includes(at)), default=None)

    def next_opening(self, at: dt.datetime) -> dt.datetime | None:
        return next_opening(self.periods, at)

    def is_over(self, at: dt.datetime) -> bool:
        known = bool(self.periods) or self.ended_on is not None
        return known and not self.is_open(at) and self.next_opening(at) is None

    def describe(self, at: dt.datetime) -> str:
        """One sentence for the student: when photos can be taken."""
        closing, opening = self.closes_at(at), self.next_opening(at)
        if closing is not None:
            return _("Photos can be taken now, today until %(time)s.") % {"time": f"{closing:%H:%M}"}
        if opening is not None:
            return _("Photos can be taken from %(day)s at %(time)s.") % _day_and_time(opening)
        if self.is_over(at):
            return _("The days of your school are over. If you have no photo yet, ask the person in charge there.")
        return _("The days of your school are not fixed yet. Your school will tell you.")

    def describe_days(self, at: dt.datetime) -> str:
        """The remaining days with their hours, else the last ones; empty when none is fixed."""
        left = [period for period in self.periods if period.ends_on >= timezone.localtime(at).date()]
        spans = [_describe_period(period, timezone.localtime(at).date()) for period in left or self.periods[-1:]]
        return _("; ").join(spans)


def schedule_of(*, enrolment: Enrolment, retaking: bool = False, at: dt.datetime | None = None) -> Schedule:
    """The schedule of a school's students; `retaking` for one whose photo a person returned.

    Needs the school's scope.
    """
    at, season = at or timezone.now(), enrolment.season
    if season.status != Season.Status.OPEN:
        return Schedule((), season.closed_on)
    periods = periods_of(school=enrolment.school, season=season)
    if enrolment.allows(Action.PHOTOGRAPH):
        return Schedule(tuple(periods))
    if not enrolment.allows(Action.RETAKE):
        return Schedule((), enrolment.capture_ended_on or timezone.localdate(at))
    return Schedule((*granted_since(enrolment, periods), *_any_day(season, at, retaking)), enrolment.capture_ended_on)


def granted_since(enrolment: Enrolment, periods: list[Period]) -> list[Period]:
    """The periods that begin after the school's capture has ended."""
    ended = enrolment.capture_ended_on
    return [period for period in periods if ended and period.starts_on > ended]


def _any_day(season: Season, at: dt.datetime, retaking: bool) -> list[Period]:
    if not retaking:
        return []
    today = timezone.localdate(at)
    return [Period(today, today + dt.timedelta(days=RETAKE_DAYS), season.opens_at, season.closes_at)]


def _day_and_time(moment: dt.datetime) -> dict[str, str]:
    local = timezone.localtime(moment)
    return {"day": formatting.relative_day(local.date(), today=timezone.localdate()), "time": f"{local:%H:%M}"}


def _describe_period(period: Period, today: dt.date) -> str:
    values = {
        "first": formatting.relative_day(period.starts_on, today=today),
        "last": formatting.relative_day(period.ends_on, today=today),
        "opens": f"{period.opens_at:%H:%M}",
        "closes": f"{period.closes_at:%H:%M}",
    }
    if period.starts_on == period.ends_on:
        return _("%(first)s, %(opens)s to %(closes)s") % values
    return _("%(first)s to %(last)s, daily %(opens)s to %(closes)s") % values

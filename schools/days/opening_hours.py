"""When a school may photograph: on the days of its area, and on days that the center grants it.

The timetable (`schools.days.timetable`) is written by the center. This module only reads it.
An exception adds days or hours; it never removes days of the area. Make-up days are for students without
an accepted photo (others can take none at any time): they are open until the school's feedback form is sent, and
leave the end of the capture where it is. Inside its days a school may give a college or a class days of their own.
A student whose photo was returned may retake it after the school's days, within the season's hours, until
the feedback form is sent.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from portal import formatting
from schools.models import Action, Enrolment, GroupDays, School, Season, Window, WindowException, WindowKind

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
    is_make_up: bool = False

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
    regular = [
        Period(row.starts_on, row.ends_on, season.opens_at, season.closes_at, is_make_up=row.kind == WindowKind.MAKE_UP)
        for row in windows
    ]
    granted = [
        Period(
            row.starts_on,
            row.ends_on,
            row.opens_at or season.opens_at,
            row.closes_at or season.closes_at,
            row.reason,
            row.kind == WindowKind.MAKE_UP,
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


def regular(periods: Iterable[Period]) -> list[Period]:
    """The periods that decide when a capture ends: without make-up days, unless there are no others."""
    every = list(periods)
    return [period for period in every if not period.is_make_up] or every


def last_regular_day(periods: Iterable[Period]) -> dt.date | None:
    """The day with which the capture of a school ends."""
    return last_day(regular(periods))


def narrow(periods: Iterable[Period], rows: Iterable[GroupDays]) -> list[Period]:
    """The periods for a college or a class that has the days of `rows`; without rows they stay as they are.

    Make-up days and a period in which the group has no day of its own, such as one that was granted later, stay whole.
    """
    own, found = list(rows), []
    for period in periods:
        parts = [] if period.is_make_up else list(_parts(period, own))
        found += parts or [period]
    return sorted(found, key=lambda period: (period.starts_on, period.ends_on, period.opens_at))


def _parts(period: Period, rows: Iterable[GroupDays]) -> Iterator[Period]:
    for row in rows:
        first, last = max(period.starts_on, row.starts_on), min(period.ends_on, row.ends_on)
        opens = max(period.opens_at, row.opens_at or period.opens_at)
        closes = min(period.closes_at, row.closes_at or period.closes_at)
        if first <= last and opens < closes:
            yield replace(period, starts_on=first, ends_on=last, opens_at=opens, closes_at=closes)


def rows_of_group(rows: Iterable[GroupDays], college: str, class_name: str) -> list[GroupDays]:
    """The days that a class has: its own, else those of its college."""
    of_college = [row for row in rows if row.college == college and row.class_name in ("", class_name)]
    return [row for row in of_college if row.class_name] or of_college


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
    is_of_class: bool = False  # the days of a college or a class, inside those of the school

    def is_open(self, at: dt.datetime, *, grace: dt.timedelta = dt.timedelta()) -> bool:
        return is_open(self.periods, at) or is_open(self.periods, at - grace)

    def closes_at(self, at: dt.datetime) -> dt.time | None:
        return max((period.closes_at for period in self.periods if period.includes(at)), default=None)

    def next_opening(self, at: dt.datetime) -> dt.datetime | None:
        return next_opening(self.periods, at)

    def is_over(self, at: dt.datetime) -> bool:
        known = bool(self.periods) or self.ended_on is not None
        return known and not self.is_open(at) and self.next_opening(at) is None

    def is_capture_over(self, at: dt.datetime) -> bool:
        """Whether no days of all students are left; make-up days may still come."""
        return replace(self, periods=tuple(regular(self.periods))).is_over(at)

    def describe(self, at: dt.datetime) -> str:
        """One sentence for the student: when photos can be taken."""
        closing, opening = self.closes_at(at), self.next_opening(at)
        if closing is not None:
            return _("Photos can be taken now, today until %(time)s.") % {"time": f"{closing:%H:%M}"}
        if opening is not None:
            return _("Photos can be taken from %(day)s at %(time)s.") % _day_and_time(opening)
        if self.is_over(at) and self.is_of_class:
            return _(
                "The days of your class are over. If you have no photo yet, ask the person in charge at your school."
            )
        if self.is_over(at):
            return _("The days of your school are over. If you have no photo yet, ask the person in charge there.")
        return _("The days of your school are not fixed yet. Your school will tell you.")

    def describe_days(self, at: dt.datetime) -> str:
        """The remaining days with their hours, else the last ones; empty when none is fixed."""
        left = [period for period in self.periods if period.ends_on >= timezone.localtime(at).date()]
        spans = [_describe_period(period, timezone.localtime(at).date()) for period in left or self.periods[-1:]]
        return _("; ").join(spans)


def schedule_of(
    *,
    enrolment: Enrolment,
    retaking: bool = False,
    group: tuple[str, str] | None = None,
    at: dt.datetime | None = None,
) -> Schedule:
    """The schedule of a school; for a student, that of `group`: college and class.

    `retaking`: for a student whose photo a person returned. Needs the school's scope.
    """
    at, season = at or timezone.now(), enrolment.season
    if season.status != Season.Status.OPEN:
        return Schedule((), season.closed_on)
    rows = _rows_of(enrolment, group)
    periods = narrow(left_to(enrolment, periods_of(school=enrolment.school, season=season)), rows)
    if enrolment.allows(Action.PHOTOGRAPH):
        return Schedule(tuple(periods), is_of_class=bool(rows))
    if not enrolment.allows(Action.RETAKE):
        return Schedule((), enrolment.capture_ended_on or timezone.localdate(at))
    return Schedule((*periods, *_any_day(season, at, retaking)), enrolment.capture_ended_on)


def left_to(enrolment: Enrolment, periods: Iterable[Period]) -> list[Period]:
    """The school's periods in which its phase lets students photograph.

    After the end of the capture: make-up days, and days that the center has granted later.
    """
    every = list(periods)
    if enrolment.allows(Action.PHOTOGRAPH):
        return every
    if not enrolment.allows(Action.RETAKE):
        return []
    return granted_since(enrolment, every) + [period for period in every if period.is_make_up]


def _rows_of(enrolment: Enrolment, group: tuple[str, str] | None) -> list[GroupDays]:
    if group is None:
        return []
    rows = GroupDays.objects.filter(season=enrolment.season_id, school=enrolment.school_id, college=group[0])
    return rows_of_group(rows.filter(class_name__in=("", group[1])), *group)


def granted_since(enrolment: Enrolment, periods: list[Period]) -> list[Period]:
    """The days of all students that begin after the school's capture has ended."""
    ended = enrolment.capture_ended_on
    return [period for period in periods if ended and period.starts_on > ended and not period.is_make_up]


def _any_day(season: Season, at: dt.datetime, retaking: bool) -> list[Period]:
    if not retaking:
        return []
    today = timezone.localdate(at)
    return [Period(today, today + dt.timedelta(days=RETAKE_DAYS), season.opens_at, season.closes_at)]


def _day_and_time(moment: dt.datetime) -> dict[str, str]:
    local = timezone.localtime(moment)
    return {"day": formatting.relative_day(local.date(), today=timezone.localdate()), "time": f"{local:%H:%M}"}


def _describe_period(period: Period, today: dt.date) -> str:
    is_other_year = period.starts_on.year == period.ends_on.year != today.year  # said once
    last = formats.date_format(period.ends_on, _("j F")) if is_other_year else None
    values = {
        "first": formatting.relative_day(period.starts_on, today=today),
        "last": last or formatting.relative_day(period.ends_on, today=today),
        "opens": f"{period.opens_at:%H:%M}",
        "closes": f"{period.closes_at:%H:%M}",
    }
    if period.starts_on == period.ends_on:
        words = _("%(first)s, %(opens)s to %(closes)s") % values
    else:
        words = _("%(first)s to %(last)s, daily %(opens)s to %(closes)s") % values
    return _("%(days)s (make-up days)") % {"days": words} if period.is_make_up else words

"""Whether a school's students may be photographed now, and the sentence that says when.

The days come from `schools.opening_hours`. A returned photo may be retaken after the school's days too, within the
season's hours and until the feedback form has gone: else a correction would lead nowhere.
"""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from portal import formatting
from schools import opening_hours
from schools.models import Action, Enrolment, Season

# A picture taken just before closing still arrives: uploads over a weak network take their time.
GRACE = dt.timedelta(minutes=10)
RETAKE_DAYS = 365


@dataclass(frozen=True)
class Schedule:
    """The periods in which one student may be photographed. No period: not fixed, or not any more."""

    periods: tuple[opening_hours.Period, ...]
    ended_on: dt.date | None = None

    def is_open(self, at: dt.datetime, *, grace: dt.timedelta = dt.timedelta()) -> bool:
        return opening_hours.is_open(self.periods, at) or opening_hours.is_open(self.periods, at - grace)

    def closes_at(self, at: dt.datetime) -> dt.time | None:
        return max((period.closes_at for period in self.periods if period.holds(at)), default=None)

    def next_opening(self, at: dt.datetime) -> dt.datetime | None:
        return opening_hours.next_opening(self.periods, at)

    def is_over(self, at: dt.datetime) -> bool:
        known = bool(self.periods) or self.ended_on is not None
        return known and not self.is_open(at) and self.next_opening(at) is None

    def sentence(self, at: dt.datetime) -> str:
        """When the camera is open, for the student."""
        closing, opening = self.closes_at(at), self.next_opening(at)
        if closing is not None:
            return _("Photos can be taken now, today until %(time)s.") % {"time": f"{closing:%H:%M}"}
        if opening is not None:
            return _("Photos can be taken from %(day)s at %(time)s.") % _day_and_time(opening)
        if self.is_over(at):
            return _("The days of your school are over. If you have no photo yet, ask the person in charge there.")
        return _("The days of your school are not fixed yet. Your school will tell you.")

    def days_sentence(self, at: dt.datetime) -> str:
        """The days as the timetable has them; empty when none is fixed."""
        left = [period for period in self.periods if period.ends_on >= timezone.localtime(at).date()]
        spans = [_span(period, timezone.localtime(at).date()) for period in left or self.periods[-1:]]
        return _("; ").join(spans)


def schedule_of(*, enrolment: Enrolment, retaking: bool = False, at: dt.datetime | None = None) -> Schedule:
    """`retaking`: the student's photo was returned by a person. Needs the school's scope."""
    at, season = at or timezone.now(), enrolment.season
    if season.status != Season.Status.OPEN:
        return Schedule((), season.closed_on)
    periods = opening_hours.periods_of(school=enrolment.school, season=season)
    if enrolment.allows(Action.PHOTOGRAPH):
        return Schedule(tuple(periods))
    if not enrolment.allows(Action.RETAKE):
        return Schedule((), enrolment.capture_ended_on or timezone.localdate(at))
    return Schedule((*granted_since(enrolment, periods), *_any_day(season, at, retaking)), enrolment.capture_ended_on)


def granted_since(enrolment: Enrolment, periods: list[opening_hours.Period]) -> list[opening_hours.Period]:
    """Days that the center gave the school after its capture had ended."""
    ended = enrolment.capture_ended_on
    return [period for period in periods if ended and period.starts_on > ended]


def _any_day(season: Season, at: dt.datetime, retaking: bool) -> list[opening_hours.Period]:
    if not retaking:
        return []
    today = timezone.localdate(at)
    return [opening_hours.Period(today, today + dt.timedelta(days=RETAKE_DAYS), season.opens_at, season.closes_at)]


def _day_and_time(moment: dt.datetime) -> dict[str, str]:
    local = timezone.localtime(moment)
    return {"day": formatting.day(local.date(), today=timezone.localdate()), "time": f"{local:%H:%M}"}


def _span(period: opening_hours.Period, today: dt.date) -> str:
    words = {
        "first": formatting.day(period.starts_on, today=today),
        "last": formatting.day(period.ends_on, today=today),
        "opens": f"{period.opens_at:%H:%M}",
        "closes": f"{period.closes_at:%H:%M}",
    }
    if period.starts_on == period.ends_on:
        return _("%(first)s, %(opens)s to %(closes)s") % words
    return _("%(first)s to %(last)s, daily %(opens)s to %(closes)s") % words

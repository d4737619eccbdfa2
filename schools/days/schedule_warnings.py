"""What should be looked at in the days of a season before they are told to anybody. Knows no database."""

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from schools.days import workdays

FAR_DAYS = 60  # days of one area this long after all others are rather a slip than a plan
_DAY = dt.timedelta(days=1)


class Kind(StrEnum):
    WRONG_YEAR = "wrong_year"
    NO_DAYS = "no_days"
    OVERLAP = "overlap"
    GAP = "gap"
    FAR = "far"
    EARLY_MAKE_UP = "early_make_up"
    LATE_MAKE_UP = "late_make_up"
    HOLIDAY = "holiday"
    UNPUBLISHED = "unpublished"


SERIOUS = (Kind.WRONG_YEAR, Kind.NO_DAYS, Kind.EARLY_MAKE_UP)


@dataclass(frozen=True)
class Span:
    """Days of an area, both included. `form_due`: the day by which its schools return their forms."""

    area: str
    starts_on: dt.date
    ends_on: dt.date
    is_make_up: bool = False
    form_due: dt.date | None = None


@dataclass(frozen=True)
class ScheduleWarning:
    kind: Kind
    text: str

    @property
    def is_serious(self) -> bool:
        return self.kind in SERIOUS


def of_season(year: int, spans: Iterable[Span], *, without_days: Sequence[str] = ()) -> list[ScheduleWarning]:
    """The warnings, the serious ones first.

    `without_days`: areas that have schools in the season and no days.
    """
    every = sorted(spans, key=lambda span: (span.starts_on, span.ends_on))
    regular = [span for span in every if not span.is_make_up]
    found = [
        *_wrong_years(year, every),
        *_without_days(without_days),
        *_make_up(every),
        *_overlaps(regular),
        *_gaps(regular),
        *_holidays(every),
        *_unpublished(day for span in every for day in (span.starts_on, span.ends_on, span.form_due)),
    ]
    return sorted(found, key=lambda warning: not warning.is_serious)


def outside_year(year: int, spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if year not in (span.starts_on.year, span.ends_on.year)]


def _wrong_years(year: int, spans: Iterable[Span]) -> Iterable[ScheduleWarning]:
    for span in outside_year(year, spans):
        values = {"area": span.area, "days": _days(span.starts_on, span.ends_on, with_year=True), "year": year}
        yield ScheduleWarning(Kind.WRONG_YEAR, _("%(area)s: %(days)s does not lie in %(year)s.") % values)


def _without_days(names: Sequence[str]) -> Iterable[ScheduleWarning]:
    if names:
        values = {"areas": _(", ").join(names)}
        yield ScheduleWarning(Kind.NO_DAYS, _("Takes part and has no days: %(areas)s.") % values)


def _make_up(spans: Iterable[Span]) -> Iterable[ScheduleWarning]:
    """Make-up days before the end of the days that they follow, or after the forms are due."""
    every = list(spans)
    ends = {span.area: span.ends_on for span in every if not span.is_make_up}
    for span in every:
        if not span.is_make_up or span.area not in ends:
            continue
        values = {"area": span.area, "days": _days(span.starts_on, span.ends_on)}
        if span.starts_on <= ends[span.area]:
            text = _("%(area)s: the make-up days %(days)s begin before its own days are over.") % values
            yield ScheduleWarning(Kind.EARLY_MAKE_UP, text)
        elif span.form_due and span.ends_on > span.form_due:
            values["due"] = _day(span.form_due)
            text = _("%(area)s: the make-up days %(days)s end after its feedback forms are due (%(due)s).") % values
            yield ScheduleWarning(Kind.LATE_MAKE_UP, text)


def _overlaps(spans: Sequence[Span]) -> Iterable[ScheduleWarning]:
    for at, span in enumerate(spans):
        others = [other for other in spans[at + 1 :] if other.starts_on <= span.ends_on]
        if not others:
            continue
        last = max(min(span.ends_on, other.ends_on) for other in others)
        names = _(", ").join(other.area for other in others)
        values = {"area": span.area, "others": names, "days": _days(others[0].starts_on, last)}
        yield ScheduleWarning(Kind.OVERLAP, _("%(area)s shares days with %(others)s: %(days)s.") % values)


def _gaps(spans: Sequence[Span]) -> Iterable[ScheduleWarning]:
    """Days between two areas on which nobody photographs: one warning of all of them, and one for each area far off."""
    covered, number_of_days, gaps = None, 0, []
    for span in spans:
        if covered and span.starts_on > covered + _DAY:
            number = (span.starts_on - covered).days - 1
            if number > FAR_DAYS:
                values = {"n": number, "area": span.area}
                text = _("%(area)s begins %(n)d days after all areas before it. Is its date right?") % values
                yield ScheduleWarning(Kind.FAR, text)
            else:
                number_of_days += number
                gaps.append(_days(covered + _DAY, span.starts_on - _DAY))
        covered = max(covered, span.ends_on) if covered else span.ends_on
    if gaps:
        text = ngettext(
            "No area photographs on %(n)d day: %(days)s.",
            "No area photographs on %(n)d days: %(days)s.",
            number_of_days,
        )
        yield ScheduleWarning(Kind.GAP, text % {"n": number_of_days, "days": _(", ").join(gaps)})


def _holidays(spans: Iterable[Span]) -> Iterable[ScheduleWarning]:
    for span in spans:
        found = [f"{name} {days}" for name, days in holidays_in(span.starts_on, span.ends_on)]
        if found:
            values = {"area": span.area, "holidays": _(", ").join(found)}
            yield ScheduleWarning(Kind.HOLIDAY, _("%(area)s has public holidays in its days: %(holidays)s.") % values)


def holidays_in(first: dt.date, last: dt.date) -> list[tuple[Any, str]]:
    """[(name of a public holiday, its days between these two)]."""
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    named = [(str(workdays.holiday(day)), day) for day in days]
    runs = [(name, [day for _name, day in run]) for name, run in itertools.groupby(named, key=lambda pair: pair[0])]
    return [(name, _days(run[0], run[-1])) for name, run in runs if name]


def _unpublished(days: Iterable[dt.date | None]) -> Iterable[ScheduleWarning]:
    years = sorted({day.year for day in days if day and not workdays.is_published(day.year)})
    if years:
        text = _(
            "The holidays of %(years)s are not published yet: those without a fixed date are not warned of, and"
            " deadlines that lie there may move by some days."
        )
        yield ScheduleWarning(Kind.UNPUBLISHED, text % {"years": _(", ").join(map(str, years))})


def _day(day: dt.date, *, with_year: bool = False) -> str:
    return formats.date_format(day, _("j F Y") if with_year else _("j F"))


def _days(first: dt.date, last: dt.date, *, with_year: bool = False) -> str:
    if first == last:
        return _day(first, with_year=with_year)
    return f"{_day(first, with_year=with_year)} – {_day(last, with_year=with_year)}"

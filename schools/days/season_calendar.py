"""What stands in the calendar of a season: of the center, and of one school. Pages draw it, other programs subscribe to it.

No entry names a person, and none says why a school has other days: a reason may tell of somebody.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from schools.days import deadlines, opening_hours
from schools.days.deadlines import Deadline
from schools.models import Enrolment, Season, Window, WindowException, WindowKind

CAPTURE, MAKE_UP, DEADLINE = "capture", "make_up", "deadline"


@dataclass(frozen=True)
class Entry:
    """Days `starts_on` to `ends_on`, both included; daily `opens_at` to `closes_at`, or all day without hours.

    `key` names it for ever, within the product.
    """

    key: str
    kind: str
    title: str
    starts_on: dt.date
    ends_on: dt.date
    changed_at: dt.datetime
    opens_at: dt.time | None = None
    closes_at: dt.time | None = None
    note: str = ""


def of_center(season: Season) -> list[Entry]:
    """The days of the areas, and the days on which something is due."""
    windows = list(Window.objects.filter(season=season).select_related("area"))
    found = [_of_window(season, row, _window_title(row)) for row in windows]
    for area in {row.area_id: row.area for row in windows}.values():
        periods = opening_hours.merge_periods(season, [row for row in windows if row.area_id == area.pk], [])
        if due := deadlines.of_area(season, periods):
            label = _("%(what)s: %(area)s") % {"what": due.label, "area": area.name}
            found.append(_of_deadline(season, due, key=f"form-area{area.pk}", label=label))
    found += [_of_deadline(season, due) for due in deadlines.of_season(season)]
    return in_order(found)


def granted(season: Season) -> list[Entry]:
    """The days that single schools have beside those of their area. For the center's calendar in other programs."""
    rows = WindowException.objects.filter(season=season).select_related("school")
    titles = ((row, {"what": _exception_title(season, row), "area": row.school.name}) for row in rows)
    return in_order(of_exception(season, row, _("%(what)s: %(area)s") % title) for row, title in titles)


def of_school(enrolment: Enrolment) -> list[Entry]:
    """The school's own days, and what it has to keep. Needs the school's scope."""
    season, school = enrolment.season, enrolment.school
    windows = list(Window.objects.filter(season=season, area=school.area_id).select_related("area"))
    exceptions = list(WindowException.objects.filter(season=season, school=school))
    found = [_of_window(season, row, _plain_title(row.kind)) for row in windows]
    found += [of_exception(season, row, _exception_title(season, row)) for row in exceptions]
    ended = enrolment.capture_ended_on
    for due in deadlines.of_school(enrolment, opening_hours.merge_periods(season, windows, exceptions)):
        key = f"{due.name}-{school.code}" if due.name == deadlines.FORM else ""
        since = _changed_at(season, ended if due.name == deadlines.FORM else None)
        found.append(_of_deadline(season, due, key=key, changed_at=since))
    return in_order(found)


def forms_due(season: Season) -> list[Entry]:
    """On each day on which forms are due: how many schools' forms. For a page of the center."""
    rows = Enrolment.objects.filter(season=season, status=Enrolment.Status.PROOFREADING)
    numbers = Counter(day for day in rows.values_list("proof_due_on", flat=True) if day)
    return [
        Entry(
            f"{season.year}-forms-{day}",
            DEADLINE,
            ngettext("Feedback form due: %(n)d school", "Feedback forms due: %(n)d schools", number) % {"n": number},
            day,
            day,
            season.schedule_changed_at,
        )
        for day, number in sorted(numbers.items())
    ]


def of_exception(season: Season, row: WindowException, title: str) -> Entry:
    hours = {"opens_at": row.opens_at or season.opens_at, "closes_at": row.closes_at or season.closes_at}
    return _of_days(season, row, f"exception{row.pk}", title, hours)


def _of_window(season: Season, row: Window, title: str) -> Entry:
    hours = {"opens_at": season.opens_at, "closes_at": season.closes_at}
    return _of_days(season, row, f"window{row.pk}", title, hours)


def _of_days(season: Season, row: Window | WindowException, key: str, title: str, hours: dict[str, Any]) -> Entry:
    is_make_up = row.kind == WindowKind.MAKE_UP
    note = _("For students without an accepted photo.") if is_make_up else ""
    return Entry(
        f"{season.year}-{key}",
        MAKE_UP if is_make_up else CAPTURE,
        title,
        row.starts_on,
        row.ends_on,
        season.schedule_changed_at,
        note=note,
        **hours,
    )


def _window_title(row: Window) -> str:
    return _("%(what)s: %(area)s") % {"what": _plain_title(row.kind), "area": row.area.name}


def _exception_title(season: Season, row: WindowException) -> str:
    """With its hours, when they are not those of the season: it may stand beside the days of the area."""
    opens_at, closes_at = row.opens_at or season.opens_at, row.closes_at or season.closes_at
    what = _plain_title(row.kind)
    if (opens_at, closes_at) == (season.opens_at, season.closes_at):
        return what
    hours = {"what": what, "opens": f"{opens_at:%H:%M}", "closes": f"{closes_at:%H:%M}"}
    return _("%(what)s, %(opens)s–%(closes)s") % hours


def _plain_title(kind: str) -> str:
    return _("Make-up days") if kind == WindowKind.MAKE_UP else _("Photo days")


def _of_deadline(
    season: Season, due: Deadline, *, key: str = "", label: str = "", changed_at: dt.datetime | None = None
) -> Entry:
    return Entry(
        f"{season.year}-{key or due.name}",
        DEADLINE,
        label or str(due.label),
        due.day,
        due.day,
        changed_at or _changed_at(season, season.closed_on),
        note=" ".join(remarks(due)),
    )


def remarks(due: Deadline) -> list[str]:
    """What is not certain about a deadline, in sentences."""
    found = []
    if due.is_expected:
        found.append(_("Expected: it counts from the day on which the capture ends."))
    if not due.is_certain:
        found.append(
            _("The working days of %(year)s are not published yet: the day may move by some days.")
            % {"year": due.day.year}
        )
    return found


def _changed_at(season: Season, day: dt.date | None) -> dt.datetime:
    """The later of the last change of the season's days and the beginning of a day."""
    begun = timezone.make_aware(dt.datetime.combine(day, dt.time())) if day else season.schedule_changed_at
    return max(season.schedule_changed_at, begun)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.starts_on, entry.ends_on, entry.title))

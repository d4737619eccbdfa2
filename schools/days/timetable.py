"""Writing the timetable of a season: the days of areas (annex 1), exceptions of single schools."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history, notifications
from portal.changes.field_changes import change_fields
from portal.errors import PortalError
from portal.models import User
from schools.models import Action, Area, Enrolment, School, Season, Window, WindowException, WindowKind


@dataclass(frozen=True)
class AreaDays:
    """One line of annex 1. Without `area` it is a new area; without days it has none this season.

    Without `position` an area keeps its position, and a new area comes last.
    """

    name: str
    position: int | None
    starts_on: dt.date | None
    ends_on: dt.date | None
    area: Area | None = None
    is_removed: bool = False


def set_timetable(season: Season, lines: Iterable[AreaDays], *, by: User) -> Season:
    """Write annex 1: areas, order and days. Raises PortalError; then no line is written."""
    season.require(Action.CHANGE)
    before = describe_timetable(season)
    with transaction.atomic():
        for line in lines:
            _set_line(season, line, by=by)
        after = describe_timetable(season)
        changes = {
            name: [before.get(name), after.get(name)] for name in before | after if before.get(name) != after.get(name)
        }
        if changes:
            history.record("season.timetable", season, by=by, facts=changes)
            note_change(season)
    return season


def note_change(season: Season) -> None:
    """Days or hours of the season have changed: programs that subscribe to the calendar are to take it anew."""
    season.schedule_changed_at = timezone.now()
    Season.objects.filter(pk=season.pk).update(schedule_changed_at=season.schedule_changed_at)


def describe_timetable(season: Season) -> dict[str, str]:
    """{area name: "first day – last day"} without make-up days, for the history."""
    windows = Window.objects.regular().filter(season=season).select_related("area")
    return {window.area.name: f"{window.starts_on} – {window.ends_on}" for window in windows}


def _set_line(season: Season, line: AreaDays, *, by: User) -> None:
    if line.is_removed:
        _remove_area(line.area, by=by)
        return
    area = _save_area(line, by=by)
    if line.starts_on and line.ends_on:
        Window.objects.regular().update_or_create(
            season=season, area=area, defaults={"starts_on": line.starts_on, "ends_on": line.ends_on}
        )
    else:
        _remove_days(season, area)


def _save_area(line: AreaDays, *, by: User) -> Area:
    if line.area:
        position = line.area.position if line.position is None else line.position
        return change_fields(line.area, by=by, name=line.name, position=position)
    last = Area.objects.aggregate(pk=Max("pk"), position=Max("position"))
    position = (last["position"] or 0) + 1 if line.position is None else line.position
    area = Area.objects.create(code=f"area-{(last['pk'] or 0) + 1}", name=line.name, position=position)
    history.record("area.created", area, by=by, facts={"name": area.name})
    return area


def _remove_days(season: Season, area: Area) -> None:
    if Enrolment.objects.filter(season=season, school__area=area, status=Enrolment.Status.CAPTURING).exists():
        raise PortalError(
            _("Schools of %(area)s are being photographed; their days can be moved but not taken away.")
            % {"area": area}
        )
    Window.objects.regular().filter(season=season, area=area).delete()


def _remove_area(area: Area | None, *, by: User) -> None:
    if area is None:
        return
    if area.schools.exists():
        raise PortalError(_("%(area)s still has schools. Move them to another area first.") % {"area": area})
    history.record("area.removed", area, by=by, facts={"name": area.name})
    area.windows.all().delete()
    area.delete()


def add_make_up(
    season: Season, areas: Iterable[Area], *, starts_on: dt.date, ends_on: dt.date, by: User
) -> list[Window]:
    """Give areas days for those who missed theirs, and tell their schools when the season is open."""
    season.require(Action.CHANGE)
    made = []
    with transaction.atomic():
        for area in areas:
            row = Window(season=season, area=area, starts_on=starts_on, ends_on=ends_on, kind=WindowKind.MAKE_UP)
            row.save()
            history.record("window.added", row, by=by, facts={"area": area.name, "days": f"{starts_on} – {ends_on}"})
            _tell_make_up(row, "make_up.set")
            made.append(row)
        note_change(season)
    return made


def change_make_up(window: Window, *, starts_on: dt.date, ends_on: dt.date, by: User) -> Window:
    window.season.require(Action.CHANGE)
    with transaction.atomic():
        changed = change_fields(window, by=by, starts_on=starts_on, ends_on=ends_on)
        note_change(changed.season)
        _tell_make_up(changed, "make_up.changed")
    return changed


def remove_make_up(window: Window, *, by: User) -> None:
    window.season.require(Action.CHANGE)
    with transaction.atomic():
        facts = {"area": window.area.name, "days": f"{window.starts_on} – {window.ends_on}"}
        history.record("window.removed", window, by=by, facts=facts)
        _tell_make_up(window, "make_up.removed")
        note_change(window.season)
        window.delete()


def _tell_make_up(window: Window, kind: str) -> None:
    """Schools whose form is with the center have no use for them."""
    if window.season.status != Season.Status.OPEN:
        return
    days = {"starts_on": window.starts_on, "ends_on": window.ends_on}
    rows = Enrolment.objects.filter(season=window.season, school__area=window.area_id).select_related("school")
    for row in rows.filter(
        status__in=(*Enrolment.phases_allowing(Action.PHOTOGRAPH), *Enrolment.phases_allowing(Action.RETAKE))
    ):
        notifications.notify_school(row.school, season=window.season, kind=kind, parameters=days)


def grant_exception(
    *, school: School, season: Season, by: User, is_answer: bool = False, **days: Any
) -> WindowException:
    """Give one school more days or other hours, and notify the school.

    `is_answer`: to a request of the school, which is told what was decided (`days_requests`).
    """
    with transaction.atomic():
        exception = WindowException.objects.create(school=school, season=season, **days)
        history.record("exception.granted", exception, by=by, facts=_facts(exception))
        note_change(season)
        if not is_answer:
            _notify(exception, "exception.granted")
    return exception


def change_exception(exception: WindowException, *, by: User, **days: Any) -> WindowException:
    with transaction.atomic():
        changed = change_fields(exception, by=by, event_kind="exception.changed", **days)
        note_change(changed.season)
        _notify(changed, "exception.changed")
    return changed


def withdraw_exception(exception: WindowException, *, by: User) -> None:
    with transaction.atomic():
        history.record("exception.withdrawn", exception, by=by, facts=_facts(exception))
        note_change(exception.season)
        _notify(exception, "exception.withdrawn")
        exception.delete()


def _facts(exception: WindowException) -> dict[str, Any]:
    """Facts for the history: days, reason, and the hours if the exception has its own."""
    hours = [f"{at:%H:%M}" if at else "" for at in (exception.opens_at, exception.closes_at)]
    facts = {"days": f"{exception.starts_on} – {exception.ends_on}", "reason": exception.reason}
    return facts | ({"hours": " – ".join(hours)} if any(hours) else {})


def _notify(exception: WindowException, kind: str) -> None:
    days = {"starts_on": exception.starts_on, "ends_on": exception.ends_on, "reason": exception.reason}
    notifications.notify_school(exception.school, season=exception.season, kind=kind, parameters=days)

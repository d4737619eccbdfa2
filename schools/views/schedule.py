"""The schedule of a season: of the center and of a school, and as a calendar for other programs."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from portal.access import center_page, school_page, staff_page
from portal.models import Membership
from portal.tenancy import across_schools, school_scope
from schools.days import area_schedule, calendar_links, deadlines, icalendar_file, month, opening_hours, season_calendar
from schools.days.season_calendar import Entry
from schools.models import DaysRequest, Enrolment, Season
from schools.seasons import season_choice

DECIDED_SHOWN = 20


@require_GET
@center_page(may="schedule.see")
def schedule(request: Any) -> HttpResponse:
    """The center's: days of the areas as a table and a month, what is due, and the address of the calendar."""
    season: Season | None = request.season
    if season is None:
        raise Http404
    entries = season_calendar.in_order([*season_calendar.of_center(season), *season_calendar.forms_due(season)])
    rows = area_schedule.rows_of(season)
    context = {
        "shown": season,
        "rows": rows,
        "requests": requests_shown(DaysRequest.objects.filter(season=season).select_related("school")),
        "warnings": area_schedule.warnings_of(season, rows),
        "deadlines": [entry for entry in entries if entry.kind == season_calendar.DEADLINE],
        **_calendar(request, entries),
    }
    return render(request, "schools/schedule.html", context)


@require_GET
@school_page(may="schedule.see")
def school_schedule(request: Any) -> HttpResponse:
    """A school's: its days, what it has to keep, and the address of the calendar."""
    enrolment: Enrolment | None = request.enrolment
    if enrolment is None:
        return render(request, "schools/school_schedule.html", {"enrolment": None})
    periods = opening_hours.periods_of(school=request.school, season=request.season)
    context = {
        "enrolment": enrolment,
        "periods": periods,
        "requests": requests_shown(DaysRequest.objects.filter(season=request.season)),
        "due": deadlines.of_school(enrolment, periods),
        **_calendar(request, season_calendar.of_school(enrolment)),
    }
    return render(request, "schools/school_schedule.html", context)


def requests_shown(rows: QuerySet[DaysRequest]) -> list[DaysRequest]:
    """Those that wait first, the oldest before; then the last ones decided."""
    waiting = rows.filter(status=DaysRequest.Status.ASKED).order_by("asked_at")
    others = rows.exclude(status=DaysRequest.Status.ASKED).order_by("-asked_at")
    return [*waiting, *others[:DECIDED_SHOWN]]


def _calendar(request: Any, entries: list[Entry]) -> dict[str, Any]:
    today = timezone.localdate()
    link = calendar_links.link_of(request.user)
    return {
        "month": month.month(month.shown(request.GET.get("month", ""), entries, today), entries),
        "today": today,
        "link": link,
        "address": calendar_links.address_of(link) if link else "",
    }


@require_POST
@staff_page(may="schedule.see")
def calendar_renew(request: Any) -> HttpResponse:
    calendar_links.renew(by=request.user)
    messages.success(request, _("Here is the address. Who has it can read the calendar, so keep it to yourself."))
    return _back(request)


@require_POST
@staff_page(may="schedule.see")
def calendar_end(request: Any) -> HttpResponse:
    calendar_links.end(by=request.user)
    messages.success(request, _("The address is shut: programs that had it get nothing more."))
    return _back(request)


def _back(request: Any) -> HttpResponse:
    page = "schools:schedule" if request.membership.is_center else "schools:school_schedule"
    return HttpResponseRedirect(reverse(page) + "#subscribe")


@require_GET
def calendar_file(request: Any, signed: str) -> HttpResponse:
    """The calendar of whose address it is, in that person's language. Needs no session."""
    member = calendar_links.reader(signed)
    if member is None:
        raise Http404
    with translation.override(member.user.language or translation.get_language()):
        name = _("Graduation portraits: %(whose)s") % {"whose": member.school.name if member.school else _("Center")}
        data = icalendar_file.write(_entries(member), name=name)
    headers = {"Content-Disposition": 'inline; filename="tucai.ics"', "Cache-Control": "private, max-age=600"}
    return HttpResponse(data, content_type=icalendar_file.MEDIA_TYPE, headers=headers)


def _entries(member: Membership) -> list[Entry]:
    """Of all seasons that the person sees and that are not in the archive."""
    shown = season_choice.shown_to(member, list(Season.objects.all()), season_choice.enrolments_of(member))
    seasons = [row for row in shown if row.status != Season.Status.ARCHIVED]
    if member.is_center:
        with across_schools():
            whole = [season_calendar.of_center(season) + season_calendar.granted(season) for season in seasons]
        return [entry for entries in whole for entry in entries]
    with school_scope(member.school):
        rows = Enrolment.objects.filter(season__in=seasons).select_related("season", "school__area")
        return [entry for row in rows for entry in season_calendar.of_school(row)]

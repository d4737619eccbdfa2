"""The overview of the center and that of a school: panels, each served by its own room."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.access import center_page, school_page
from portal.models import Membership
from portal.pages.panels import callouts_of, panels_of
from portal.views.jobs import jobs_panel
from schools.days import deadlines, opening_hours, turns
from schools.enrolment_timeline import timeline_of
from schools.models import Action, Enrolment, Season, Window
from schools.seasons import first_day


@center_page(may="overview.see")
def dashboard(request: Any) -> HttpResponse:
    """The center's overview of all schools today."""
    steps = first_day.steps(request)
    context = {
        "first_day": steps,
        "next_step": next((step for step in steps if not step.is_done and step.url), None),
        "panels": panels_of(request, "center.dashboard"),
        "callouts": callouts_of(request, "center.callouts"),
        "today": timezone.localdate(),
        "open_windows": _open_windows(request.season),
    }
    return render(request, "schools/dashboard.html", context | jobs_panel(request))


def _open_windows(season: Season | None) -> list[Window]:
    today = timezone.localdate()
    rows = Window.objects.filter(season=season, starts_on__lte=today, ends_on__gte=today)
    return list(rows.select_related("area"))


@require_GET
@center_page(may="schools.see")
def panel_windows(request: Any) -> HttpResponse:
    """The areas and schools whose days begin or end within a week, by day."""
    today = timezone.localdate()
    context = {"turns": turns.of_week(request.season, today) if request.season else [], "today": today}
    return render(request, "schools/panel_windows.html", context)


@school_page(may="overview.see")
def school_home(request: Any) -> HttpResponse:
    """The school's overview: next step, phases, days and panels."""
    enrolment: Enrolment | None = request.enrolment
    context: dict[str, Any] = {"enrolment": enrolment, "today": timezone.localdate(), **jobs_panel(request)}
    if enrolment:
        periods = opening_hours.periods_of(school=request.school, season=request.season)
        context |= {
            "phases": timeline_of(enrolment),
            "periods": periods,
            "due": deadlines.of_school(enrolment, periods),
            "days_left": opening_hours.days_left(periods, context["today"]),
            "next_steps": panels_of(request, "school.next_step"),
            "has_begun": not enrolment.allows(Action.WITHDRAW),
            "callouts": callouts_of(request, "school.callouts"),
            "notice_panels": panels_of(request, "school.notice"),
            "panels": panels_of(request, "school.overview"),
            "contact": Membership.objects.filter(school=request.school, is_contact=True).select_related("user").first(),
        }
    return render(request, "schools/school_home.html", context)

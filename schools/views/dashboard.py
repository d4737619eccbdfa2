"""The two overviews: pages of panels, each answered by the room that owns its figures."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.access import center_page, school_page
from portal.models import Membership
from portal.panels import Panel, panel
from portal.views.jobs import jobs_panel
from schools import opening_hours
from schools.enrolment_steps import stages_of
from schools.models import Enrolment, Season, Window

# (URL name, the page with the same figures, its words, CSS class of its place)
CENTER_PANELS = (
    ("students:panel_figures", "students:center_students", _("Students"), "wide"),
    ("students:panel_matrix", "schools:schools", _("Areas by stage"), "main"),
    ("capture:panel_today", "capture:center_photos", _("Photos of the day"), ""),
    ("students:panel_schools", "schools:schools", _("Schools"), "main"),
    ("capture:panel_failures", "capture:center_photos", _("Why photos fail"), ""),
    ("billing:panel_fees", "billing:center_fees", _("Fees"), "foot"),
    ("proofing:panel_feedback", "proofing:center_feedback", _("Feedback forms"), "foot"),
    ("printing:panel_printing", "printing:center_runs", _("Printing and delivery"), "foot"),
)
SCHOOL_PANELS = (
    ("students:panel_classes", "students:roster", _("Progress by class"), "main"),
    ("capture:panel_today", "capture:review", _("Photos of the day"), ""),
    ("billing:panel_fees", "billing:account", _("Fees"), ""),
)


def _panels(names: tuple[tuple[str, str, Any, str], ...]) -> list[tuple[Panel, str]]:
    return [(panel(name, page=page, label=label), place) for name, page, label, place in names]


def _background(name: str) -> Panel:
    """Nothing to see unless portraits stand on another background than the season's."""
    return panel(name, page=name, label=_("Background of the portraits"))


@center_page(may="overview.see")
def dashboard(request: Any) -> HttpResponse:
    """What matters today, over all schools."""
    context = {
        "panels": _panels(CENTER_PANELS),
        "background_panel": _background("capture:center_background"),
        "today": timezone.localdate(),
        "open_windows": _open_windows(request.season),
    }
    return render(request, "schools/dashboard.html", context | jobs_panel(request))


def _open_windows(season: Season | None) -> list[Window]:
    today = timezone.localdate()
    rows = Window.objects.filter(season=season, starts_on__lte=today, ends_on__gte=today)
    return list(rows.select_related("area"))


@school_page(may="overview.see")
def school_home(request: Any) -> HttpResponse:
    """What is next, in one sentence; then where everything stands."""
    enrolment: Enrolment | None = request.enrolment
    context: dict[str, Any] = {"enrolment": enrolment, "today": timezone.localdate(), **jobs_panel(request)}
    if enrolment:
        periods = opening_hours.periods_of(school=request.school, season=request.season)
        context |= {
            "stages": stages_of(enrolment),
            "periods": periods,
            "days_left": opening_hours.days_left(periods, context["today"]),
            "next_panel": panel("printing:panel_next"),
            "background_panel": _background("capture:background"),
            "examples_panel": panel("year_end:panel_examples", page="printing:prints", label=_("Prints")),
            "panels": _panels(SCHOOL_PANELS),
            "contact": Membership.objects.filter(school=request.school, is_contact=True).select_related("user").first(),
        }
    return render(request, "schools/school_home.html", context)

"""Panels of the dashboards; `schools` embeds them by hx-get."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from portal.access import center_page, school_page, staff_page
from schools.models import School
from students import progress

SHOWN_SCHOOLS = 12


def _rows(request: Any) -> list[progress.SchoolProgress]:
    return progress.schools(request.season) if request.season else []


@staff_page(may="students.see")
def figures(request: Any) -> HttpResponse:
    """Four figures: the roster, what is captured, what waits for a look, what is approved."""
    if request.membership.is_center:
        rows = _rows(request)
        context = {"tally": progress.total(rows), "late": sum(row.is_late for row in rows), "schools": len(rows)}
    else:
        context = {"tally": progress.of_school(request.school, request.season) if request.season else progress.Tally()}
    return render(request, "students/panels.html#figures", context)


@center_page(may="students.see")
def matrix(request: Any) -> HttpResponse:
    """Areas by stage."""
    rows = _rows(request)
    context = {"areas": progress.areas(rows), "total": progress.total(rows), "labels": progress.STEP_LABELS}
    return render(request, "students/panels.html#matrix", context)


@center_page(may="students.see")
def schools(request: Any) -> HttpResponse:
    """Schools behind their plan first."""
    rows = _rows(request)
    return render(request, "students/panels.html#schools", {"rows": rows[:SHOWN_SCHOOLS], "more": rows[SHOWN_SCHOOLS:]})


@school_page(may="students.see")
def classes(request: Any) -> HttpResponse:
    """The school's own progress by college and class."""
    rows = progress.classes(request.school, request.season) if request.season else []
    context = {"colleges": progress.colleges(rows), "classes": len(rows)}
    return render(request, "students/panels.html#classes", context)


@center_page(may="students.see")
def school(request: Any) -> HttpResponse:
    """One school's progress, on the center's page of that school: ?school=ID."""
    row = get_object_or_404(School, pk=_number(request.GET.get("school")))
    tally = progress.of_school(row, request.season) if request.season else progress.Tally()
    return render(request, "students/panels.html#school", {"school": row, "tally": tally})


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 12 else 0

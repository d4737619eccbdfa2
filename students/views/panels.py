"""Panels of the dashboards, loaded by hx-get."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from portal.access import center_page, school_page, staff_page
from portal.pages.form_fields import whole_number
from schools.models import School
from students import progress
from students.models import Student

SHOWN_SCHOOLS = 12


def _rows(request: Any) -> list[progress.SchoolProgress]:
    return progress.school_progress(request.season) if request.season else []


@staff_page(may="students.see")
def figures(request: Any) -> HttpResponse:
    """Four numbers: students, photographed, waiting for review, approved."""
    if request.membership.is_center:
        rows = _rows(request)
        context = {
            "counts": progress.total_counts(rows),
            "late": sum(row.is_late for row in rows),
            "locked": Student.objects.filter(season=request.season, locked_at__isnull=False).count(),
            "schools": len(rows),
        }
    else:
        context = {
            "counts": progress.school_counts(request.school, request.season)
            if request.season
            else progress.StageCounts()
        }
    return render(request, "students/panels.html#figures", context)


@center_page(may="students.see")
def matrix(request: Any) -> HttpResponse:
    """Number of students by area and step."""
    rows = _rows(request)
    context = {
        "areas": progress.area_progress(rows),
        "total": progress.total_counts(rows),
        "labels": {name: progress.STEP_LABELS[name] for name, _stages in progress.STEPS},
    }
    return render(request, "students/panels.html#matrix", context)


@center_page(may="students.see")
def schools(request: Any) -> HttpResponse:
    """The schools that are most behind their plan."""
    rows = _rows(request)
    return render(request, "students/panels.html#schools", {"rows": rows[:SHOWN_SCHOOLS], "more": rows[SHOWN_SCHOOLS:]})


@school_page(may="students.see")
def classes(request: Any) -> HttpResponse:
    """Progress of the own school by college, major and class. ?college=: the one that is open in a large school."""
    rows = progress.class_progress(request.school, request.season) if request.season else []
    found = [
        (row, urlencode({name: value for name, value in row.filters.items() if value}))
        for row in progress.grid(rows, request.GET.get("college"))
    ]
    context = {"rows": found, "labels": {name: progress.STEP_LABELS[name] for name, _stages in progress.STEPS}}
    return render(request, "students/panels.html#classes", context)


@center_page(may="students.see")
def colleges(request: Any) -> HttpResponse:
    """One school's progress by college, on the center's page of that school: ?school=ID."""
    row = get_object_or_404(School, pk=whole_number(request.GET.get("school")) or 0)
    context = {
        "colleges": progress.college_counts(row, request.season) if request.season else [],
        "list_url": f"{reverse('students:center_students')}?school_id={row.pk}",
    }
    return render(request, "students/panels.html#colleges", context)


@center_page(may="students.see")
def school(request: Any) -> HttpResponse:
    """One school's progress, on the center's page of that school: ?school=ID."""
    row = get_object_or_404(School, pk=whole_number(request.GET.get("school")) or 0)
    counts = progress.school_counts(row, request.season) if request.season else progress.StageCounts()
    return render(
        request,
        "students/panels.html#school",
        {"counts": counts, "list_url": f"{reverse('students:center_students')}?school_id={row.pk}"},
    )

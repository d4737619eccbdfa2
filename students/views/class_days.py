"""The days and hours of colleges and classes inside those of their school."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import school_page
from portal.errors import PortalError
from schools.days import group_days, opening_hours
from schools.models import GroupDays
from students.forms import GroupDaysForm
from students.models import Student


@school_page(may="schedule.see", to_post="schedule.set_classes")
def class_days(request: Any) -> HttpResponse:
    """The list, what is wrong in it since the center has moved days, and a form for one more."""
    enrolment = request.enrolment
    if enrolment is None:
        raise Http404
    classes = _classes(request)
    form = GroupDaysForm(request.POST or None, classes=classes)
    if request.method == "POST" and form.is_valid():
        try:
            group_days.add(enrolment, by=request.user, **form.cleaned_data)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The days have been saved."))
            return HttpResponseRedirect(reverse("students:class_days"))
    periods = opening_hours.periods_of(school=request.school, season=request.season)
    rows = list(GroupDays.objects.filter(season=request.season))
    for row in rows:
        row.students = _count(row, classes)  # type: ignore[attr-defined]
        row.problem = group_days.problem_of(row, periods)  # type: ignore[attr-defined]
    context = {"form": form, "rows": rows, "periods": periods}
    return render(request, "students/class_days.html", context, status=422 if form.errors else 200)


def _classes(request: Any) -> dict[tuple[str, str], int]:
    """{(college, class): number of students}."""
    found = Student.objects.filter(season=request.season).order_by("college", "class_name")
    rows = found.values_list("college", "class_name").annotate(n=Count("*"))
    return {(college, class_name): number for college, class_name, number in rows}


def _count(row: GroupDays, classes: dict[tuple[str, str], int]) -> int:
    return sum(
        number
        for (college, class_name), number in classes.items()
        if college == row.college and row.class_name in ("", class_name)
    )


@require_POST
@school_page(may="schedule.set_classes")
def class_days_remove(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(GroupDays.objects.select_related("season"), pk=pk, season=request.season)
    group_days.remove(row, by=request.user)
    messages.success(request, _("Removed: the days of the school count again."))
    return HttpResponseRedirect(reverse("students:class_days"))

"""The days and hours of colleges and classes inside those of their school."""

from typing import Any

from django.contrib import messages
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
from students.lists import class_choice
from students.lists.class_choice import Place


@school_page(may="schedule.see", to_post="schedule.set_classes")
def class_days(request: Any) -> HttpResponse:
    """The list, what is wrong in it since the center has moved days, and a form for one more."""
    enrolment = request.enrolment
    if enrolment is None:
        raise Http404
    classes = class_choice.of_school(request.school, request.season)
    above, offered = class_choice.above_class(classes, request.GET)
    form = GroupDaysForm(request.POST or None, groups=_groups(classes, offered, request.GET.get("college")))
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
    context = {"form": form, "rows": rows, "periods": periods, "levels": above}
    return render(request, "students/class_days.html", context, status=422 if form.errors else 200)


def _groups(classes: list[Place], offered: list[Place], college: str | None) -> list[tuple[str, str]]:
    """(college, class) of what can be chosen; a whole college has no class."""
    colleges = dict.fromkeys(
        place.college for place in classes if place.college and college in (None, "", place.college)
    )
    found = [(name, "") for name in colleges] + [(place.college, place.class_name) for place in offered]
    return sorted(dict.fromkeys(found))


def _count(row: GroupDays, classes: list[Place]) -> int:
    return sum(
        place.students for place in classes if place.college == row.college and row.class_name in ("", place.class_name)
    )


@require_POST
@school_page(may="schedule.set_classes")
def class_days_remove(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(GroupDays.objects.select_related("season"), pk=pk, season=request.season)
    group_days.remove(row, by=request.user)
    messages.success(request, _("Removed: the days of the school count again."))
    return HttpResponseRedirect(reverse("students:class_days"))

"""Writing to the students of a filtered list: how many they are and who, for example, before it is sent."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.forms import MessageForm
from portal.privacy import looks
from students.announcing import group_messages
from students.lists import number_search
from students.lists.student_list import filter_students
from students.views.lists import students_of

SAMPLE = 5


@require_http_methods(["GET", "POST"])
@center_page(may="students.message")
def center_message(request: Any) -> HttpResponse:
    return _message(request, reverse("students:center_students"))


@require_http_methods(["GET", "POST"])
@school_page(may="students.message")
def roster_message(request: Any) -> HttpResponse:
    return _message(request, reverse("students:roster"))


def _message(request: Any, back: str) -> HttpResponse:
    if request.season is None:
        raise PortalError(_("There is no season yet."))
    asked = {name: value for name, value in request.GET.items() if value and name != "page"}
    found = filter_students(students_of(request), asked)
    form = MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        job = group_messages.start(
            found, asked, school=request.school, season=request.season, by=request.user, **form.cleaned_data
        )
        return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))
    sample = list(found.select_related("school")[:SAMPLE])
    looks.record(request, number_search.kind_of_look(asked), [student.pk for student in sample])
    context = {
        "form": form,
        "number": found.count(),
        "sample": [f"{student.name} ({student.student_no})" for student in sample],
        "back": f"{back}?{request.GET.urlencode()}",
        "back_label": _("Students"),
    }
    return render(request, "portal/group_message.html", context)

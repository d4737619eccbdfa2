"""Doing something to many students of a list: whom, how many, and a question before it is done."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import permissions
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.privacy import looks
from students.lists import bulk_actions, number_search, selection
from students.lists.student_list import filter_students
from students.views.lists import students_of

SAMPLE = 5
ELSEWHERE = ("message", "export")  # have pages of their own


@require_POST
@school_page(may="students.see")
def roster_choose(request: Any) -> HttpResponse:
    """The page about the ticked students, or about all that the filters find."""
    pages = {"message": "students:roster_message", "export": "students:roster"}
    return _choose(request, pages, "students:roster_bulk")


@require_POST
@center_page(may="students.see")
def center_choose(request: Any) -> HttpResponse:
    pages = {"message": "students:center_message", "export": "students:center_students"}
    return _choose(request, pages, "students:center_bulk")


def _choose(request: Any, pages: dict[str, str], page: str) -> HttpResponse:
    """Export leads to the list of the selection, whose menu writes the file."""
    asked = selection.asked_by(request.POST, QueryDict(request.POST.get("back", "")))
    what = request.POST.get("do", "")
    if asked == {"pick": ""}:
        raise PortalError(_("Tick the students first."))
    if what not in pages:
        asked["do"], pages = what, {what: page}
    return HttpResponseRedirect(f"{reverse(pages[what])}?{urlencode(asked)}")


@require_http_methods(["GET", "POST"])
@school_page(may="students.see")
def roster_bulk(request: Any) -> HttpResponse:
    return _ask(request, reverse("students:roster"))


@require_http_methods(["GET", "POST"])
@center_page(may="students.see")
def center_bulk(request: Any) -> HttpResponse:
    return _ask(request, reverse("students:center_students"))


def _ask(request: Any, back: str) -> HttpResponse:
    """What happens to how many; the POST starts the job."""
    asked = request.GET.dict()
    offered = {action.name: action for action in bulk_actions.offered(request.membership)}
    action = offered.get(asked.pop("do", ""))
    back = f"{back}?{urlencode({name: value for name, value in asked.items() if name != 'pick'})}"
    if action is None or request.season is None:
        return HttpResponseRedirect(back)
    selected = filter_students(students_of(request), asked)
    concerned = action.narrow(selected)
    form = action.form_of(request.POST or None, request.enrolment)
    if request.method == "POST" and request.read_only and not permissions.action(action.may).in_archive:
        raise request.read_only
    if request.method == "POST" and form.is_valid():
        job = bulk_actions.start(
            action,
            selected,
            asked,
            values=form.cleaned_data,
            school=request.school,
            season=request.season,
            by=request.user,
        )
        return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))
    number, chosen = concerned.count(), selected.count()
    sample = list(concerned.select_related("school")[:SAMPLE])
    looks.record(request, number_search.kind_of_look(asked), [student.pk for student in sample])
    context = {
        "action": action,
        "form": form,
        "number": number,
        "others": chosen - number,
        "sample": sample,
        "back": back,
    }
    return render(request, "students/bulk.html", context, status=422 if form.errors else 200)

"""The roster of a school, and the students of all schools for the center."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from portal.access import center_page, school_page
from portal.form_fields import PickedForm, checked
from schools.models import Action, Area, School
from students import exports, progress, records, resources
from students.forms import ExportForm
from students.models import Student
from students.student_list import StudentList, students_asked_for


def students_of(request: Any) -> QuerySet[Student]:
    """The students whom the person's portal shows: all of the season, or the school's."""
    found = Student.objects.filter(season=request.season)
    return found if request.membership.is_center else found.filter(school=request.school)


def _listed(request: Any, students: QuerySet[Student]) -> dict[str, Any]:
    """What both lists show."""
    _without_empty(request)
    listed = StudentList(students, request.GET)
    return {"students": listed, "page": listed.page}


def _without_empty(request: Any) -> None:
    """A form sends its empty filters along; addresses and links do without them."""
    filled = request.GET.copy()
    for name in [name for name, value in filled.items() if not value]:
        del filled[name]
    request.GET = filled


def _answer(request: Any, template: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page, or its list and filters for htmx."""
    if not request.htmx:
        return render(request, template, context)
    response = render(request, f"{template}#list", context)
    response["HX-Push-Url"] = f"{request.path}?{request.GET.urlencode()}" if request.GET else request.path
    return response


@vary_on_headers("HX-Request")
@school_page(may="students.see")
def roster(request: Any) -> HttpResponse:
    context = _listed(request, students_of(request))
    context |= {
        "fees": [choice for choice in context["students"].chips("fee_state") if choice.count],
        "is_open": request.enrolment is not None and request.enrolment.allows(Action.IMPORT),
    }
    return _answer(request, "students/roster.html", context)


@vary_on_headers("HX-Request")
@center_page(may="students.see")
def center_students(request: Any) -> HttpResponse:
    context = _listed(request, students_of(request).select_related("school"))
    context["step_label"] = progress.STEP_LABELS.get(context["students"].wanted.get("step"), "")
    context["areas"] = Area.objects.all()
    context["schools"] = School.objects.filter(pk__in=_enrolled(request)).select_related("area")
    return _answer(request, "students/center_students.html", context)


def _enrolled(request: Any) -> list[int]:
    return [row.school.pk for row in progress.schools(request.season)] if request.season else []


def _sent(request: Any, content: bytes, form: str) -> HttpResponse:
    name = f"{_('roster')}-{request.school.code if request.school else request.season}-{timezone.localdate():%Y%m%d}.{form}"
    response = HttpResponse(content, content_type=resources.CONTENT_TYPES[form])
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@school_page(may="students.export")
def roster_export(request: Any) -> HttpResponse:
    """The list as filtered, as a file. By POST, since it is recorded; document numbers in clear for administrators."""
    asked = checked(ExportForm(request.POST))
    content = exports.export(
        students_asked_for(students_of(request), request.POST),
        of=request.enrolment or request.school,
        by=request.user,
        form=asked["format"],
        in_clear=asked["numbers"] == "clear",
    )
    return _sent(request, content, asked["format"])


@require_POST
@center_page(may="students.export")
def center_export(request: Any) -> HttpResponse:
    asked = checked(ExportForm(request.POST))
    students = students_asked_for(students_of(request), request.POST)
    content = exports.export(
        students, of=request.season or request.user, by=request.user, form=asked["format"], with_school=True
    )
    return _sent(request, content, asked["format"])


@require_POST
@school_page(may="students.change")
def students_remove(request: Any) -> HttpResponse:
    """Take the picked students off the roster; only those nobody has photographed."""
    picked = checked(PickedForm(request.POST))["pick"]
    number = records.remove(students=picked, school=request.school, season=request.season, by=request.user)
    messages.success(
        request,
        ngettext("%(n)d student taken off the roster.", "%(n)d students taken off the roster.", number) % {"n": number},
    )
    return HttpResponseRedirect(reverse("students:roster"))

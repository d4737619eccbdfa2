"""The lists of students: a school's roster, and the center's list of all schools."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from portal import files, permissions
from portal.access import center_page, school_page
from portal.pages.form_fields import PickedForm, checked
from portal.privacy import looks
from schools.models import Action, School
from students import progress, records
from students.forms import ExportForm
from students.lists import bulk_actions, exports, number_search, resources, shown_columns
from students.lists.shown_columns import ColumnsForm
from students.lists.student_list import StudentList, filter_students
from students.models import Student
from students.without_list import appearances


def students_of(request: Any) -> QuerySet[Student]:
    """The students of the season that the member may see: all, or those of the own school."""
    found = Student.objects.filter(season=request.season)
    return found if request.membership.is_center else found.filter(school=request.school)


def _list_context(request: Any, students: QuerySet[Student]) -> dict[str, Any]:
    """Context of both lists. The look is recorded."""
    _drop_empty_filters(request)
    listed = StudentList(students, request.GET, whole=(request.school, request.season) if request.season else None)
    looks.record(request, number_search.kind_of_look(listed.wanted), [student.pk for student in listed.page])
    return {
        "students": listed,
        "page": listed.page,
        "bulk_actions": [one for one in bulk_actions.offered(request.membership) if one.fits(request.enrolment)],
        "alike": appearances.alike_among(listed.page),
        "columns": shown_columns.of(request.user),
        "column_choices": shown_columns.CHOICES,
    }


def _drop_empty_filters(request: Any) -> None:
    """Remove empty filters, which a form sends, from request.GET."""
    filled = request.GET.copy()
    for name in [name for name, value in filled.items() if not value]:
        del filled[name]
    request.GET = filled


def _render_list(request: Any, template: str, context: dict[str, Any]) -> HttpResponse:
    """The whole page; for htmx only the list and the filters."""
    if not request.htmx:
        return render(request, template, context)
    response = render(request, f"{template}#list", context)
    response["HX-Push-Url"] = f"{request.path}?{request.GET.urlencode()}" if request.GET else request.path
    return response


@vary_on_headers("HX-Request")
@school_page(may="students.see")
def roster(request: Any) -> HttpResponse:
    context = _list_context(request, students_of(request))
    context |= {
        "fees": [choice for choice in context["students"].chips("fee_state") if choice.count],
        "is_open": request.enrolment is not None
        and request.enrolment.allows(Action.IMPORT)
        and permissions.may(request.membership, "students.change"),
        "without_list": request.enrolment is not None and not request.enrolment.hands_over_list,
    }
    if context["without_list"]:
        context["appearances"] = context["students"].chips("appearance")
    return _render_list(request, "students/roster.html", context)


@require_POST
@school_page(may="students.see")
def roster_columns(request: Any) -> HttpResponse:
    """Remember which columns the person wants to see."""
    return _columns_chosen(request, "students:roster")


@require_POST
@center_page(may="students.see")
def center_columns(request: Any) -> HttpResponse:
    return _columns_chosen(request, "students:center_students")


def _columns_chosen(request: Any, page: str) -> HttpResponse:
    shown_columns.choose(request.user, checked(ColumnsForm(request.POST))["columns"])
    return HttpResponseRedirect(f"{reverse(page)}?{QueryDict(request.POST.get('back', '')).urlencode()}")


@require_POST
@school_page(may="students.see")
def roster_find(request: Any) -> HttpResponse:
    """Search by a document number or phone. It is a POST because neither may stand in an address."""
    return _found_by_number(request, "students:roster")


@require_POST
@center_page(may="students.see")
def center_find(request: Any) -> HttpResponse:
    return _found_by_number(request, "students:center_students")


def _found_by_number(request: Any, page: str) -> HttpResponse:
    """The list, whose address has the number encrypted, with the filters that were chosen before."""
    kept = {name: value for name in StudentList.filters if (value := request.POST.get(name)) and name != "q"}
    typed = kept.pop("number", "").strip()
    if typed:
        kept["number"] = number_search.ask(students_of(request), typed, by=request.user)
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode(kept)}")


@vary_on_headers("HX-Request")
@center_page(may="students.see")
def center_students(request: Any) -> HttpResponse:
    context = _list_context(request, students_of(request).select_related("school"))
    context["step_label"] = progress.STEP_LABELS.get(context["students"].wanted.get("step"), "")
    context["schools"] = School.objects.filter(pk__in=_enrolled(request)).select_related("area")
    return _render_list(request, "students/center_students.html", context)


def _enrolled(request: Any) -> list[int]:
    return [row.school.pk for row in progress.school_progress(request.season)] if request.season else []


@require_POST
@school_page(may="students.export")
def roster_export(request: Any) -> HttpResponse:
    """Download of the filtered list. It is a POST because it is recorded."""
    return _roster_file(request, in_clear=False)


@require_POST
@school_page(may="students.export_in_clear")
def roster_export_in_clear(request: Any) -> HttpResponse:
    return _roster_file(request, in_clear=True)


@require_POST
@center_page(may="students.export")
def center_export(request: Any) -> HttpResponse:
    return _roster_file(request, in_clear=False)


def _roster_file(request: Any, *, in_clear: bool) -> HttpResponse:
    """The file of the filtered list; of a long one, the page of the job that makes it."""
    file_format = checked(ExportForm(request.POST))["format"]
    found = filter_students(students_of(request), request.POST)
    filename = f"{_('roster')}-{request.school.code if request.school else request.season}-{timezone.localdate():%Y%m%d}.{file_format}"
    if request.season and found.count() > exports.AT_ONCE:
        job = exports.start(
            found,
            request.POST,
            school=request.school,
            season=request.season,
            by=request.user,
            file_format=file_format,
            filename=filename,
            in_clear=in_clear,
        )
        return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))
    with exports.export_students(
        found,
        of=request.enrolment or request.school or request.season or request.user,
        by=request.user,
        file_format=file_format,
        in_clear=in_clear,
        with_school=request.school is None,
    ) as content:
        return files.attachment(content.read(), filename=filename, content_type=resources.CONTENT_TYPES[file_format])


@require_POST
@school_page(may="students.change")
def students_remove(request: Any) -> HttpResponse:
    """Remove the picked students from the roster. Only students without a photo can be removed."""
    picked = checked(PickedForm(request.POST))["pick"]
    number = records.remove_students(students=picked, school=request.school, season=request.season, by=request.user)
    messages.success(
        request,
        ngettext("%(n)d student taken off the roster.", "%(n)d students taken off the roster.", number) % {"n": number},
    )
    return HttpResponseRedirect(reverse("students:roster"))

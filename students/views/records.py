"""One student: the page, the document number in clear, adding and changing."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import permissions
from portal.access import center_page, school_page
from portal.models import Look
from portal.pages.panels import panels_of
from portal.privacy import looks
from schools.models import Action, Enrolment
from students import records, student_history
from students.correcting import corrections
from students.forms import RefusalForm, StudentForm
from students.models import RosterImport, Student
from students.moving import earlier_history
from students.roster.staging import FIXED_STAGES
from students.views.lists import students_of
from students.without_list import appearances


def _student(request: Any, pk: int) -> Student:
    return get_object_or_404(students_of(request).select_related("school__area", "season"), pk=pk)


def _context(request: Any, student: Student) -> dict[str, Any]:
    """Context of the page. The look is recorded."""
    looks.record(request, Look.Kind.RECORD, [student.pk])
    rows = list(student.corrections.all()[:20])
    for row in rows:
        row.shown = corrections.masked_wanted_value(row)
    return {
        "student": student,
        "lines": student_history.lines_of(student, member=request.membership),
        "earlier_schools": earlier_history.earlier_schools(student),
        "corrections": rows,
        "origin": RosterImport.objects.filter(pk=student.import_no).first() if student.import_no else None,
        "panels": panels_of(request, "student", student.pk),
        **_appearance_of(student),
    }


def _appearance_of(student: Student) -> dict[str, Any]:
    row = appearances.of(student)
    if row is None:
        return {}
    may_refuse = appearances.to_refuse(Student.objects.filter(pk=student.pk)).exists()
    is_alike = bool(appearances.alike_among([student]))
    return {"appearance": row, "is_alike": is_alike, "may_refuse": may_refuse, "refusal_form": RefusalForm()}


@school_page(may="students.see")
def student(request: Any, pk: int) -> HttpResponse:
    row = _student(request, pk)
    enrolment = request.enrolment
    is_open = enrolment is not None and enrolment.allows(Action.IMPORT) and row.stage not in FIXED_STAGES
    may_change = is_open and permissions.may(request.membership, "students.change")
    more = {"may_change": may_change, "may_correct": _may_correct(request, row, enrolment)}
    return render(request, "students/student.html", _context(request, row) | more)


@center_page(may="students.see")
def center_student(request: Any, pk: int) -> HttpResponse:
    row = _student(request, pk)
    enrolment = Enrolment.objects.select_related("season").filter(school=row.school_id, season=row.season_id).first()
    more = {"may_correct": _may_correct(request, row, enrolment)}
    return render(request, "students/student.html", _context(request, row) | more)


def _may_correct(request: Any, row: Student, enrolment: Enrolment | None) -> bool:
    """Whether a correction can be opened: before a photo is taken, a school changes the data itself."""
    if enrolment is None or row.is_erased or not (records.is_protected(row) or request.membership.is_center):
        return False
    may = permissions.may(request.membership, "corrections.open")
    return may and row.stage != Student.Stage.LEFT and enrolment.allows(Action.CORRECT_DATA)


@require_POST
@school_page(may="students.reveal_number")
def student_reveal(request: Any, pk: int) -> HttpResponse:
    return _render_number(request, _student(request, pk), "students:student")


@require_POST
@center_page(may="students.reveal_number")
def center_student_reveal(request: Any, pk: int) -> HttpResponse:
    return _render_number(request, _student(request, pk), "students:center_student")


def _render_number(request: Any, row: Student, page: str) -> HttpResponse:
    """The number for its place in the page; without htmx, the whole page with the number."""
    context = {"student": row, "number": records.reveal_id_number(student=row, by=request.user)}
    if request.htmx:
        response = render(request, "students/student.html#number", context)
    else:
        response = render(request, "students/student.html", _context(request, row) | context)
    response["Cache-Control"] = "private, no-store"
    return response


@school_page(may="students.change")
def student_add(request: Any) -> HttpResponse:
    form = StudentForm(request.POST or None)
    may_ask = False
    if request.method == "POST" and form.is_valid():
        try:
            row = records.add_student(
                school=request.school, season=request.season, by=request.user, **form.cleaned_data
            )
        except records.WrongData as wrong:
            form.show(wrong)
            is_elsewhere = wrong.taken is not None and wrong.taken.kind == "roster.number_elsewhere"
            may_ask = is_elsewhere and permissions.may(request.membership, "students.move")
        else:
            messages.success(request, _("%(student)s is on the roster now.") % {"student": row.name})
            return HttpResponseRedirect(reverse("students:student", args=[row.pk]))
    context = {"form": form, "may_ask": may_ask}
    return render(request, "students/student_form.html", context, status=422 if form.errors else 200)


@school_page(may="students.change")
def student_edit(request: Any, pk: int) -> HttpResponse:
    row = _student(request, pk)
    records.check_changeable(row)
    looks.record(request, Look.Kind.RECORD, [row.pk])
    form = StudentForm(request.POST or None, student=row)
    if request.method == "POST" and form.is_valid():
        try:
            records.change_student(student=row, by=request.user, **form.cleaned_data)
        except records.WrongData as wrong:
            form.show(wrong)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("students:student", args=[row.pk]))
    context = {"form": form, "student": _student(request, pk)}
    return render(request, "students/student_form.html", context, status=422 if form.errors else 200)

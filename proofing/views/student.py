"""The student's pages of proofreading: confirm portrait and data, or ask for a correction."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.errors import Conflict, PortalError
from portal.pages.form_fields import whole_number
from proofing import disputes, proofs
from proofing.forms import CorrectionForm, EvidenceForm
from proofing.views.corrections import asked, picture_response, read_evidence
from schools.models import Action
from students import records
from students.correcting import correction_evidence, corrections
from students.identity.student_access import student_page
from students.models import Correction, Student
from students.roster.staging import FIXED_STAGES


@require_http_methods(["GET", "POST"])
@student_page
def proof(request: Any) -> HttpResponse:
    """Portrait and data as they will be printed. POST confirms what the page showed."""
    student: Student = request.student
    if request.method == "POST":
        proofs.confirm(student, photo_id=_shown(request), portrait=request.POST.get("portrait", ""), by=student)
        messages.success(request, _("Thank you. Portrait and data are confirmed."))
        return HttpResponseRedirect(reverse("proofing:proof"))
    return _proof_page(request)


def _proof_page(request: Any, *, number: str = "") -> HttpResponse:
    student: Student = request.student
    photo = proofs.current_portrait(student)
    asked = list(student.corrections.all())
    for row in asked:
        row.shown = corrections.masked_wanted_value(row)
        row.evidence_form = EvidenceForm(auto_id=f"c{row.pk}_%s")
    context = {
        "number": number,
        "photo": photo,
        "asked": asked,
        "is_disputed": any(one.is_undecided for one in asked),
        "is_open": request.enrolment.allows(Action.CONFIRM),
        "is_correctable": bool(disputes.fields_open(request.enrolment)),
        "can_confirm": photo is not None and student.stage == Student.Stage.APPROVED,
    }
    return render(request, "proofing/proof.html", context)


def _shown(request: Any) -> int:
    """The id of the photo that the page showed. Raises Conflict when it is missing."""
    number = whole_number(request.POST.get("photo"))
    if number is None:
        raise Conflict
    return number


@require_POST
@student_page
def own_number(request: Any) -> HttpResponse:
    """The student's own document number in clear. The access is recorded in the history."""
    number = records.reveal_id_number(student=request.student, by=request.student)
    if request.htmx:
        return render(request, "proofing/proof.html#number", {"number": number})
    return _proof_page(request, number=number)


@require_http_methods(["GET", "POST"])
@student_page
def correction(request: Any) -> HttpResponse:
    fields = disputes.fields_open(request.enrolment)
    initial = {"field": request.GET.get("field", "")}
    form = CorrectionForm(request.POST or None, request.FILES or None, fields_open=fields, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            disputes.ask(request.student, by=request.student, **asked(form, by=request.student))
        except Conflict:
            raise
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your school has been told and will answer here."))
            return HttpResponseRedirect(reverse("proofing:proof"))
    context = {"form": form, "is_printed": request.student.stage in FIXED_STAGES}
    return render(request, "proofing/correction.html", context)


def _own(request: Any, pk: int) -> Correction:
    return get_object_or_404(request.student.corrections.select_related("student__season", "school"), pk=pk)


@require_GET
@student_page
def evidence_picture(request: Any, pk: int) -> HttpResponse:
    return picture_response(_own(request, pk), by=request.student)


@require_POST
@student_page
def add_evidence(request: Any, pk: int) -> HttpResponse:
    row = _own(request, pk)
    jpeg = read_evidence(EvidenceForm({}, request.FILES), by=request.student)
    correction_evidence.attach(row, jpeg=jpeg, by=request.student)
    messages.success(request, _("The picture is kept, encrypted. Only who decides sees it."))
    return HttpResponseRedirect(reverse("proofing:proof"))


@require_POST
@student_page
def withdraw(request: Any, pk: int) -> HttpResponse:
    corrections.withdraw_correction(correction=_own(request, pk), by=request.student)
    messages.success(request, _("Withdrawn. Nothing is changed."))
    return HttpResponseRedirect(reverse("proofing:proof"))

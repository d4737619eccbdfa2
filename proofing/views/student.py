"""The student's pages of proofreading: confirm portrait and data, or ask for a correction."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.errors import Conflict
from portal.pages.form_fields import whole_number
from proofing import disputes, proofs
from proofing.forms import CorrectionForm
from schools.models import Action
from students import records
from students.identity.student_access import student_page
from students.models import Correction, Student


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
    context = {
        "number": number,
        "photo": photo,
        "asked": asked,
        "is_disputed": any(one.status == Correction.Status.OPEN for one in asked),
        "is_open": request.enrolment.allows(Action.CONFIRM),
        "is_correctable": request.enrolment.allows(Action.CORRECT),
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
    initial = {"field": request.GET.get("field", "")}
    form = CorrectionForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        disputes.ask(request.student, by=request.student, **form.cleaned_data)
        messages.success(request, _("Your school has been told and will answer here."))
        return HttpResponseRedirect(reverse("proofing:proof"))
    return render(request, "proofing/correction.html", {"form": form})

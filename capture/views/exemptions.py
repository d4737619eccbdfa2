"""Exemptions: the student's page to declare one, and the school's list to confirm them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from capture.forms import AnswerForm, ExemptionForm
from capture.models import Exemption, Photo
from capture.review import exemptions
from portal.access import school_page
from portal.errors import PortalError
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, choice, search
from portal.privacy import looks
from students.identity.student_access import student_page


@student_page
def mine(request: Any) -> HttpResponse:
    """What the student has declared, and the form to declare it."""
    row = exemptions.of_student(request.student)
    form = ExemptionForm(request.POST or None, initial={"kind": row.kind, "words": row.words} if row else None)
    if request.method == "POST" and form.is_valid():
        try:
            exemptions.declare(student=request.student, by=request.student, **form.cleaned_data)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Declared. Your school has been told."))
            return redirect("capture:exemption")
    context = {"exemption": row, "form": form, "is_open": _is_open(request.student)}
    return render(request, "capture/exemption.html", context, status=400 if form.errors else 200)


def _is_open(student: Any) -> bool:
    return not student.is_locked and student.stage in exemptions.OPEN_STAGES


@require_POST
@student_page
def take_back(request: Any) -> HttpResponse:
    exemptions.take_back(student=request.student, by=request.student)
    messages.success(request, _("Deleted. All photo rules are asked of you."))
    return redirect("capture:exemption")


class Exemptions(List):
    filters = {
        "q": search("student__name__startswith", "student__student_no__startswith"),
        "status": choice("status", Exemption.Status.choices, label=gettext_lazy("State")),
    }
    sorts = {"": ("declared_at", "id")}
    defaults = {"status": Exemption.Status.DECLARED.value}


@school_page(may="exemptions.see")
def exemption_list(request: Any) -> HttpResponse:
    """What students have declared; those that wait for the school by default."""
    rows = Exemption.objects.filter(season=request.season, school=request.school).select_related("student")
    listed = Exemptions(rows, request.GET)
    page = listed.page
    looks.record(request, Look.Kind.PORTRAIT, [row.student_id for row in page])
    photos = Photo.objects.filter(is_current=True, student__in=[row.student_id for row in page])
    context = {
        "listed": listed,
        "page": page,
        "photos": dict(photos.exclude(preview="").values_list("student_id", "pk")),
        "refuse_form": AnswerForm(),
    }
    return render(request, "capture/exemptions.html", context)


@require_POST
@school_page(may="exemptions.decide")
def confirm(request: Any, pk: int) -> HttpResponse:
    row = exemptions.confirm(exemption=_exemption(pk), kind=request.POST.get("kind", ""), by=request.user)
    messages.success(request, _("Confirmed, and %(name)s told.") % {"name": row.student.name})
    return _back(request)


@require_POST
@school_page(may="exemptions.decide")
def refuse(request: Any, pk: int) -> HttpResponse:
    row = exemptions.refuse(exemption=_exemption(pk), by=request.user, **checked(AnswerForm(request.POST)))
    messages.success(request, _("Not confirmed, and %(name)s told.") % {"name": row.student.name})
    return _back(request)


def _exemption(pk: int) -> Exemption:
    return get_object_or_404(Exemption.objects.select_related("student"), pk=pk)


def _back(request: Any) -> HttpResponse:
    """To the page of the review that the form came from, or to the list."""
    back = request.POST.get("back", "")
    is_ours = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if is_ours else reverse("capture:exemptions"))

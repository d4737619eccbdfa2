"""Reading a capture code with the camera, the demo's own codes, and forgetting the number that a code has said."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from capture.forms import ForgetForm
from capture.sign_in import code_pictures, decoder, matching, registry_codes, simulated_decoder
from portal.access import center_page, school_page
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from portal.pages import qr_codes
from portal.pages.form_fields import checked
from portal.security import rate_limits
from portal.tenancy import across_schools
from students.models import Student

FRAMES = "600/m"  # of one address of the network: a campus may have one


@never_cache
@require_POST
def read(request: Any) -> JsonResponse:
    """The text of the code in a frame of the camera: {"code"}, or {"error"}. Nothing is kept."""
    frame = request.FILES.get("picture")
    try:
        rate_limits.refuse_too_many("read-code", address_of(request.META), FRAMES)
        if frame is None:
            raise code_pictures.NoCode(_("Choose the picture of your capture code."))
        return JsonResponse({"code": code_pictures.text_of(frame.read())})
    except PortalError as error:
        return JsonResponse({"error": str(error)}, status=error.status)


@never_cache
@require_GET
def simulated(request: Any) -> HttpResponse:
    """In place of the registry's page: the demo's students fetch their codes here."""
    if not decoder.is_simulated():
        raise Http404
    student_no, name, document = (request.GET.get(key, "").strip()[:40] for key in ("student_no", "name", "document"))
    with across_schools():
        codes = [(row.school.name, simulated_decoder.code_of(row)) for row in matching.numbered(student_no)[:3]]
    if name and document:  # somebody who is on no list
        codes = [(name, simulated_decoder.code_for(name, document))]
    shown = [(whose, qr_codes.png_address(text)) for whose, text in codes]
    context = {"student_no": student_no, "name": name, "document": document, "codes": shown}
    return render(request, "capture/simulated_code.html", context)


@require_POST
@school_page(may="students.forget_code")
def forget(request: Any, pk: int) -> HttpResponse:
    return _forget(request, pk, "students:student")


@require_POST
@center_page(may="students.forget_code")
def center_forget(request: Any, pk: int) -> HttpResponse:
    return _forget(request, pk, "students:center_student")


def _forget(request: Any, pk: int, page: str) -> HttpResponse:
    student = get_object_or_404(Student, pk=pk, season=request.season)
    registry_codes.forget(student, by=request.user, **checked(ForgetForm(request.POST)))
    messages.success(request, _("Forgotten. The next capture code of this student is kept."))
    return redirect(page, pk)

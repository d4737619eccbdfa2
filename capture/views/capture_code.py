"""Reading a capture code with the camera, and the demo's own codes."""

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from capture.sign_in import code_pictures, decoder, matching, simulated_decoder
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from portal.pages import qr_codes
from portal.security import rate_limits
from portal.tenancy import across_schools

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
    student_no = request.GET.get("student_no", "").strip()[:32]
    with across_schools():
        codes = [
            (row.school.name, qr_codes.png_address(simulated_decoder.code_of(row)))
            for row in matching.numbered(student_no)[:3]
        ]
    return render(request, "capture/simulated_code.html", {"student_no": student_no, "codes": codes})

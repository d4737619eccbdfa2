"""Error pages: a sentence, never a trace."""

import sys
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import outages
from portal.access import is_program

FAULT = gettext_lazy("Something went wrong on our side. It has been noted; please try again in a few minutes.")
COME_AGAIN = 30  # seconds


def _page(request: Any, status: int, template: str) -> HttpResponse:
    return render(request, f"errors/{template}.html", status=status)


def bad_request(request: Any, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, "400")


def forbidden(request: Any, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, "403")


def not_found(request: Any, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, "404")


def server_error(request: Any) -> HttpResponse:
    """What no view caught. A server that is away or full is told as such: it ends by itself, and asking again helps."""
    sentence = _outage(sys.exception())
    if not sentence:
        return JsonResponse({"error": str(FAULT)}, status=500) if is_program(request) else _page(request, 500, "500")
    response: HttpResponse
    if is_program(request):
        response = JsonResponse({"error": sentence}, status=503)
    else:
        response = render(request, "errors/refusal.html", {"sentence": sentence}, status=503)
    response["Retry-After"] = str(COME_AGAIN)
    return response


def _outage(error: BaseException | None) -> str:
    """What to do when PostgreSQL or Redis is away or the disk is full; "" for other errors."""
    if outages.is_disk_full(error):
        return _(
            "The server's disk is full, so this was not saved. What was saved before is not lost. Try again later."
        )
    if outages.is_server_away(error):
        return _(
            "Part of the server does not answer at this moment. What was saved is not lost: in a minute, look whether what you"
            " just sent has arrived, and send it again if not."
        )
    return ""


def stale_form(request: Any, reason: str = "") -> HttpResponse:
    """The CSRF token of the form does not belong to this session: the person has signed in again,
    or the page is old.
    """
    sentence = _("This page was open too long or you signed in again elsewhere. Reload it and send the form once more.")
    if is_program(request):
        return JsonResponse({"error": sentence, "stale": True}, status=403)
    return render(request, "errors/refusal.html", {"sentence": sentence}, status=403)

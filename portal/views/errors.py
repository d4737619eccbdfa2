"""Error pages: a sentence, never a trace."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def _page(request: Any, status: int, template: str) -> HttpResponse:
    return render(request, f"errors/{template}.html", status=status)


def bad_request(request: Any, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, "400")


def forbidden(request: Any, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, "403")


def not_found(request: Any, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, "404")


def server_error(request: Any) -> HttpResponse:
    return _page(request, 500, "500")


def stale_form(request: Any, reason: str = "") -> HttpResponse:
    """The CSRF token of the form does not belong to this session: the person has signed in again,
    or the page is old.
    """
    sentence = _("This page was open too long or you signed in again elsewhere. Reload it and send the form once more.")
    if request.headers.get("Accept", "").startswith("application/json"):
        from django.http import JsonResponse

        return JsonResponse({"error": sentence, "stale": True}, status=403)
    return render(request, "errors/refusal.html", {"sentence": sentence}, status=403)

"""The manuals inside the portals."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import staff_page
from portal.pages import manual


@require_GET
@staff_page(may="permissions.see")
def manual_page(request: Any, book: str) -> HttpResponse:
    names = manual.readable(is_center=request.membership.is_center)
    if book not in names:
        raise Http404
    others = [(other, manual.TITLES[other]) for other in names if other != book]
    return render(request, "portal/manual.html", {"manual": manual.read(book), "others": others})

"""A visitor who is sent to a page of an outside service while signing in, and comes back."""

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from capture.sign_in import credentials, real_name
from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Errand, Refused, Visit
from capture.sign_in.real_name import simulator
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from portal.security import rate_limits
from students.identity.student_access import start_session

KEY = "sign_in_errand"  # of the session; nothing in it is believed of a browser
SECONDS = 1800  # as long as the services keep their pages
LOOKS = "30/h"  # for the result, of one errand


def visit_of(request: Any) -> Visit:
    """Who signs in on this page. An outside service leads back with a state of this visit, which `begin` keeps."""
    return Visit(
        season=request.season,
        address=address_of(request.META),
        browser=request.headers.get("User-Agent", "")[:400],
        back=f"{reverse('capture:errand_back')}?once={secrets.token_urlsafe(16)}",
    )


def begin(request: Any, away: credentials.Away, *, visit: Visit, after: str) -> None:
    """Keep the errand in the visitor's session. `after`: the page that follows."""
    errand = away.errand
    request.session[KEY] = {
        "back": visit.back,
        "student": away.student,
        "way": away.provider,
        "service": errand.service,
        "url": errand.url,
        "token": errand.token,
        "after": after,
        "until": time.time() + SECONDS,
    }


@never_cache
@require_GET
def errand(request: Any) -> HttpResponse:
    """Where the visitor goes now, as a link: the page tells whose page it is."""
    kept = _kept(request)
    if kept is None:
        return redirect("capture:signin")
    context = {
        "url": kept["url"],
        "service": real_name.title_of(kept["service"]),
        "back": kept["back"],
        "is_simulated": kept["service"] == "simulator",
    }
    return render(request, "capture/errand.html", context)


@never_cache
@require_GET
def back(request: Any) -> HttpResponse:
    """Back from the service. What the address says of the result is not read: the service is asked."""
    kept = _kept(request)
    if kept is None or not secrets.compare_digest(kept["back"].partition("=")[2], request.GET.get("once", "")):
        messages.error(request, _("This check is too old or used up. Please begin again."))
        return redirect("capture:signin")
    sign_in = f"{reverse('capture:signin')}?by={kept['way']}"
    if kept["after"] == "capture:camera":
        sign_in += "&next=camera"
    away = credentials.Away(kept["student"], kept["way"], Errand(kept["service"], kept["url"], kept["token"]))
    try:
        rate_limits.refuse_too_many("errand", kept["token"], LOOKS)
        visit = Visit(season=request.season, address=address_of(request.META))
        recognition = credentials.finish(away=away, provider=all_providers()[away.provider], visit=visit)
    except Refused as refused:
        del request.session[KEY]
        messages.error(request, str(refused))
        return HttpResponseRedirect(sign_in)
    except PortalError as error:
        messages.warning(request, str(error))
        return redirect("capture:errand")
    del request.session[KEY]
    start_session(request, recognition)
    return redirect(kept["after"])


def _kept(request: Any) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = request.session.get(KEY)
    return kept if kept and kept["until"] > time.time() else None


@never_cache
@require_http_methods(["GET", "POST"])
def simulated_face(request: Any) -> HttpResponse:
    """In place of the page of a service: the visitor chooses what it says. It leads back to our own page only."""
    token = request.GET.get("token", "")
    known = simulator.found(token) if real_name.is_simulated() else None
    if known is None:
        raise Http404
    back = urlsplit(known["back"])
    url = f"{back.path}?{back.query}"
    if request.method == "POST":
        outcome = request.POST.get("outcome", "")
        if outcome in simulator.OUTCOMES:
            simulator.choose(token, outcome)
        return HttpResponseRedirect(url)
    return render(request, "capture/simulated_face.html", {"url": url})

"""A person's own open sessions."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from portal import history
from portal.access import staff_page
from portal.accounts import open_sessions


@require_GET
@staff_page(may="sessions.see")
def session_list(request: Any) -> HttpResponse:
    return render(request, "portal/sessions.html", {"sessions": open_sessions.listed(request)})


@require_POST
@staff_page(may="sessions.see")
def session_end(request: Any, sign_in: int) -> HttpResponse:
    number = open_sessions.end(request.user, pk=sign_in)
    if not number:
        raise Http404
    return _ended(request, number)


@require_POST
@staff_page(may="sessions.see")
def sessions_end_others(request: Any) -> HttpResponse:
    this = request.session.get(open_sessions.SIGN_IN)
    return _ended(request, open_sessions.end(request.user, besides=this))


def _ended(request: Any, number: int) -> HttpResponse:
    if number:
        facts = {"name": request.user.actor_name, "count": number}
        history.record("person.sessions_ended", request.membership, by=request.user, facts=facts)
    messages.success(request, ngettext("%(n)d session ended.", "%(n)d sessions ended.", number) % {"n": number})
    return HttpResponseRedirect(reverse("portal:sessions"))

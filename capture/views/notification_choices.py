"""What a student is told by which channel, and linking the student's WeChat."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from capture.sign_in import wechat_binding
from portal.errors import PortalError
from portal.notifications import choices
from portal.notifications.channels import wechat
from students.identity.student_access import student_page

STATE = "wechat_state"  # of the session: what WeChat has to send back


@require_http_methods(["GET", "POST"])
@student_page
def choose(request: Any) -> HttpResponse:
    if request.method == "POST":
        choices.save(request.student, school=request.school, values=request.POST.getlist("want"))
        messages.success(request, _("Your choice is kept."))
        return HttpResponseRedirect(reverse("capture:notifications"))
    context = {
        "choices": choices.of(request.student),
        "can_link": wechat.CHANNEL.is_set_up(),
        "is_inside_wechat": "MicroMessenger" in request.headers.get("User-Agent", ""),
    }
    return render(request, "capture/notifications.html", context)


@require_GET
@student_page
def wechat_link(request: Any) -> HttpResponse:
    """To WeChat, which sends the student back to `wechat_linked` with a code."""
    if not wechat.CHANNEL.is_set_up():
        raise PortalError(_("WeChat is not set up here."))
    state = request.session[STATE] = secrets.token_urlsafe(16)
    back = settings.SITE_URL + reverse("capture:wechat_linked")
    return HttpResponseRedirect(wechat.CHANNEL.authorize_url(back, state))


@require_GET
@student_page
def wechat_linked(request: Any) -> HttpResponse:
    """Back from WeChat. Without the state that this session was given, somebody else's WeChat could be linked."""
    state = request.session.pop(STATE, "")
    given = request.GET.dict()
    if not state or not secrets.compare_digest(state, given.get("state", "")):
        raise PortalError(_("This link is used up. Please link your WeChat again."))
    wechat_binding.bind_official_account(request.student, given.get("code", ""))
    messages.success(request, _("Your WeChat is linked."))
    return HttpResponseRedirect(reverse("capture:notifications"))

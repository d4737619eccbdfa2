"""What a person of the staff is told by which channel, and linking the person's WeChat."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.access import staff_page
from portal.notifications import choices, linking


@require_http_methods(["GET", "POST"])
@staff_page(may="sessions.see")
def notification_choices(request: Any) -> HttpResponse:
    if request.method == "POST":
        choices.save(request.user, school=request.membership.school, values=request.POST.getlist("want"))
        messages.success(request, _("Your choice is kept."))
        return HttpResponseRedirect(reverse("portal:notification_choices"))
    context = {"choices": choices.of(request.user)} | linking.offer(request)
    return render(request, "portal/notification_choices.html", context)


@require_GET
@staff_page(may="sessions.see")
def wechat_link(request: Any) -> HttpResponse:
    return linking.begin(request, reverse("portal:wechat_linked"))


@require_GET
@staff_page(may="sessions.see")
def wechat_linked(request: Any) -> HttpResponse:
    linking.finish(request, request.user, school=request.membership.school)
    messages.success(request, _("Your WeChat is linked."))
    return HttpResponseRedirect(reverse("portal:notification_choices"))

"""What a person of the staff is told by which channel."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import staff_page
from portal.notifications import choices


@require_http_methods(["GET", "POST"])
@staff_page(may="sessions.see")
def notification_choices(request: Any) -> HttpResponse:
    if request.method == "POST":
        choices.save(request.user, school=request.membership.school, values=request.POST.getlist("want"))
        messages.success(request, _("Your choice is kept."))
        return HttpResponseRedirect(reverse("portal:notification_choices"))
    return render(request, "portal/notification_choices.html", {"choices": choices.of(request.user)})

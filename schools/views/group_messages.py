"""Writing to the schools of a filtered list: how many they are and which, for example, before it is sent."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import center_page
from portal.forms import MessageForm
from schools import group_messages
from schools.views.schools import SchoolList, with_state

SAMPLE = 5


@require_http_methods(["GET", "POST"])
@center_page(may="schools.message")
def schools_message(request: Any) -> HttpResponse:
    asked = {name: value for name, value in request.GET.items() if value and name != "page"}
    found = SchoolList(with_state(request.season), asked).require_known().narrowed()
    form = MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        job = group_messages.start(found, by=request.user, **form.cleaned_data)
        return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))
    context = {
        "form": form,
        "number": found.count(),
        "sample": [school.name for school in found.order_by("code")[:SAMPLE]],
        "back": f"{reverse('schools:schools')}?{request.GET.urlencode()}",
        "back_label": _("Schools"),
    }
    return render(request, "portal/group_message.html", context)

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
from schools.register.school_list import SchoolList

SAMPLE = 5


@require_http_methods(["GET", "POST"])
@center_page(may="schools.message")
def schools_message(request: Any) -> HttpResponse:
    """To the schools that the filters of the list find, or to those of them that were ticked."""
    asked = {name: value for name, value in request.GET.items() if value and name != "page"}
    found = SchoolList(request.season, request.membership, asked).require_known().found
    picked = set(request.POST.getlist("pick"))
    if picked:
        found = [school for school in found if str(school.pk) in picked]
    form = MessageForm(request.POST if "subject" in request.POST else None)
    if form.is_bound and form.is_valid():
        job = group_messages.start(found, by=request.user, **form.cleaned_data)
        return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))
    context = {
        "form": form,
        "number": len(found),
        "sample": [school.name for school in found[:SAMPLE]],
        "picked": [school.pk for school in found] if picked else [],
        "back": f"{reverse('schools:schools')}?{request.GET.urlencode()}",
        "back_label": _("Schools"),
    }
    return render(request, "portal/group_message.html", context)

"""Seeing the portal of a school as its administrator sees it: beginning and ending it (portal.accounts.visits)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.access import center_page
from portal.accounts import visits
from portal.forms import VisitForm
from portal.pages import navigation
from portal.tenancy import tenant_model


@require_http_methods(["GET", "POST"])
@center_page(may="visits.make")
def visit(request: Any, pk: int) -> HttpResponse:
    school = get_object_or_404(tenant_model(), pk=pk)
    form = VisitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        visits.begin(request, school, reason=form.cleaned_data["reason"])
        return HttpResponseRedirect(reverse(navigation.entries("school")[0].name))
    context = {"form": form, "school": school, "minutes": visits.MINUTES}
    return render(request, "portal/visit.html", context, status=422 if form.errors else 200)


@require_http_methods(["POST"])
@center_page(may="visits.make")
def visit_end(request: Any) -> HttpResponse:
    """`portal.access` lets this page alone act during a visit, as the person of the center."""
    found = visits.of(request)
    if found is None:
        return HttpResponseRedirect(reverse(navigation.entries("center")[0].name))
    visits.end(request, found)
    messages.success(request, _("You see the center's portal again."))
    return HttpResponseRedirect(found.school.get_absolute_url())

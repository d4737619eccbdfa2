"""Students whose school hands over no list: school, college, then capture code, student number and class."""

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from capture.forms import ChosenClassForm
from capture.sign_in import appearing, credentials, offers
from capture.sign_in.providers.base import Visit
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from portal.security import headers
from schools.models import Enrolment
from students.identity.student_access import session_student, start_session
from students.models import CatalogueClass


@never_cache
def appear(request: Any) -> HttpResponse:
    """`?school=`: its code; `?college=`: one of its catalogue. Each is a step of its own."""
    if session_student(request):
        return redirect("capture:me")
    if request.season is None:
        raise Http404
    place = appearing.place_at(request.season, request.GET.get("school", ""))
    if place is None:
        return render(request, "capture/appear.html", {"schools": appearing.schools(request.season)})
    colleges = list(dict.fromkeys(row.college for row in place.classes))
    college = request.GET.get("college", colleges[0] if len(colleges) == 1 else None)
    context: dict[str, Any] = {"school": place.enrolment.school, "colleges": colleges, "college": college}
    context["is_open"] = place.is_open
    if not place.is_open or college not in colleges:
        return render(request, "capture/appear.html", context)
    return _form(request, place.enrolment, [row for row in place.classes if row.college == college], context)


def _form(request: Any, enrolment: Enrolment, classes: list[CatalogueClass], context: dict[str, Any]) -> HttpResponse:
    way = offers.of_newcomers()
    assert way is not None
    visit = Visit(season=enrolment.season, address=address_of(request.META))
    challenge = way.start(visit)
    form = challenge.form(request.POST or None, request.FILES or None)
    chosen = ChosenClassForm(request.POST or None, classes=classes)
    context |= {"way": way, "challenge": challenge, "form": form, "chosen": chosen, "forms": [form, chosen]}
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid() and chosen.is_valid():  # both are asked for their errors
            found = _entered(request, way, visit, form, credentials.Newcomer(enrolment, chosen.chosen))
            if isinstance(found, HttpResponse):
                return found
            status = found.status
    response = render(request, "capture/appear.html", context, status=status)
    if challenge.uses_camera:
        response["Permissions-Policy"] = headers.WITH_CAMERA
    return response


def _entered(
    request: Any, way: Any, visit: Visit, form: forms.Form, newcomer: credentials.Newcomer
) -> HttpResponse | PortalError:
    try:
        recognised = credentials.sign_in(provider=way, visit=visit, values=form.cleaned_data, newcomer=newcomer)
    except PortalError as error:
        form.add_error(None, str(error))
        return error
    assert not isinstance(recognised, credentials.Away)  # a code needs no errand
    start_session(request, recognised)
    return redirect("capture:me")

"""The center's pages of the hand-over to the registry."""

from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from portal import history
from portal.access import center_page
from portal.errors import PortalError
from portal.history.event_text import describe_events
from portal.models import Look
from portal.pages.lists import Filter, List, search_field
from portal.privacy import looks
from printing.forms import ReceiverForm, RegistryReceiptForm, SentForm
from printing.handover import certificates, contents, packages, standing
from printing.models import HandoverPackage, Receiver
from schools.models import Enrolment
from students.models import Student

MOST_NAMED = 50  # students with a problem


def _searched(rows: list[standing.Standing], words: str) -> list[standing.Standing]:
    schools = [(row, row.enrolment.school) for row in rows]
    return [row for row, school in schools if words in school.name or school.code.startswith(words)]


def _in_state(rows: list[standing.Standing], state: str) -> list[standing.Standing]:
    return [row for row in rows if row.state == state]


class HandoverList(List):
    filters = {
        "q": Filter(search_field(), _searched),
        "state": Filter(
            forms.ChoiceField(
                label=gettext_lazy("State"),
                required=False,
                choices=[(name, label) for name, (label, _badge) in standing.STATES.items()],
            ),
            _in_state,
            lambda rows: Counter(row.state for row in rows),
        ),
    }
    page_size = 30


@require_GET
@center_page(may="handover.see")
def schools(request: Any) -> HttpResponse:
    """Every school of the season, and where it stands with the registry."""
    listed = HandoverList(standing.of_season(request.season), request.GET)
    context = {"listed": listed, "page": listed.page, "receiver": certificates.current()}
    return render(request, "printing/handover/schools.html", context)


@require_http_methods(["GET", "POST"])
@center_page(may="handover.receiver")
def receiver(request: Any) -> HttpResponse:
    """The certificate in force, those before, and the form for another one."""
    form = ReceiverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = certificates.enter(by=request.user, **form.cleaned_data)
        except certificates.PrivateKey:
            raise
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("Packages are encrypted for %(receiver)s from now on.") % {"receiver": row.name}
            )
            return HttpResponseRedirect(reverse("printing:handover_receiver"))
    rows = list(Receiver.objects.all()[:20])
    for row in rows:
        row.shown = certificates.in_fours(row.fingerprint)  # type: ignore[attr-defined]
    context = {"form": form, "current": rows[0] if rows else None, "earlier": rows[1:]}
    return render(request, "printing/handover/receiver.html", context)


def _enrolment(pk: int) -> Enrolment:
    return get_object_or_404(Enrolment.objects.select_related("school", "season"), pk=pk)


def _package(pk: int) -> HandoverPackage:
    rows = HandoverPackage.objects.select_related("school", "season", "enrolment", "job")
    return get_object_or_404(rows, pk=pk)


def _to_school(package: HandoverPackage) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("printing:handover_school", args=[package.enrolment_id]))


@vary_on_headers("HX-Request")
@require_GET
@center_page(may="handover.see")
def school(request: Any, pk: int) -> HttpResponse:
    """The packages of one school. While one is made, the page polls for the fragment of its state."""
    enrolment = _enrolment(pk)
    shown = HandoverPackage.objects.filter(enrolment=enrolment).select_related("school", "season", "job")
    rows = list(shown)
    open_job = next((row.job for row in rows if row.is_being_made), None)
    if request.htmx and open_job is not None:
        return render(request, "printing/handover/school.html#state", {"job": open_job, "enrolment": enrolment})
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"  # the buttons differ now
        return response
    for row in rows:
        row.outdated = packages.outdated_in(row)  # type: ignore[attr-defined]
        row.shown_fingerprint = certificates.in_fours(row.fingerprint)  # type: ignore[attr-defined]
    context = {
        "enrolment": enrolment,
        "standing": standing.of_school(enrolment),
        "packages": rows,
        "job": open_job,
        "problems": _problems(request, rows[0]) if rows else [],
        "receiver": certificates.current(),
        "events": describe_events(history.of(rows[0])[:20]) if rows else [],
    }
    return render(request, "printing/handover/school.html", context)


def _problems(request: Any, package: HandoverPackage) -> list[tuple[Student, Any]]:
    """[(student, why not)] of the job that made the package last. That they were shown is recorded."""
    found = (package.job.result if package.job else {}).get("problems", [])[:MOST_NAMED]
    students = Student.objects.in_bulk([pk for pk, _problem in found])
    looks.record(request, Look.Kind.LIST, list(students))
    return [(students[pk], contents.PROBLEMS[problem]) for pk, problem in found if pk in students]


@require_POST
@center_page(may="handover.make")
def make(request: Any, pk: int) -> HttpResponse:
    """The next package of a school."""
    package = packages.create(_enrolment(pk), by=request.user)
    messages.success(request, _("Package %(number)s is being made.") % {"number": package})
    return _to_school(package)


@require_POST
@center_page(may="handover.make")
def again(request: Any, pk: int) -> HttpResponse:
    package = packages.make_again(_package(pk), by=request.user)
    messages.success(request, _("Package %(number)s is being made.") % {"number": package})
    return _to_school(package)


@require_http_methods(["GET", "POST"])
@center_page(may="handover.receipt")
def sent(request: Any, pk: int) -> HttpResponse:
    package = _package(pk)
    form = SentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        packages.mark_sent(package, by=request.user, **form.cleaned_data)
        messages.success(request, _("Marked as sent. Record the answer of the registry when it comes."))
        return _to_school(package)
    return render(request, "printing/handover/answer.html", {"package": package, "form": form, "is_receipt": False})


@require_http_methods(["GET", "POST"])
@center_page(may="handover.receipt")
def receipt(request: Any, pk: int) -> HttpResponse:
    package = _package(pk)
    form = RegistryReceiptForm(request.POST or None, instance=_package(pk))
    if request.method == "POST" and form.is_valid():
        packages.record_receipt(package, by=request.user, **form.cleaned_data)
        messages.success(request, _("The answer of the registry is recorded."))
        return _to_school(package)
    return render(request, "printing/handover/answer.html", {"package": package, "form": form, "is_receipt": True})

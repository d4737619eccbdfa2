"""The school's stations and its notice to the students."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capture import stations
from capture.forms import StationForm, StudentNoticeForm
from capture.models import Station
from portal.access import school_page
from portal.errors import PortalError
from schools import opening_hours
from schools.models import Action


@school_page(may="stations.see", to_post="stations.change")
def overview(request: Any) -> HttpResponse:
    """The stations, and the form of the notice to the students."""
    enrolment = _enrolment(request)
    form = StudentNoticeForm(request.POST or None, instance=enrolment)
    if request.method == "POST" and form.is_valid():
        stations.save_notice(
            enrolment=enrolment,
            notice=form.cleaned_data["student_notice"],
            allow_file=form.cleaned_data["allow_file"],
            by=request.user,
        )
        messages.success(request, _("Saved. Students read it from now on."))
        return redirect("capture:stations")
    plan = opening_hours.schedule_of(enrolment=enrolment)
    context = {
        "form": form,
        "stations": Station.objects.filter(season=request.season),
        "days_sentence": plan.describe_days(timezone.now()),
        "enrolment": enrolment,
        "can_end_capture": enrolment.allows(Action.OPEN_PROOFREADING),
    }
    return render(request, "capture/stations.html", context, status=400 if form.errors else 200)


def _enrolment(request: Any) -> Any:
    if request.enrolment is None:
        raise PortalError(_("Your school does not take part in this season yet. Ask the center to enrol it."))
    return request.enrolment


@school_page(may="stations.change")
def edit(request: Any, pk: int | None = None) -> HttpResponse:
    """Add a station, or change one."""
    _enrolment(request)
    station = get_object_or_404(Station, pk=pk) if pk else Station(school=request.school, season=request.season)
    form = StationForm(request.POST or None, instance=station)
    if request.method == "POST" and form.is_valid():
        stations.save_station(station=form.instance, by=request.user)
        messages.success(request, _("The station is saved."))
        return redirect("capture:stations")
    return render(request, "capture/station.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@school_page(may="stations.change")
def remove(request: Any, pk: int) -> HttpResponse:
    stations.remove_station(station=get_object_or_404(Station, pk=pk), by=request.user)
    messages.success(request, _("The station is removed."))
    return redirect("capture:stations")

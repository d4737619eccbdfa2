"""The school's stations and its notice to the students."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from capture import stations
from capture.forms import StationForm, StudentNoticeForm
from capture.models import Station
from capture.review import decisions
from portal.access import school_page
from portal.errors import PortalError
from portal.models import Membership
from portal.pages.lists import List, cases, text
from schools import opening_hours
from schools.models import Action
from students.lists.student_list import StudentList
from students.models import Student

Stage = Student.Stage


class TodayList(List):
    """Whom a station meets today: by default those who still have to be photographed."""

    filters = {
        "q": StudentList.filters["q"],
        "class_name": text("class_name", label=gettext_lazy("Class")),
        "state": cases(
            {
                "open": (gettext_lazy("To photograph"), Q(stage__in=(Stage.WAITING, Stage.RETAKE))),
                "ready": (gettext_lazy("Still to hand in"), Q(stage__in=(Stage.CHECKING, Stage.READY))),
                "done": (gettext_lazy("Handed in"), Q(stage__in=Student.CAPTURED)),
            },
            label=gettext_lazy("State"),
        ),
    }
    sorts = {"": ("class_name", "student_no")}
    defaults = {"state": "open"}


@require_GET
@school_page(may="stations.help")
def today(request: Any) -> HttpResponse:
    """What a helper at a station needs: where, when, whom, and what to do when it does not work.

    Student numbers only: no document numbers, no phones.
    """
    enrolment = _enrolment(request)
    now = timezone.now()
    plan = opening_hours.schedule_of(enrolment=enrolment)
    listed = TodayList(Student.objects.filter(season=request.season, school=request.school), request.GET)
    contact = Membership.objects.filter(school=request.school, is_contact=True).select_related("user").first()
    context = {
        "listed": listed,
        "page": listed.page,
        "states": listed.chips("state"),
        "stations": Station.objects.filter(season=request.season),
        "days_sentence": plan.describe_days(now),
        "notice": enrolment.student_notice,
        "contact": contact,
        "unlockers": decisions.unlockers(request.school),
        "sign_in_url": settings.SITE_URL + reverse("capture:me"),
    }
    return render(request, "capture/today.html", context)


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
        try:
            stations.save_station(station=form.instance, by=request.user)
        except PortalError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("The station is saved."))
            return redirect("capture:stations")
    return render(request, "capture/station.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@school_page(may="stations.change")
def remove(request: Any, pk: int) -> HttpResponse:
    stations.remove_station(station=get_object_or_404(Station, pk=pk), by=request.user)
    messages.success(request, _("The station is removed."))
    return redirect("capture:stations")

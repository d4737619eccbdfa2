"""The school's stations, which class comes when, and its notice to the students."""

import datetime as dt
import itertools
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from capture.forms import PlanForm, SlotForm, StationForm, StudentNoticeForm
from capture.models import Slot, Station
from capture.review import decisions
from capture.stations import places, plan_paper, slots
from portal import files
from portal.access import school_page
from portal.errors import PortalError
from portal.models import Look, Membership
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases
from portal.pdf.fonts import installed_fonts
from portal.privacy import looks
from schools.days import opening_hours
from schools.models import Action, Enrolment
from students.lists import class_choice
from students.lists.student_list import StudentList
from students.models import Student

Stage = Student.Stage


class TodayList(List):
    """Whom a station meets today: by default those who still have to be photographed."""

    filters = {
        "q": StudentList.filters["q"],
        **class_choice.filters(),
        "state": cases(
            {
                "open": (gettext_lazy("To photograph"), Q(stage__in=(Stage.WAITING, Stage.RETAKE))),
                "ready": (gettext_lazy("Still to submit"), Q(stage__in=(Stage.CHECKING, Stage.READY))),
                "done": (gettext_lazy("Submitted"), Q(stage__in=Student.CAPTURED)),
            },
            label=gettext_lazy("State"),
        ),
    }
    sorts = {"": ("class_name", "student_no")}
    defaults = {"state": "open"}


class MissingList(List):
    """Who still has to be photographed, or to hand the photo in."""

    filters = class_choice.filters()
    sorts = {"": ("class_name", "student_no")}


def _levels(request: Any, listed: List) -> list[class_choice.Level]:
    return class_choice.levels(class_choice.of_school(request.school, request.season), listed.wanted, counted=False)


@require_GET
@school_page(may="stations.see_missing")
def missing(request: Any) -> HttpResponse:
    """Names, student numbers and what is missing: all that a class monitor sees."""
    enrolment = _enrolment(request)
    own = Student.objects.filter(season=request.season)
    listed = MissingList(own.filter(stage__in=slots.TO_PHOTOGRAPH), request.GET)
    looks.record(request, Look.Kind.LIST, [student.pk for student in listed.page])
    context = {
        "listed": listed,
        "levels": _levels(request, listed),
        "page": listed.page,
        "all": own.count(),
        "days_sentence": opening_hours.schedule_of(enrolment=enrolment).describe_days(timezone.now()),
        "sign_in_url": settings.SITE_URL + reverse("capture:me"),
    }
    return render(request, "capture/missing.html", context)


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
        "levels": _levels(request, listed),
        "page": listed.page,
        "stations": Station.objects.filter(season=request.season),
        "slots": Slot.objects.filter(season=request.season, day=timezone.localdate(now)).select_related("station"),
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
        places.save_notice(enrolment=enrolment, by=request.user, **form.cleaned_data)
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
            places.save_station(station=form.instance, by=request.user)
        except PortalError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, _("The station is saved."))
            return redirect("capture:stations")
    removal = pk and {
        "url": reverse("capture:station_remove", args=[pk]),
        "title": _("Remove the station?"),
        "text": form.initial["name"],
    }
    return render(
        request, "capture/station.html", {"form": form, "removal": removal}, status=400 if form.errors else 200
    )


@require_POST
@school_page(may="stations.change")
def remove(request: Any, pk: int) -> HttpResponse:
    places.remove_station(station=get_object_or_404(Station, pk=pk), by=request.user)
    messages.success(request, _("The station is removed."))
    return redirect("capture:stations")


@require_GET
@school_page(may="stations.see")
def plan(request: Any) -> HttpResponse:
    """Which class comes to which station when, on one day (`?day=`); the classes that have no slot yet.

    Without a day: the next one, or the last when all are over.
    """
    enrolment = _enrolment(request)
    today = timezone.localdate()
    around = slots.Surroundings.of(enrolment)
    rows = [(slot, slots.problem_of(slot, around) if slot.day >= today else "") for slot in around.slots]
    from_day = slots.first_day(enrolment, today)
    by_day = {day: list(found) for day, found in itertools.groupby(rows, key=lambda row: row[0].day)}
    asked = {day.isoformat(): day for day in by_day}.get(request.GET.get("day", ""))
    shown = asked or min((day for day in by_day if day >= today), default=max(by_day, default=None))
    context = {
        "days": [(day, len(found), any(problem for _slot, problem in found)) for day, found in by_day.items()],
        "day": shown,
        "rows": by_day.get(shown, []),
        "problems": sum(bool(problem) for _slot, problem in rows),
        "missing": slots.without_slot(enrolment, today),
        "today": today,
        "form": PlanForm(initial={"from_day": from_day}) if from_day else None,
        "has_stations": Station.objects.filter(season=request.season).exists(),
        "days_sentence": opening_hours.schedule_of(enrolment=enrolment).describe_days(timezone.now()),
    }
    return render(request, "capture/plan.html", context)


@require_POST
@school_page(may="stations.change")
def make_plan(request: Any) -> HttpResponse:
    made = slots.make(
        enrolment=_enrolment(request), from_day=checked(PlanForm(request.POST))["from_day"], by=request.user
    )
    messages.success(
        request, ngettext("%(n)d slot is planned.", "%(n)d slots are planned.", made.slots) % {"n": made.slots}
    )
    if made.split:
        sentence = ngettext(
            "%(n)d class comes in parts: no station has the time for all of it at once.",
            "%(n)d classes come in parts: no station has the time for all of one at once.",
            made.split,
        )
        messages.info(request, sentence % {"n": made.split})
    return redirect("capture:plan")


@school_page(may="stations.change")
def edit_slot(request: Any, pk: int | None = None) -> HttpResponse:
    """Give a class a slot, or move one."""
    enrolment = _enrolment(request)
    slot = get_object_or_404(Slot, pk=pk) if pk else Slot(school=request.school, season=request.season)
    today = timezone.localdate()
    initial = {} if pk else {"day": slots.first_day(enrolment, today) or today}
    above, classes = ([], []) if pk else _classes_without_slot(enrolment, today, asked=request.GET)
    form = SlotForm(request.POST or None, instance=slot, initial=initial, classes=classes)
    if request.method == "POST" and form.is_valid():
        try:
            slots.save(slot=form.instance, by=request.user)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The slot is saved."))
            return redirect("capture:plan")
    removal = pk and {
        "url": reverse("capture:slot_remove", args=[pk]),
        "title": _("Remove the slot?"),
        "text": slot,
    }
    context = {"form": form, "slot": slot, "levels": above, "removal": removal}
    return render(request, "capture/slot.html", context, status=400 if form.errors else 200)


def _classes_without_slot(
    enrolment: Enrolment, from_day: dt.date, *, asked: Any
) -> tuple[list[class_choice.Level], list[tuple[str, str]]]:
    """The selects above the class, and the (college, class)es that are offered."""
    keys = slots.without_slot(enrolment, from_day)
    of_school = class_choice.of_school(enrolment.school, enrolment.season)
    without = [place for place in of_school if (place.college, place.class_name) in keys]
    above, places = class_choice.above_class(without, asked)
    return above, list(dict.fromkeys((place.college, place.class_name) for place in places))


@require_POST
@school_page(may="stations.change")
def remove_slot(request: Any, pk: int) -> HttpResponse:
    slots.remove(slot=get_object_or_404(Slot, pk=pk), by=request.user)
    messages.success(request, _("The slot is removed."))
    return redirect("capture:plan")


@require_GET
@school_page(may="stations.see")
def print_plan(request: Any) -> HttpResponse:
    """The plan from today on as PDF, by day and station."""
    rows = Slot.objects.filter(season=request.season, day__gte=timezone.localdate()).select_related("station")
    in_order = rows.order_by("day", "station__name", "station", "starts_at")
    sections = [
        plan_paper.section(day, station, list(found))
        for (day, station), found in itertools.groupby(in_order, key=lambda slot: (slot.day, slot.station))
    ]
    if not sections:
        raise PortalError(_("No class has a slot from today on: make the plan first."))
    with tempfile.TemporaryDirectory() as folder:
        path = plan_paper.write_plan(
            sections, Path(folder, "plan.pdf"), school=request.school.name, fonts=installed_fonts()
        )
        return files.attachment(path.read_bytes(), filename="采集安排表.pdf", content_type="application/pdf")


@require_GET
@school_page(may="stations.see")
def print_signs(request: Any) -> HttpResponse:
    """A sign for the door of every station, with the address of the student's page as QR code."""
    url = settings.SITE_URL + reverse("capture:me")
    signs = [plan_paper.sign(row, request.school.name, url) for row in Station.objects.filter(season=request.season)]
    if not signs:
        raise PortalError(_("No station is entered yet."))
    with tempfile.TemporaryDirectory() as folder:
        path = plan_paper.write_signs(signs, Path(folder, "signs.pdf"), fonts=installed_fonts())
        return files.attachment(path.read_bytes(), filename="采集点门牌.pdf", content_type="application/pdf")

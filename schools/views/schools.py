"""The center's list of schools, and one school with its enrolment."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal import permissions
from portal.access import center_page
from portal.history.event_text import describe_events, group_events
from portal.models import Membership
from portal.pages.form_fields import PickedForm, checked, whole_number
from portal.pages.panels import panels_of
from schools import enrolments, inquiries
from schools.days import deadlines, opening_hours
from schools.enrolment_timeline import timeline_of
from schools.forms import SchoolForm
from schools.models import Action, Area, Enrolment, School, Season, Window, WindowException
from schools.notices import reading
from schools.register import school_history
from schools.register.school_list import SchoolList

LETTERS_SHOWN = 5


@center_page(may="schools.see")
def schools(request: Any) -> HttpResponse:
    """All schools, with search, filters and the number of schools for each filter value."""
    listed = SchoolList(request.season, request.membership, request.GET)
    page = listed.page
    for row in page:
        row.cells = listed.cells(row)
    context = {
        "listed": listed,
        "page": page,
        "areas": Area.objects.annotate(number=Count("schools")),
        "state_labels": dict(Enrolment.Status.choices),
        "added_filters": [
            {
                "name": name,
                "label": listed.filters[name].field.label,
                "values": listed.chips(name),
                "wanted": listed.wanted.get(name),
            }
            for name in listed.added_filters
        ],
    }
    return render(request, "schools/schools.html", context)


@center_page(may="schools.see")
def school(request: Any, pk: int) -> HttpResponse:
    """One school: phases, people, days, panels, notices, letters and history."""
    row = get_object_or_404(School.objects.select_related("area"), pk=pk)
    enrolment = Enrolment.objects.select_related("season").filter(school=row, season=request.season).first()
    before = whole_number(request.GET.get("before"))
    past = school_history.page_of(row, before=before)
    context = {
        "school": row,
        "enrolment": enrolment,
        "phases": timeline_of(enrolment) if enrolment else [],
        "people": Membership.objects.filter(school=row)
        .select_related("user")
        .order_by("-is_contact", "roles", "user__full_name"),
        "windows": Window.objects.filter(season=request.season, area=row.area),
        "exceptions": WindowException.objects.filter(season=request.season, school=row),
        **_due_and_left(row, request.season, enrolment),
        "panels": panels_of(request, "center.school", school=row.pk) if enrolment else [],
        "events": group_events(describe_events(past.events)),
        "older": past.older,
        "before": before,
        "notices": reading.received(row, request.season) if permissions.may(request.membership, "notices.see") else [],
        "letters": inquiries.seen_by(request.membership, request.season).filter(school=row)[:LETTERS_SHOWN],
        "may_withdraw": enrolment is not None and enrolment.allows(Action.WITHDRAW),
    }
    return render(request, "schools/school.html", context)


def _due_and_left(school: School, season: Season | None, enrolment: Enrolment | None) -> dict[str, Any]:
    """What the school has to keep, and how many of its days are left."""
    if season is None:
        return {"days_left": 0}
    periods = opening_hours.periods_of(school=school, season=season)
    return {
        "days_left": opening_hours.days_left(periods, timezone.localdate()),
        "due": deadlines.of_school(enrolment, periods) if enrolment else [],
    }


@center_page(may="schools.manage")
def school_new(request: Any) -> HttpResponse:
    form = SchoolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = enrolments.add_school(by=request.user, **form.cleaned_data)
        messages.success(request, _("%(school)s has been added. Now give it an administrator.") % {"school": row})
        return HttpResponseRedirect(reverse("schools:school", args=[row.pk]))
    return render(request, "schools/school_form.html", {"form": form})


@center_page(may="schools.manage")
def school_edit(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(School, pk=pk)
    form = SchoolForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        enrolments.change_school(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("schools:school", args=[row.pk]))
    return render(request, "schools/school_form.html", {"form": form, "school": School.objects.get(pk=pk)})


@require_POST
@center_page(may="schools.manage")
def schools_enrol(request: Any) -> HttpResponse:
    """Enrol the picked schools in the season."""
    picked = list(School.objects.filter(pk__in=checked(PickedForm(request.POST))["pick"]))
    new = enrolments.enrol(picked, season=_season(request), by=request.user)
    sentence = ngettext("%(n)d school now takes part.", "%(n)d schools now take part.", len(new)) % {"n": len(new)}
    messages.success(request, sentence)
    if len(picked) == 1:
        return HttpResponseRedirect(reverse("schools:school", args=[picked[0].pk]))
    return HttpResponseRedirect(reverse("schools:schools"))


def _season(request: Any) -> Season:
    return get_object_or_404(Season, pk=request.season.pk if request.season else None)


@require_POST
@center_page(may="schools.withdraw")
def school_withdraw(request: Any, pk: int) -> HttpResponse:
    """Take a school out of the season."""
    row = get_object_or_404(Enrolment.objects.select_related("school"), school=pk, season=request.season)
    enrolments.withdraw(row, by=request.user)
    messages.success(request, _("%(school)s no longer takes part in this season.") % {"school": row.school})
    return HttpResponseRedirect(reverse("schools:school", args=[pk]))

"""The register of schools, and each school's part in the season."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal.access import center_page
from portal.event_text import gathered, told
from portal.models import Event, Membership
from portal.panels import panel
from schools import enrolments, opening_hours
from schools.enrolment_steps import stages_of
from schools.forms import SchoolFilter, SchoolForm
from schools.models import Area, Enrolment, School, Season, Window, WindowException

PAGE_SIZE = 50
LOOKED_BACK = 400
SORTS = {"code": "code", "name": "name", "area": "area__position", "state": "state"}


@center_page
def schools(request: Any) -> HttpResponse:
    """All schools: searched, filtered by area and state, counted beside."""
    form = SchoolFilter(request.GET)
    form.is_valid()
    found = narrowed(request.season, form.cleaned_data)
    page = Paginator(found.order_by(*_order(request)), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filters": form.cleaned_data,
        "areas": Area.objects.annotate(number=Count("schools")),
        "states": _counted(request.season, form.cleaned_data),
        "state_labels": dict(Enrolment.Status.choices),
    }
    return render(request, "schools/schools.html", context)


def _order(request: Any) -> list[str]:
    sort = request.GET.get("sort", "")
    field = SORTS.get(sort.removeprefix("-"))
    if field is None:
        return ["area__position", "code"]
    return [f"-{field}" if sort.startswith("-") else field, "code"]


def narrowed(season: Season | None, wanted: dict[str, Any], *, by_state: bool = True) -> QuerySet[School]:
    """Schools with the `state` of their enrolment in the season and the number of `people`."""
    mine = Enrolment.objects.filter(season=season, school=OuterRef("pk"))
    found = School.objects.select_related("area").annotate(
        state=Subquery(mine.values("status")[:1]),
        people=Count("memberships", filter=Q(memberships__user__is_active=True)),
    )
    if wanted.get("q"):
        found = found.filter(
            Q(name__icontains=wanted["q"]) | Q(code__startswith=wanted["q"]) | Q(short_name__icontains=wanted["q"])
        )
    if wanted.get("area"):
        found = found.filter(area=wanted["area"])
    if by_state and wanted.get("state"):
        found = found.filter(state=None) if wanted["state"] == "none" else found.filter(state=wanted["state"])
    return found


def _counted(season: Season | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """How many schools each state would leave, all states together, and those that do not take part."""
    rows = narrowed(season, wanted, by_state=False).order_by().values_list("pk", "state")
    states = [state for _pk, state in rows]
    chips = [(value, label, states.count(value)) for value, label in Enrolment.Status.choices]
    return {"all": len(states), "none": states.count(None), "chips": [chip for chip in chips if chip[2]]}


@center_page
def school(request: Any, pk: int) -> HttpResponse:
    """One school: where it stands, its people, its days, its figures, its history."""
    row = get_object_or_404(School.objects.select_related("area"), pk=pk)
    enrolment = Enrolment.objects.select_related("season").filter(school=row, season=request.season).first()
    context = {
        "school": row,
        "enrolment": enrolment,
        "stages": stages_of(enrolment) if enrolment else [],
        "people": Membership.objects.filter(school=row)
        .select_related("user")
        .order_by("-is_contact", "role", "user__full_name"),
        "window": Window.objects.filter(season=request.season, area=row.area).first(),
        "exceptions": WindowException.objects.filter(season=request.season, school=row),
        "days_left": _days_left(row, request.season),
        "panels": [panel(name, school=row.pk) for name in SCHOOL_PANELS] if enrolment else [],
        "events": gathered(told(_own_events(row)))[:10],
        "may_withdraw": enrolment is not None and enrolment.status == Enrolment.Status.PREPARING,
    }
    return render(request, "schools/school.html", context)


def _own_events(school: School) -> list[Event]:
    """What happened to the school as a whole, among its last events; single students have pages of their own."""
    recent = list(Event.objects.filter(school=school)[:LOOKED_BACK])
    return [event for event in recent if event.object_type not in ("students.student", "capture.photo")][:40]


SCHOOL_PANELS = ("students:panel_school", "billing:panel_school", "printing:panel_school")


def _days_left(school: School, season: Season | None) -> int:
    return (
        opening_hours.days_left(opening_hours.periods_of(school=school, season=season), timezone.localdate())
        if season
        else 0
    )


@center_page
def school_new(request: Any) -> HttpResponse:
    form = SchoolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = enrolments.add_school(by=request.user, **form.cleaned_data)
        messages.success(request, _("%(school)s has been added. Now give it an administrator.") % {"school": row})
        return HttpResponseRedirect(reverse("schools:school", args=[row.pk]))
    return render(request, "schools/school_form.html", {"form": form})


@center_page
def school_edit(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(School, pk=pk)
    form = SchoolForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        enrolments.change_school(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("schools:school", args=[row.pk]))
    return render(request, "schools/school_form.html", {"form": form, "school": School.objects.get(pk=pk)})


@require_POST
@center_page
def schools_enrol(request: Any) -> HttpResponse:
    """Let the picked schools take part in the season."""
    picked = list(School.objects.filter(pk__in=[pk for pk in request.POST.getlist("pick") if pk.isdecimal()]))
    new = enrolments.enrol(picked, season=_season(request), by=request.user)
    said = ngettext("%(n)d school now takes part.", "%(n)d schools now take part.", len(new)) % {"n": len(new)}
    messages.success(request, said)
    if len(picked) == 1:
        return HttpResponseRedirect(reverse("schools:school", args=[picked[0].pk]))
    return HttpResponseRedirect(reverse("schools:schools"))


def _season(request: Any) -> Season:
    return get_object_or_404(Season, pk=request.season.pk if request.season else None)


@require_POST
@center_page(admin=True)
def school_withdraw(request: Any, pk: int) -> HttpResponse:
    """Take a school out of the season that it has not begun."""
    row = get_object_or_404(Enrolment.objects.select_related("school"), school=pk, season=request.season)
    enrolments.withdraw(row, by=request.user)
    messages.success(request, _("%(school)s no longer takes part in this season.") % {"school": row.school})
    return HttpResponseRedirect(reverse("schools:school", args=[pk]))

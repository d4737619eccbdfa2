"""The center's pages of the timetable: annex 1 as one table, exceptions of single schools."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import center_page
from schools.days import timetable
from schools.forms import AreaDaysFormSet, ExceptionForm, MakeUpDaysForm, MakeUpForm
from schools.models import Area, School, Season, Window, WindowException, WindowKind


@center_page(may="season.manage")
def timetable_edit(request: Any) -> HttpResponse:
    """Edit all areas, their order and their days in one form."""
    if request.season is None:
        raise Http404
    season: Season = request.season
    formset = AreaDaysFormSet(request.POST or None, initial=_lines(season))
    if request.method == "POST" and formset.is_valid():
        timetable.set_timetable(season, [_line(form) for form in formset if _is_filled(form)], by=request.user)
        messages.success(request, _("The days have been saved."))
        return HttpResponseRedirect(reverse("schools:schedule"))
    _attach_schools(formset)
    return render(request, "schools/timetable.html", {"formset": formset, "shown": season})


def _lines(season: Season) -> list[dict[str, Any]]:
    given = {window.area_id: window for window in Window.objects.regular().filter(season=season)}
    return [
        {
            "area": area.pk,
            "position": area.position,
            "name": area.name,
            "starts_on": given[area.pk].starts_on if area.pk in given else None,
            "ends_on": given[area.pk].ends_on if area.pk in given else None,
        }
        for area in Area.objects.all()
    ]


def _attach_schools(formset: Any) -> None:
    """Set `own_schools` of each form: the active schools of its area."""
    schools: dict[int, list[School]] = {}
    for school in School.objects.filter(is_active=True).only("name", "area"):
        schools.setdefault(school.area_id, []).append(school)
    for form in formset:
        form.own_schools = schools.get(form.initial.get("area"), [])


def _is_filled(form: Any) -> bool:
    return bool(form.cleaned_data.get("name") or form.cleaned_data.get("area"))


def _line(form: Any) -> timetable.AreaDays:
    data = form.cleaned_data
    return timetable.AreaDays(
        name=data["name"],
        position=data.get("position"),
        starts_on=data.get("starts_on"),
        ends_on=data.get("ends_on"),
        area=data.get("area"),
        is_removed=bool(data.get("DELETE")),
    )


@center_page(may="season.manage")
def make_up_new(request: Any) -> HttpResponse:
    """Days for those who missed theirs, for one or more areas."""
    if request.season is None:
        raise Http404
    form = MakeUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        timetable.add_make_up(request.season, by=request.user, **form.cleaned_data)
        messages.success(request, _("The make-up days have been saved. Schools of an open season have been told."))
        return HttpResponseRedirect(reverse("schools:schedule"))
    return render(request, "schools/make_up_form.html", {"form": form, "shown": request.season})


@center_page(may="season.manage")
def make_up_edit(request: Any, window: int) -> HttpResponse:
    row = _make_up(request, window)
    form = MakeUpDaysForm(request.POST or None, initial={"starts_on": row.starts_on, "ends_on": row.ends_on})
    if request.method == "POST" and form.is_valid():
        timetable.change_make_up(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("The make-up days have been saved. Schools of an open season have been told."))
        return HttpResponseRedirect(reverse("schools:schedule"))
    removal = {
        "url": reverse("schools:make_up_remove", args=[window]),
        "title": _("Remove the make-up days?"),
        "text": _("Schools of an open season are told at once."),
    }
    context = {"form": form, "shown": row.season, "row": row, "removal": removal}
    return render(request, "schools/make_up_form.html", context)


@require_POST
@center_page(may="season.manage")
def make_up_remove(request: Any, window: int) -> HttpResponse:
    timetable.remove_make_up(_make_up(request, window), by=request.user)
    messages.success(request, _("The make-up days have been removed."))
    return HttpResponseRedirect(reverse("schools:schedule"))


def _make_up(request: Any, pk: int) -> Window:
    rows = Window.objects.select_related("area", "season")
    return get_object_or_404(rows, pk=pk, season=request.season, kind=WindowKind.MAKE_UP)


@center_page(may="season.except_school")
def exception_new(request: Any, pk: int) -> HttpResponse:
    """Grant one school more days or other hours in the current season."""
    school = get_object_or_404(School.objects.select_related("area"), pk=pk)
    if request.season is None:
        raise Http404
    form = ExceptionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        timetable.grant_exception(school=school, season=request.season, by=request.user, **form.cleaned_data)
        messages.success(request, _("Granted. The school has been told."))
        return HttpResponseRedirect(reverse("schools:school", args=[school.pk]))
    return render(request, "schools/exception_form.html", _exception_context(form, school, request.season))


@center_page(may="season.except_school")
def exception_edit(request: Any, exception: int) -> HttpResponse:
    row = get_object_or_404(WindowException.objects.select_related("school__area", "season"), pk=exception)
    form = ExceptionForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        timetable.change_exception(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved. The school has been told."))
        return HttpResponseRedirect(reverse("schools:school", args=[row.school_id]))
    return render(
        request, "schools/exception_form.html", _exception_context(form, row.school, row.season) | {"row": row}
    )


def _exception_context(form: ExceptionForm, school: School, season: Season) -> dict[str, Any]:
    window = Window.objects.regular().filter(season=season, area=school.area_id).first()
    return {"form": form, "school": school, "window": window, "shown": season}


@require_POST
@center_page(may="season.except_school")
def exception_withdraw(request: Any, exception: int) -> HttpResponse:
    row = get_object_or_404(WindowException.objects.select_related("school", "season"), pk=exception)
    timetable.withdraw_exception(row, by=request.user)
    messages.success(request, _("Withdrawn. The school has been told."))
    return HttpResponseRedirect(reverse("schools:school", args=[row.school_id]))

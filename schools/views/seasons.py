"""The center's pages of a season: terms, opening and closing."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import history
from portal.access import center_page
from portal.history.event_text import describe_events, group_events
from portal.models import Membership
from schools import season_addresses, seasons
from schools.forms import NewSeasonForm, SeasonForm
from schools.models import Action, Enrolment, Season, Window, WindowException
from schools.seasons import unfinished
from schools.seasons.season_checklist import checklist


@center_page(may="season.see")
def season(request: Any) -> HttpResponse:
    if request.season is None:
        return render(request, "schools/season_none.html")
    return render(request, "schools/season.html", _season_context(request.season, request.membership))


def _season_of(request: Any) -> Season:
    if request.season is None:
        raise Http404
    row: Season = request.season
    return row


def _season_context(row: Season, member: Membership | None) -> dict[str, Any]:
    checks = checklist(row) if row.status == Season.Status.DRAFT else []
    windows = Window.objects.filter(season=row).select_related("area")
    return {
        "shown": row,
        "windows": windows.annotate(schools=_schools_of(row)),
        "exceptions": WindowException.objects.filter(season=row).select_related("school__area"),
        "states": _states_of(row),
        "checks": checks,
        "can_open": row.status == Season.Status.CLOSED or all(check.is_done or not check.is_needed for check in checks),
        "unfinished": unfinished.of_season(row, member=member) if row.allows(Action.PRINT) else [],
        "others": Season.objects.annotate(schools=Count("enrolments")),
        "events": group_events(describe_events(history.of(row).exclude(kind="student.sign_in_failed")[:8])),
        "today": timezone.localdate(),
    }


def _schools_of(row: Season) -> Count:
    """An annotation of windows: number of enrolled schools of the area."""
    return Count("area__schools", filter=Q(area__schools__in=Enrolment.objects.filter(season=row).values("school")))


def _states_of(row: Season) -> list[tuple[str, Any, int]]:
    """[(status, label, number of schools)] in the order of the phases."""
    counts = dict(Enrolment.objects.filter(season=row).order_by().values_list("status").annotate(n=Count("pk")))
    return [(value, label, counts.get(value, 0)) for value, label in Enrolment.Status.choices]


@center_page(may="season.manage")
def season_new(request: Any) -> HttpResponse:
    """A new draft from the season of the address: its terms, its days, its schools, and its texts with the years moved."""
    after: Season | None = request.season
    draft = seasons.draft(after=after, today=timezone.localdate())
    form = NewSeasonForm(request.POST or None, instance=draft, after=after)
    if request.method == "POST" and form.is_valid():
        row = seasons.create_season(by=request.user, after=after, **form.cleaned_data)
        messages.success(
            request, _("Season %(year)s has been made. Look over its days, then open it.") % {"year": row.year}
        )
        return HttpResponseRedirect(season_addresses.reverse_in(row.year, "schools:timetable"))
    context = {"form": form, "after": after, "moves": seasons.moved_places(after, draft) if after else []}
    return render(request, "schools/season_form.html", context)


@center_page(may="season.manage")
def season_edit(request: Any) -> HttpResponse:
    row = _season_of(request)
    form = SeasonForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        row = seasons.change_season(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(season_addresses.reverse_in(row.year, "schools:season"))
    return render(request, "schools/season_form.html", {"form": form, "shown": row})


@require_POST
@center_page(may="season.manage")
def season_open(request: Any) -> HttpResponse:
    row = seasons.open_season(_season_of(request), by=request.user)
    messages.success(request, _("Season %(year)s is open.") % {"year": row.year})
    return HttpResponseRedirect(season_addresses.reverse_in(row.year, "schools:season"))


@require_POST
@center_page(may="season.manage")
def season_close(request: Any) -> HttpResponse:
    row = seasons.close_season(_season_of(request), by=request.user)
    messages.success(request, _("The capture of season %(year)s is closed.") % {"year": row.year})
    _say_unfinished(request, row)
    return HttpResponseRedirect(season_addresses.reverse_in(row.year, "schools:season"))


@require_POST
@center_page(may="season.manage")
def season_archive(request: Any) -> HttpResponse:
    row = _season_of(request)
    _say_unfinished(request, row)
    seasons.archive_season(row, by=request.user)
    messages.success(request, _("Season %(year)s is in the archive.") % {"year": row.year})
    return HttpResponseRedirect(season_addresses.reverse_in(row.year, "schools:season"))


@require_POST
@center_page(may="season.manage")
def season_take_out(request: Any) -> HttpResponse:
    row = seasons.take_out_of_archive(_season_of(request), by=request.user)
    messages.success(request, _("Season %(year)s is out of the archive.") % {"year": row.year})
    return HttpResponseRedirect(season_addresses.reverse_in(row.year, "schools:season"))


def _say_unfinished(request: Any, row: Season) -> None:
    found = unfinished.of_season(row, member=request.membership)
    if found:
        figures = _(", ").join(f"{entry.label} {entry.number}" for entry in found)
        messages.warning(request, _("Still unfinished: %(figures)s.") % {"figures": figures})

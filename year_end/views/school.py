"""The school's pages of the year's end: the bulletin, and the commended schools."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import school_page
from year_end import commended_schools
from year_end.models import Award


@require_GET
@school_page(may="bulletin.read")
def commended(request: Any) -> HttpResponse:
    """The panel with the commended schools of the latest bulletin."""
    season, found = commended_schools.latest()
    return render(request, "year_end/panel_commended.html", {"year": season, "schools": found})


@require_GET
@school_page(may="bulletin.read")
def bulletin(request: Any) -> HttpResponse:
    """The bulletin of the season and this school's award.

    Before it is published, those of the latest earlier season.
    """
    row = commended_schools.published_bulletin(request.season)
    if row is None:
        raise Http404
    award = Award.objects.filter(season=row.season).first()
    context = {"bulletin": row, "award": award, "year": row.season, "schools": commended_schools.of_season(row.season)}
    return render(request, "year_end/bulletin.html", context)

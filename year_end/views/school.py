"""What a school sees of the year's end: the bulletin, and who was commended."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import school_page
from year_end import commended_schools
from year_end.models import Award


@require_GET
@school_page(may="bulletin.read")
def excellent(request: Any) -> HttpResponse:
    """The excellent units of the newest bulletin, under the notice."""
    season, found = commended_schools.newest()
    return render(request, "year_end/panel_examples.html", {"year": season, "examples": found})


@require_GET
@school_page(may="bulletin.read")
def bulletin(request: Any) -> HttpResponse:
    """The published bulletin of the season and what it says of this school; before there is one, the newest of earlier."""
    row = commended_schools.published_bulletin(request.season)
    if row is None:
        raise Http404
    award = Award.objects.filter(season=row.season).first()
    context = {"bulletin": row, "award": award, "year": row.season, "examples": commended_schools.of(row.season)}
    return render(request, "year_end/bulletin.html", context)

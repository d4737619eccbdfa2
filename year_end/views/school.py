"""The school's pages of the year's end: what it is ranked by, the bulletin, and the commended schools."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from portal import files
from portal.access import school_page
from year_end import commended_schools, documents, scoring
from year_end.models import Award, YearEndDocument


@require_GET
@school_page(may="bulletin.read")
def commended(request: Any) -> HttpResponse:
    """The panel with the commended schools of the latest bulletin."""
    season, found = commended_schools.latest()
    return render(request, "year_end/panel_commended.html", {"year": season, "schools": found})


@require_GET
@school_page(may="bulletin.read")
def rules(request: Any) -> HttpResponse:
    """What the schools of the season are ranked by, from the day on which it is opened."""
    if request.season is None or not scoring.is_fixed(request.season):
        raise Http404
    return render(request, "year_end/rules.html", {"rules": scoring.rules_of(request.season)})


@require_GET
@school_page(may="bulletin.read")
def bulletin(request: Any) -> HttpResponse:
    """The bulletin of the season and this school's award.

    Before it is published, those of the latest earlier season; before the first, that there is none yet.
    """
    row = commended_schools.published_bulletin(request.season)
    if row is None:
        return render(request, "year_end/bulletin_none.html")
    public = [name for name, document in documents.DOCUMENTS.items() if document.is_public]
    context = {
        "bulletin": row,
        "award": Award.objects.filter(season=row.season).first(),
        "year": row.season,
        "schools": commended_schools.of_season(row.season),
        "kept": YearEndDocument.objects.filter(season=row.season, name__in=public),
    }
    return render(request, "year_end/bulletin.html", context)


@require_GET
@school_page(may="bulletin.read")
def bulletin_file(request: Any, name: str) -> HttpResponse:
    """The published bulletin as a file, of the season that the page shows."""
    row = commended_schools.published_bulletin(request.season)
    if row is None or name not in documents.DOCUMENTS or not documents.DOCUMENTS[name].is_public:
        raise Http404
    kept = get_object_or_404(YearEndDocument, season=row.season, name=name)
    content_type = documents.DOCUMENTS[name].content_type
    return files.send(kept.file, filename=f"{row.season.year}-{name}", content_type=content_type)

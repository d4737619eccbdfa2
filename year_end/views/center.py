"""The center's pages of the year's end: rules, ranking, awards, bulletin, documents."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import files, history
from portal.access import center_page
from portal.errors import PortalError
from schools.models import Season
from year_end import bulletin as bulletins
from year_end import documents, ranking, reports, scoring
from year_end.figures import totals_in
from year_end.forms import AwardForm, BulletinForm, ScoringForm
from year_end.models import Award, Bulletin, YearEndDocument


def _season(request: Any) -> Season:
    if request.season is None:
        raise PortalError(_("There is no season yet."))
    season: Season = request.season
    return season


def _bulletin(season: Season) -> Bulletin | None:
    return Bulletin.objects.filter(season=season).first()


@require_GET
@center_page(may="ranking.see")
def year_end(request: Any) -> HttpResponse:
    season = request.season
    row, made = _bulletin(season), ranking.ranking_of(season)
    context = {
        "awards": ranking.awards_by_rank(season),
        "bulletin": row,
        "ranking": made,
        "totals": totals_in(made.snapshot) if made else None,
        "rules": scoring.rules_of(season) if season else None,
        "total_fen": ranking.total_allowance_fen(season),
        "documents": documents.DOCUMENTS if made else {},
        "job": ranking.latest_job(season) if season else None,
    }
    return render(request, "year_end/year_end.html", context)


@require_POST
@center_page(may="ranking.decide")
def rank(request: Any) -> HttpResponse:
    ranking.start(_season(request), by=request.user)
    messages.success(request, _("The schools are being ranked. The page shows the new figures when it is done."))
    return HttpResponseRedirect(reverse("year_end:year_end"))


@require_http_methods(["GET", "POST"])
@center_page(may="ranking.see", to_post="ranking.decide")
def rules(request: Any) -> HttpResponse:
    """What the schools are ranked by; changed only while the season is a draft."""
    season = _season(request)
    row = scoring.rules_of(season)
    form = ScoringForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        scoring.change_rules(season, by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("year_end:rules"))
    context = {"rules": row, "form": form, "is_fixed": scoring.is_fixed(season)}
    return render(request, "year_end/center_rules.html", context)


@require_http_methods(["GET", "POST"])
@center_page(may="ranking.decide")
def award(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(Award.objects.select_related("school", "season"), pk=pk)
    form = AwardForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        ranking.decide_award(get_object_or_404(Award, pk=pk), by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("year_end:year_end"))
    return render(request, "year_end/award.html", {"award": row, "form": form})


@require_http_methods(["GET", "POST"])
@center_page(may="bulletin.publish")
def bulletin(request: Any) -> HttpResponse:
    """Save the bulletin; with `do=publish` publish it as well, with `do=draft` write it anew from the figures."""
    season = _season(request)
    row, made = _bulletin(season), ranking.ranking_of(season)
    if made is None:
        messages.warning(request, _("Rank the schools first: the bulletin reports their figures."))
        return HttpResponseRedirect(reverse("year_end:year_end"))
    context = {"bulletin": row, "ranking": made, "totals": totals_in(made.snapshot), "documents": documents.DOCUMENTS}
    if row and row.published_at:
        return render(request, "year_end/center_bulletin.html", context)
    proposal = {"title": bulletins.draft_title(season), "sha256": made.sha256}
    proposal["text"] = bulletins.draft_text(made, list(ranking.awards_by_rank(season)))
    initial = {"sha256": made.sha256} if row else proposal
    form = BulletinForm(request.POST or None, instance=row, initial=initial)
    if request.method == "POST" and request.POST.get("do") == "draft":
        bulletins.save_bulletin(season, by=request.user, **proposal)
        messages.success(request, _("Rewritten from the figures of the ranking."))
        return HttpResponseRedirect(reverse("year_end:center_bulletin"))
    if request.method == "POST" and form.is_valid():
        saved = bulletins.save_bulletin(season, by=request.user, **form.cleaned_data)
        if request.POST.get("do") == "publish":
            bulletins.publish(saved, by=request.user)
            messages.success(request, _("Published. Every school has been told."))
        else:
            messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("year_end:center_bulletin"))
    context |= {"form": form, "is_stale": row is not None and row.sha256 != made.sha256}
    return render(request, "year_end/center_bulletin.html", context)


@require_POST
@center_page(may="ranking.export")
def document(request: Any, name: str) -> HttpResponse:
    """One document: that of the published bulletin as it was kept, else a draft from the figures of the ranking.

    It is a POST because it is recorded: it names the commended persons.
    """
    season = _season(request)
    made = ranking.ranking_of(season)
    if name not in documents.DOCUMENTS or made is None:
        raise Http404
    kind = documents.DOCUMENTS[name]
    filename = f"{season.year}-{name}"
    history.record("season.ranking_exported", season, by=request.user, facts={"document": name})
    kept = YearEndDocument.objects.filter(season=season, name=name).first()
    if kept:
        return files.send(kept.file, filename=filename, content_type=kind.content_type)
    awards = list(ranking.awards_by_rank(season))
    unsaved = Bulletin(title=bulletins.draft_title(season), text=bulletins.draft_text(made, awards))
    report = reports.of(made, awards, _bulletin(season) or unsaved)
    return files.attachment(kind.make(report), filename=filename, content_type=kind.content_type)

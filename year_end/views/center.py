"""The center's pages of the year's end: ranking, awards, bulletin."""

import csv
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import formulas, history
from portal.access import center_page
from portal.errors import PortalError
from portal.formatting import yuan
from schools.models import Season
from year_end import ranking
from year_end.forms import AwardForm, BulletinForm
from year_end.models import Award, Bulletin


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
    context = {
        "awards": ranking.awards_by_rank(request.season),
        "bulletin": _bulletin(request.season),
        "weights": ranking.WEIGHTS,
        "total_fen": ranking.total_allowance_fen(request.season),
    }
    return render(request, "year_end/year_end.html", context)


@require_POST
@center_page(may="ranking.decide")
def rank(request: Any) -> HttpResponse:
    awards = ranking.rank(_season(request), by=request.user)
    messages.success(
        request, ngettext("%(n)d school ranked.", "%(n)d schools ranked.", len(awards)) % {"n": len(awards)}
    )
    return HttpResponseRedirect(reverse("year_end:year_end"))


@require_http_methods(["GET", "POST"])
@center_page(may="ranking.decide")
def award(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(Award.objects.select_related("school", "season"), pk=pk)
    form = AwardForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        ranking.decide_award(get_object_or_404(Award, pk=pk), by=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("year_end:year_end"))
    return render(request, "year_end/award.html", {"award": row, "form": form, "weights": ranking.WEIGHTS})


@require_http_methods(["GET", "POST"])
@center_page(may="bulletin.publish")
def bulletin(request: Any) -> HttpResponse:
    """Save the bulletin; with `do=publish` publish it as well."""
    season = _season(request)
    row = _bulletin(season)
    if row and row.published_at:
        return render(request, "year_end/center_bulletin.html", {"bulletin": row})
    initial = {} if row else _proposal(season)
    form = BulletinForm(request.POST or None, instance=row, initial=initial)
    if request.method == "POST" and form.is_valid():
        saved = ranking.save_bulletin(season, by=request.user, **form.cleaned_data)
        if request.POST.get("do") == "publish":
            ranking.publish(saved, by=request.user)
            messages.success(request, _("Published. Every school has been told."))
        else:
            messages.success(request, _("Saved."))
        return HttpResponseRedirect(reverse("year_end:center_bulletin"))
    return render(request, "year_end/center_bulletin.html", {"bulletin": row, "form": form})


def _proposal(season: Season) -> dict[str, str]:
    return {
        "title": f"关于{season.year}年高校毕业生图像信息采集工作情况的通报",
        "text": ranking.bulletin_text(season),
    }


@require_POST
@center_page(may="ranking.export")
def export(request: Any) -> HttpResponse:
    """The ranking as CSV in UTF-8, with the mark by which spreadsheet programs recognise it. It is a POST because it
    is recorded: it names the commended persons."""
    season = _season(request)
    history.record("season.ranking_exported", season, by=request.user)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ranking-{season.year}.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow(
        ["名次", "学校代码", "学校", "得分", "应采集", "已采集", "优秀组织单位", "先进个人", "通报", "补贴（元）"]
    )
    for row in ranking.awards_by_rank(season):
        writer.writerow(
            formulas.harmless_row(
                [
                    row.rank,
                    row.school.code,
                    row.school.name,
                    row.score,
                    row.figures.get("roster", 0),
                    row.figures.get("captured", 0),
                    "是" if row.is_commended else "",
                    row.commended_person,
                    "是" if row.is_criticised else "",
                    yuan(row.allowance_fen),
                ]
            )
        )
    return response

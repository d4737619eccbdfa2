"""The photo rules of the season: every limit, where the photos lie, what a change would do, and who changed what."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages as notes
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

import vision
from capture.forms import LimitsForm
from capture.judging import histograms, limit_preview, limits, rejudge
from capture.models import LimitSet
from portal.access import center_page
from portal.errors import PortalError
from portal.models import Job
from schools.models import Season
from vision.rules import group_rules


@dataclass(frozen=True)
class Line:
    """One limit: its words, the field to type it, the switch (none where the default is off), the default."""

    words: Any
    outcome: str | None
    field: Any
    off: Any
    default: float | None


@dataclass(frozen=True)
class Part:
    criterion: vision.Criterion
    histogram: histograms.Histogram | None
    lines: list[Line]


@dataclass(frozen=True)
class Row:
    rule: vision.Rule
    parts: list[Part]
    is_changed: bool


@vary_on_headers("HX-Request", "Cookie")
@center_page(may="photo_rules.see")
def rules(request: Any) -> HttpResponse:
    """All limits; a POST shows what they would do, without saving."""
    season = _season(request)
    present = limits.in_force(season)
    if request.method != "POST" and request.htmx:
        return render(request, "capture/_judging_apply.html", _work(season, present))
    if request.method != "POST":
        return render(request, "capture/judging.html", _page(request, season, present, LimitsForm(limit_set=present)))
    form = LimitsForm(request.POST, limit_set=present, is_saved=False)
    foreseen = _foresee(season, form)
    context = foreseen if request.htmx else foreseen | _page(request, season, present, form)
    template = "capture/judging.html#foresight" if request.htmx else "capture/judging.html"
    return render(request, template, context)


@require_POST
@center_page(may="photo_rules.change")
def save(request: Any) -> HttpResponse:
    season = _season(request)
    present = limits.in_force(season)
    form = LimitsForm(request.POST, limit_set=present)
    if form.is_valid():
        try:
            made = limits.change(
                season=season,
                by=request.user,
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
                **form.wanted(),
            )
        except PortalError as error:
            form.refuse(error)
        else:
            notes.success(request, _("Saved: limits no. %(n)d judge from now on.") % {"n": made.number})
            return redirect("capture:photo_rules")
    foreseen = _foresee(season, LimitsForm(request.POST, limit_set=present, is_saved=False))
    return render(request, "capture/judging.html", foreseen | _page(request, season, present, form), status=400)


@require_POST
@center_page(may="photo_rules.change")
def apply(request: Any) -> HttpResponse:
    """Judge the undecided photos again that other limits have judged."""
    rejudge.start(season=_season(request), by=request.user)
    notes.success(request, _("The photos are judged again. You may leave this page."))
    return redirect("capture:photo_rules")


def _season(request: Any) -> Season:
    if request.season is None:
        raise PortalError(_("There is no season yet. Make one first."))
    season: Season = request.season
    return season


def _foresee(season: Season, form: LimitsForm) -> dict[str, Any]:
    """What the typed limits would do, or why they make no sense."""
    if not form.is_valid():
        return {"form": form, "nonsense": _("Please correct the marked fields.")}
    try:
        draft = limits.draft(season, **form.wanted())
    except PortalError as error:
        return {"form": form, "nonsense": str(error)}
    found = limit_preview.compare(season, draft, days=form.cleaned_data["days"])
    return {
        "form": form,
        "foreseen": found,
        "draft": draft,
        "differences": limits.differences(limits.in_force(season), draft),
        "rules": [(rule, vision.rule_label(rule), counts) for rule, counts in found.rules.items()],
        "photos": limit_preview.photos_of(found),
        "outcomes": limit_preview.OUTCOMES,
    }


def _page(request: Any, season: Season, present: LimitSet, form: LimitsForm) -> dict[str, Any]:
    return _work(season, present) | {
        "form": form,
        "present": present,
        "is_carried": present.pk and present.season_id != season.pk,
        "groups": _groups(season, present, form),
        "sets": limits.told(season),
        "left_to_reviewer": vision.LEFT_TO_REVIEWER,
        "engine": vision.ENGINE_VERSION,
        "sampled": histograms.SAMPLE,
        "sampled_days": histograms.DAYS,
    }


def _work(season: Season, present: LimitSet) -> dict[str, Any]:
    """What is left to judge again, and the work on it."""
    last = Job.objects.filter(kind=rejudge.KIND, season=season).first()
    job = last if last and last.is_open else None
    # The count reads the season's photos: not every two seconds while the work is followed.
    outdated = 0 if job else rejudge.outdated(season, present).count()
    return {"outdated": outdated, "job": job, "last_job": last}


def _groups(season: Season, present: LimitSet, form: LimitsForm) -> list[tuple[Any, list[Row]]]:
    bounds = limits.bounds(present, background=season.background)
    measures = histograms.sample(season)
    return [(title, [_row(rule, measures, bounds, present, form) for rule in rules]) for title, rules in group_rules()]


def _row(
    rule: vision.Rule, measures: list[dict[str, Any]], bounds: vision.Limits, present: LimitSet, form: LimitsForm
) -> Row:
    parts = [
        Part(
            criterion,
            histograms.of_criterion(criterion, measures, bounds, rule.name),
            [_line(rule, limit, form) for limit in criterion.limits],
        )
        for criterion in rule.criteria
    ]
    return Row(rule, parts, rule.name in present.changes)


def _line(rule: vision.Rule, limit: vision.Limit, form: LimitsForm) -> Line:
    key = f"{rule.name}.{limit.name}"
    off = form[f"{key}.off"] if f"{key}.off" in form.fields else None
    return Line(limit.text, limit.outcome, form[key], off, limit.default)

"""The center's page of photo rules: limits, histograms of the measures, a preview of a change, and
the history."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

import vision
from capture.forms import AgreementForm, LimitsForm
from capture.judging import histograms, limit_preview, limits, rejudge
from capture.judging.agreement import ENOUGH, measure_agreement
from capture.models import Finding, LimitSet
from portal.access import center_page
from portal.errors import PortalError
from portal.models import Job
from schools.models import Season
from vision.rules import group_rules


@dataclass(frozen=True)
class Line:
    """One limit, its field, and the field that switches it off (None if the default is off)."""

    limit: vision.Limit
    field: Any
    off: Any


@dataclass(frozen=True)
class Part:
    criterion: vision.Criterion
    histogram: histograms.Histogram | None
    lines: list[Line]


@dataclass(frozen=True)
class Row:
    """A rule. `rejected`, `warned`: photos of the season. `limits`: (text, number) of what is in force."""

    rule: vision.Rule
    parts: list[Part]
    limits: list[tuple[Any, str]]
    rejected: int
    warned: int
    is_changed: bool
    is_open: bool


@vary_on_headers("HX-Request", "Cookie")
@center_page(may="photo_rules.see")
def rules(request: Any) -> HttpResponse:
    """GET: all limits. POST: a preview of changed limits; nothing is saved."""
    season = _season(request)
    present = limits.in_force(season)
    if request.method != "POST" and request.htmx:
        return render(request, "capture/_judging_apply.html", _rejudging(season, present))
    if request.method != "POST":
        form = LimitsForm(limit_set=present, proposed=request.GET)
        return render(request, "capture/judging.html", _page_context(request, season, present, form))
    form = LimitsForm(request.POST, limit_set=present, is_saved=False)
    comparison = _compare(season, form)
    context = comparison if request.htmx else comparison | _page_context(request, season, present, form)
    template = "capture/judging.html#comparison" if request.htmx else "capture/judging.html"
    return render(request, template, context)


@require_POST
@center_page(may="photo_rules.change")
def save(request: Any) -> HttpResponse:
    season = _season(request)
    present = limits.in_force(season)
    form = LimitsForm(request.POST, limit_set=present)
    if form.is_valid():
        try:
            made = limits.change_limits(
                season=season,
                by=request.user,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"],
                **form.wanted(),
            )
        except PortalError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved: limits no. %(n)d judge from now on.") % {"n": made.number})
            return redirect("capture:photo_rules")
    comparison = _compare(season, LimitsForm(request.POST, limit_set=present, is_saved=False))
    return render(
        request, "capture/judging.html", comparison | _page_context(request, season, present, form), status=400
    )


@require_POST
@center_page(may="photo_rules.change")
def apply(request: Any) -> HttpResponse:
    """Start the job that judges outdated photos again."""
    rejudge.start(season=_season(request), by=request.user)
    messages.success(request, _("The photos are judged again. You may leave this page."))
    return redirect("capture:photo_rules")


@center_page(may="photo_rules.see")
def agreement(request: Any) -> HttpResponse:
    """How often reviewers agreed with the rules, and the limits that would have agreed best."""
    form = AgreementForm(request.GET)
    found = measure_agreement(_season(request), days=form.wanted_days())
    rows = sorted(found.rules, key=lambda row: (not row.is_enough, -row.found))
    context = {"found": found, "rows": rows, "choices": form.fields["days"].choices, "enough": ENOUGH}
    return render(request, "capture/agreement.html", context)


def _season(request: Any) -> Season:
    if request.season is None:
        raise PortalError(_("There is no season yet. Make one first."))
    season: Season = request.season
    return season


def _compare(season: Season, form: LimitsForm) -> dict[str, Any]:
    """The preview of the limits in the form, or `nonsense`: why they are impossible."""
    if not form.is_valid():
        return {"form": form, "nonsense": _("Please correct the marked fields.")}
    try:
        draft = limits.draft_set(season, **form.wanted())
    except PortalError as error:
        return {"form": form, "nonsense": str(error)}
    found = limit_preview.compare_limits(season, draft, days=form.cleaned_data["days"])
    return {
        "form": form,
        "comparison": found,
        "draft": draft,
        "differences": limits.differences(limits.in_force(season), draft),
        "rules": [(rule, vision.rule_label(rule), counts) for rule, counts in found.rules.items()],
        "photos": limit_preview.photos_of(found),
        "outcomes": limit_preview.OUTCOMES,
    }


def _page_context(request: Any, season: Season, present: LimitSet, form: LimitsForm) -> dict[str, Any]:
    return _rejudging(season, present) | {
        "form": form,
        "present": present,
        "is_carried": present.pk and present.season_id != season.pk,
        **_sorted_rows(season, present, form),
        "sets": limits.list_sets(season),
        "left_to_reviewer": vision.LEFT_TO_REVIEWER,
        "engine": vision.ENGINE_VERSION,
        "sampled": histograms.SAMPLE,
        "sampled_days": histograms.DAYS,
    }


def _rejudging(season: Season, present: LimitSet) -> dict[str, Any]:
    """How many photos are outdated, and the job that judges them again."""
    last = Job.objects.filter(kind=rejudge.KIND, season=season).first()
    job = last if last and last.is_open else None
    # The page asks every two seconds while a job runs; the count would read all photos of the
    # season each time.
    outdated = 0 if job else rejudge.outdated_photos(season, present).count()
    return {"outdated": outdated, "job": job, "last_job": last}


def _sorted_rows(season: Season, present: LimitSet, form: LimitsForm) -> dict[str, Any]:
    """`bit`: the rules that found something in the season or were changed, the most frequent first; `groups`: the others,
    (title, rows) by kind."""
    bounds = limits.bounds(present, background=season.background)
    measures, found = histograms.sample_measures(season), histograms.count_findings(season)
    rows = {
        rule.name: _row(rule, measures, bounds, found, form, is_changed=rule.name in present.changes)
        for rule in vision.RULES
    }
    bit = {name: row for name, row in rows.items() if row.rejected or row.warned or row.is_changed}
    rest = [(title, [rows[rule.name] for rule in rules if rule.name not in bit]) for title, rules in group_rules()]
    return {
        "bit": sorted(bit.values(), key=lambda row: (-row.rejected, -row.warned)),
        "groups": [(title, kept, any(row.is_open for row in kept)) for title, kept in rest if kept],
    }


def _row(
    rule: vision.Rule,
    measures: list[dict[str, Any]],
    bounds: vision.Limits,
    found: dict[tuple[str, str], int],
    form: LimitsForm,
    *,
    is_changed: bool,
) -> Row:
    parts = [
        Part(
            criterion,
            histograms.build_histogram(criterion, measures, bounds, rule.name),
            [_line(rule, limit, form) for limit in criterion.limits],
        )
        for criterion in rule.criteria
    ]
    in_force = [
        (limit.text, limits.number_text(value, limit.unit))
        for limit in rule.limits.values()
        if limit.outcome and (value := bounds.get(rule.name, limit.name)) is not None
    ]
    rejected, warned = (found.get((rule.name, outcome), 0) for outcome in Finding.Outcome.values)
    return Row(rule, parts, in_force, rejected, warned, is_changed, form.concerns(rule.name))


def _line(rule: vision.Rule, limit: vision.Limit, form: LimitsForm) -> Line:
    key = f"{rule.name}.{limit.name}"
    return Line(limit, form[key], form[f"{key}.off"] if f"{key}.off" in form.fields else None)

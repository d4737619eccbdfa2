"""Limits and their histograms for templates."""

from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

import vision
from capture.judging import limits
from capture.judging.histograms import Histogram
from capture.models import Photo
from portal.templatetags.ui import badge
from vision.evaluation.shares import Share
from vision.rules import criterion_values
from vision.rules.criteria import ABOVE

register = template.Library()
WIDTH, HEIGHT = 240, 44
FILL = {"reject": "act", "warn": "look", None: "deep"}
OUTCOMES = {"green": ("ok", "check-circle"), "amber": ("look", "eye"), "red": ("act", "x-circle")}


@register.simple_tag
def limit_histogram(histogram: Histogram, unit: vision.Unit, mark: float | None = None) -> SafeString:
    """{% limit_histogram part.histogram part.criterion.unit %}: columns in the colour of their outcome, and a line for
    each limit; `mark` is the value of one photo, a dark line.

    A column's height is the square root of its number of photos, so that small columns are visible
    beside large ones.
    """
    most, step = max(histogram.bars) ** 0.5, WIDTH / len(histogram.bars)
    columns = format_html_join(
        "",
        '<rect class="fill-{}" x="{}" y="{}" width="{}" height="{}"/>',
        (
            (_colour(histogram, (place + 0.5) / len(histogram.bars)), *_place(place, step, n, most))
            for place, n in enumerate(histogram.bars)
            if n
        ),
    )
    lines = format_html_join(
        "",
        '<path class="line-{}" d="M{} 0V{}"/>',
        ((FILL[limit.outcome], round(histogram.part(value) * WIDTH, 1), HEIGHT) for value, limit in histogram.lines),
    )
    place = (
        ""
        if mark is None
        else format_html('<path class="line-mark" d="M{} 0V{}"/>', round(histogram.part(mark) * WIDTH, 1), HEIGHT)
    )
    return format_html(
        '<svg class="gauge" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH,
        HEIGHT,
        _describe(histogram, unit),
        columns,
        lines,
        place,
    )


def _place(place: int, step: float, n: int, most: float) -> tuple[float, float, float, float]:
    height = round(max((HEIGHT - 4) * n**0.5 / most, 1.5), 1)
    return round(place * step, 1), round(HEIGHT - height, 1), round(step - 0.8, 1), height


def _colour(histogram: Histogram, part: float) -> str:
    """The colour of the gravest outcome at this place of the axis (0 to 1)."""
    beyond = {
        limit.outcome for value, limit in histogram.lines if (part > histogram.part(value)) == (limit.side == ABOVE)
    }
    return "act" if "reject" in beyond else "look" if "warn" in beyond else "sky"


def _describe(histogram: Histogram, unit: vision.Unit) -> str:
    ends = {"low": measure(histogram.low, unit), "high": measure(histogram.high, unit)}
    return _("%(n)d photos between %(low)s and %(high)s") % {"n": histogram.photos, **ends}


@register.simple_tag
def measure(value: Any, unit: vision.Unit) -> str:
    """{% measure row.value row.unit %}: a measure or limit in its unit, with three significant digits; a dash for none."""
    return limits.number_text(value, unit, digits=3)


@register.filter
def in_unit(value: float, unit: vision.Unit) -> str:
    """The number that stands in the field of a limit, with three significant digits."""
    return f"{unit.shown(value):.3g}"


@register.simple_tag
def share_of(share: Share) -> SafeString:
    """{% share_of row.ignored %}: the share in percent, its interval at 95 %, and the numbers behind it; a dash of none."""
    if share.interval is None:
        return mark_safe('<span class="muted">–</span>')
    low, high = (round(100 * end) for end in share.interval)
    return format_html(
        '<span class="nowrap"><strong>{}%</strong> <span class="small muted">{}–{}%</span></span>'
        '<br><span class="small muted">{}</span>',
        round(100 * share.hits / share.of),
        low,
        high,
        _("%(n)d of %(total)d") % {"n": share.hits, "total": share.of},
    )


@register.simple_tag
def limit_value(line: limits.Difference, value: Any) -> str:
    """{% limit_value line line.before %}: a limit or switch before or after a change."""
    if value is None or isinstance(value, bool):
        return _("on") if value else _("off")
    return limits.number_text(value, vision.RULES_BY_NAME[line.rule].limits[line.name].unit)


@register.filter
def limit_title(line: limits.Difference) -> Any:
    """The title of the rule or switch that differs."""
    if line.rule:
        return limits.TITLES.get(line.rule, line.rule)
    return (
        _("Approve green photos without a person")
        if line.name == "approves_green"
        else _("Send red photos back without a person")
    )


@register.filter
def limit_words(line: limits.Difference) -> Any:
    return vision.RULES_BY_NAME[line.rule].limits[line.name].text if line.rule else ""


@register.simple_tag
def outcome_mark(outcome: str) -> SafeString:
    """{% outcome_mark "green" %}: a badge with colour, icon and label."""
    labels = {"green": _("Green"), "amber": _("Amber"), "red": _("Red")}
    return badge(labels[outcome], *OUTCOMES[outcome]) if outcome in labels else mark_safe("")


@register.filter
def rule_label(rule: str) -> Any:
    """The short name of what is wrong, in two or three words."""
    return vision.rule_label(rule)


@register.inclusion_tag("capture/_judged_by.html")
def judged_by(photo: Photo) -> dict[str, Any]:
    """{% judged_by photo %}: the engine and the set of limits of the verdict, and every number
    beside its limits."""
    limit_set = photo.limit_set or limits.LimitSet(season=photo.season, number=0)
    bounds = limits.bounds(limit_set, background=photo.background or photo.season.background)
    numbers = criterion_values(photo.measures, photo.geometry)
    rows = [
        row
        for rule in vision.RULES
        for criterion in rule.criteria
        if (row := _number(rule, criterion, numbers, bounds))
    ]
    return {"photo": photo, "number": limit_set.number, "year": limit_set.season.year, "rows": rows}


def _number(
    rule: vision.Rule, criterion: vision.Criterion, numbers: dict[str, Any], bounds: vision.Limits
) -> dict[str, Any] | None:
    """One measure of a photo beside its limits; None when it is not stored."""
    value = criterion.read(numbers, background=bounds.background)
    if value is None:
        return None
    lines = [(limit.text, bounds.get(rule.name, limit.name)) for limit in criterion.limits]
    return {
        "title": criterion.title,
        "unit": criterion.unit,
        "value": value,
        "lines": [line for line in lines if line[1] is not None],
    }

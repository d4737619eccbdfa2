"""Charts as SVG, with their numbers as text.

Widths are SVG attributes because the CSP forbids style attributes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


def share(value: float | None, total: float | None) -> float:
    """Percent between 0 and 100, one decimal."""
    return round(min(max(100 * (value or 0) / total, 0), 100), 1) if total else 0.0


def _rect(x: float, width: float, fill: str) -> SafeString:
    return format_html('<rect class="fill-{}" x="{}%" y="0" width="{}%" height="100%"/>', fill, x, width)


@register.simple_tag
def bar(value: int | None, total: int | None, tone: str = "sky", plain: bool = False) -> SafeString:
    """{% bar done total %}: a bar with '12 / 40'. It is full and green when all is done."""
    value, total = value or 0, total or 0
    fill = "ok" if total and value >= total and tone == "sky" else tone
    picture = format_html(
        '<svg role="img" aria-label="{}%">{}</svg>', int(share(value, total)), _rect(0, share(value, total), fill)
    )
    number = "" if plain else format_html('<span class="bar-value"><b>{}</b> / {}</span>', f"{value:,}", f"{total:,}")
    return format_html('<div class="bar">{}{}</div>', picture, number)


@register.simple_tag
def bar_chart(rows: Iterable[Any], tone: str = "sky") -> SafeString:
    """{% bar_chart rows %}: rows of (label, value) or (label, value, url), each a bar against the
    largest.
    """
    rows = [(*row, "")[:3] for row in rows]
    most = max((value for _, value, _ in rows), default=0)
    parts = (
        (
            format_html('<a href="{}">{}</a>', url, label) if url else label,
            _rect(0, share(value, most), tone),
            f"{value:,}",
        )
        for label, value, url in rows
    )
    body = format_html_join(
        "", '<div><dt class="clip">{}</dt><dd><svg aria-hidden="true">{}</svg></dd><dd class="num">{}</dd></div>', parts
    )
    return format_html('<dl class="chart-rows">{}</dl>', body)


@register.simple_tag
def stack_bar(parts: Iterable[Any]) -> SafeString:
    """{% stack_bar parts %}: parts of (label, value, tone) as one bar of the whole with its legend."""
    parts = [(label, value or 0, tone) for label, value, tone in parts]
    total = sum(value for _, value, _ in parts)
    x, rects = 0.0, []
    for _label, value, tone in parts:
        rects.append(_rect(round(x, 1), share(value, total), tone))
        x += share(value, total)
    legend = format_html_join(
        "",
        '<li><svg aria-hidden="true">{}</svg>{} <b>{}</b></li>',
        ((_rect(0, 100, tone), label, f"{value:,}") for label, value, tone in parts),
    )
    return format_html(
        '<div class="chart"><div class="stack-bar"><svg aria-hidden="true">{}</svg></div>'
        '<ul class="legend">{}</ul></div>',
        mark_safe("".join(rects)),
        legend,
    )


@register.simple_tag
def sparkline(values: Sequence[int]) -> SafeString:
    """{% sparkline values %}: a number over the last days, the newest on the right."""
    if len(values) < 2:
        return mark_safe("")
    most = max(values) or 1
    points = [(round(96 * i / (len(values) - 1), 1), round(25 - 23 * v / most, 1)) for i, v in enumerate(values)]
    line = "L".join(f"{x} {y}" for x, y in points)
    return format_html(
        '<svg class="spark" viewBox="0 0 96 26" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="area" d="M0 26L{}L96 26Z"/><path d="M{}"/></svg>',
        ", ".join(map(str, values)),
        line,
        line,
    )


@register.simple_tag
def day_chart(days: Sequence[Any]) -> SafeString:
    """{% day_chart days %}: a column for each (short label, value), the last one marked; every
    second label is shown, and every second value when they are long.
    """
    if not days:
        return mark_safe("")
    most, width = max(value for _, value in days) or 1, _STEP * len(days)
    columns = [_column(n, *day, most=most, left=len(days) - 1 - n) for n, day in enumerate(days)]
    return format_html(
        '<svg class="chart-days" viewBox="0 0 {} 122" role="img" aria-label="{}">'
        '<path class="rule" d="M0 102.500H{}"/>{}</svg>',
        width,
        ", ".join(f"{label}: {value}" for label, value in days),
        width,
        mark_safe("".join(columns)),
    )


_STEP = 32  # width of a day in the units of the drawing
LONG = 10_000  # values from here on are wider than a day


def _column(place: int, label: Any, value: int, *, most: int, left: int) -> SafeString:
    x, height = place * _STEP + _STEP / 2, round(84 * value / most, 1)
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="18" height="{}" rx="2"/>'
        '<text x="{}" y="{}" text-anchor="middle">{}</text><text x="{}" y="118" text-anchor="middle">{}</text>',
        "fill-deep" if left == 0 else "fill-sky",
        x - 9,
        round(102 - height, 1),
        height,
        x,
        round(98 - height, 1),
        (value or "") if most < LONG or left % 2 == 0 else "",
        x,
        label if left % 2 == 0 else "",
    )


@register.filter
def heat(value: int | None, total: int | None) -> str:
    """CSS class of a matrix cell, heat-0 (none) to heat-5 (all)."""
    part = share(value, total)
    return f"heat-{0 if part == 0 else 5 if part >= 100 else 1 + min(int(part // 25), 3)}"


@register.simple_tag
def marks(findings: Iterable[Any]) -> SafeString:
    """{% marks findings %}: boxes over a picture.

    `box` = (x, y, width, height) as fractions of the picture.

    A box with `is_round` is drawn as a ring. The first box of each `number` shows the number.
    """
    drawn = [item for item in findings if _get(item, "box")]
    shapes = [_shape(item) for item in drawn]
    shapes += [_number(item, place) for place, item in enumerate(drawn) if _is_first(drawn, place)]
    return format_html('<svg class="marks" aria-hidden="true">{}</svg>', mark_safe("".join(shapes)))


def _shape(item: Any) -> SafeString:
    x, y, width, height = (round(100 * float(n), 2) for n in _get(item, "box"))
    outcome = _get(item, "outcome") or "warn"
    if _get(item, "is_round"):
        places = (f"{x + width / 2:.2f}", f"{y + height / 2:.2f}", f"{width / 2:.2f}", f"{height / 2:.2f}", outcome)
        return format_html(
            '<ellipse class="halo" cx="{0}%" cy="{1}%" rx="{2}%" ry="{3}%"/><ellipse class="is-{4}" cx="{0}%" cy="{1}%" rx="{2}%" ry="{3}%"/>',
            *places,
        )
    return format_html(
        '<rect class="halo" x="{0}%" y="{1}%" width="{2}%" height="{3}%" rx="3"/>'
        '<rect class="is-{4}" x="{0}%" y="{1}%" width="{2}%" height="{3}%" rx="3"/>',
        x, y, width, height, outcome,
    )  # fmt: skip


def _is_first(drawn: list[Any], place: int) -> bool:
    """Whether it is the first box of a numbered finding."""
    number = _get(drawn[place], "number")
    return number is not None and all(_get(item, "number") != number for item in drawn[:place])


def _number(item: Any, place: int) -> SafeString:
    """A disc at the upper left corner, moved to the right by its number, so that discs do not cover
    each other.
    """
    x, y, *_ = (round(100 * max(0.0, float(n)), 2) for n in _get(item, "box"))
    number = int(_get(item, "number"))
    return format_html(
        '<g class="mark-number is-{}" transform="translate({} -8)"><circle cx="{}%" cy="{}%" r="9"/><text x="{}%" y="{}%">{}</text></g>',
        _get(item, "outcome") or "warn", (number - 1) * 20, x, y, x, y, number,
    )  # fmt: skip


def _get(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)

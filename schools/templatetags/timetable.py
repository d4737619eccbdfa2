"""Tags that draw the timetable: one bar for each window, and a line for today."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.templatetags.charts import share

register = template.Library()


@register.simple_tag
def season_days(windows: Iterable[Any]) -> tuple[dt.date, dt.date]:
    """(first day, last day) of all windows."""
    windows = list(windows)
    return min(w.starts_on for w in windows), max(w.ends_on for w in windows)


@register.simple_tag
def days_between(first: dt.date, last: dt.date, counted: int = 0) -> int:
    """Days from `first` to `last`. `counted` 1 counts both ends."""
    return (last - first).days + counted


@register.simple_tag
def window_bar(window: Any, days: tuple[dt.date, dt.date], today: dt.date) -> SafeString:
    """An SVG bar of the window on the axis `days`, with a line at `today`."""
    total = (days[1] - days[0]).days + 1
    start, length = (window.starts_on - days[0]).days, (window.ends_on - window.starts_on).days + 1
    open_now = window.starts_on <= today <= window.ends_on
    line = ""
    if days[0] <= today <= days[1]:
        x = share((today - days[0]).days + 0.5, total)
        line = format_html('<line class="now" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>', x)
    return format_html(
        '<svg class="window-bar" aria-hidden="true">'
        '<rect class="fill-{}" x="{}%" width="{}%" y="3" height="8" rx="4"/>{}</svg>',
        "sky" if open_now else "muted" if window.ends_on < today else "deep",
        share(start, total),
        share(length, total),
        line,
    )

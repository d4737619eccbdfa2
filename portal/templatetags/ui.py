"""Tags and filters for all templates, loaded as builtins. docs/look.md shows each with its markup."""

import datetime as dt
import os
import re
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import heroicons
from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.http import QueryDict
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal import formatting, permissions
from portal.pages import manual, marked_text, navigation
from portal.pages.lists import Choice, List
from portal.pages.panels import links_of
from portal.pages.status_badges import badge_of

register = template.Library()

_TONE_ICONS = {
    "": "information-circle",
    "sky": "information-circle",
    "ok": "check-circle",
    "look": "exclamation-triangle",
    "act": "exclamation-circle",
}


@lru_cache(maxsize=512)
def _svg(name: str, style: str) -> str:
    # Cached: the package parses the SVG at each call, and a list of 100 rows has 400 icons.
    return heroicons._render_icon(style, name, None, {"class": "icon"})


_IMPORTED = re.compile(r'^import .* from "(\./[^"]+)";$', re.MULTILINE)


@lru_cache
def _modules(path: str) -> tuple[str, ...]:
    """The script and the modules that it imports, as paths of static files."""
    found, waiting = [path], [path]
    while waiting:
        script = waiting.pop()
        source = Path(finders.find(script)).read_text(encoding="utf-8")
        named = [os.path.normpath(f"{os.path.dirname(script)}/{name}") for name in _IMPORTED.findall(source)]
        new = [name for name in dict.fromkeys(named) if name not in found]
        found += new
        waiting += new
    return tuple(found)


@register.simple_tag
def module(path: str) -> SafeString:
    """{% module "js/camera.js" %}: a script of many modules. The browser is told all of them at once; otherwise it learns of
    each when it has read the one that imports it, a journey to the server for every step.
    """
    first, *rest = map(static, _modules(path))
    links = format_html_join("", '<link rel="modulepreload" href="{}">', ((address,) for address in rest))
    return format_html('{}<script type="module" src="{}"></script>', links, first)


@register.simple_tag
def icon(name: str, style: str = "outline") -> SafeString:
    """{% icon "camera" %}: a heroicon as large as its text (CSS class icon)."""
    return mark_safe(_svg(str(name), str(style)))


@register.filter
def may(member: Any, action: str) -> bool:
    """{% if membership|may:"fees.refund" %}: whether the person's role may do this; see
    portal/permissions.py.
    """
    return permissions.may(member or None, action)


@register.filter
def yuan(fen: int | None) -> str:
    return "" if fen is None else formatting.yuan(int(fen))


@register.filter
def masked(value: Any) -> str:
    return formatting.mask(str(value)) if value else ""


@register.filter
def when(at: dt.datetime | dt.date | None) -> SafeString:
    """A time or date as relative text, with the exact one as tooltip."""
    if at is None:
        return mark_safe("")
    if not isinstance(at, dt.datetime):
        text = formatting.relative_day(at, today=timezone.localdate())
        return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), at.isoformat(), text)
    text = formatting.relative_time(at, now=timezone.now())
    return format_html(
        '<time datetime="{}" title="{}" data-when>{}</time>', at.isoformat(), formatting.timestamp(at), text
    )


@register.filter
def iso_day(text: str) -> str:
    """{{ job.params.day|iso_day }}: a day that is kept as ISO text, as people say it."""
    return formats.date_format(dt.date.fromisoformat(text), _("j F Y"))


_NOTICE_TAGS = {
    "title": '<h3 class="title">{}</h3>',
    "heading": "<h3>{}</h3>",
    "address": '<p class="flush">{}</p>',
    "text": "<p>{}</p>",
}


@register.filter
def until(first: dt.date, last: dt.date) -> str:
    """{{ window.starts_on|until:window.ends_on }}: the days, with their year where it is not the present one."""
    return formatting.day_range(first, last, today=timezone.localdate())


@register.filter
def notice(text: str) -> SafeString:
    """{{ season.notice|notice }} inside .notice: title, headings and indented paragraphs."""
    return mark_safe(
        "".join(format_html(_NOTICE_TAGS[kind], line) for kind, line in formatting.parse_notice(text or ""))
    )


@register.filter
def marked(text: str) -> SafeString:
    """{{ version.body|marked }} inside .notice-text: headings, lists, tables and links; no HTML."""
    return marked_text.render(text or "")


@register.simple_tag(takes_context=True)
def manual_address(context: template.Context) -> str:
    """{% manual_address as address %}: the chapter of the manual about the present page."""
    request = context["request"]
    return manual.explains(request.path, is_center=request.membership.is_center)


@register.filter
def percent(value: int | None, total: int | None) -> int:
    """Whole percent, rounded down so that 100 means all."""
    return int(100 * (value or 0) / total) if total else 0


@register.filter
def attr(item: Any, name: str) -> Any:
    """item.name or item[name], for a name that a template holds in a variable."""
    return item.get(name, "") if hasattr(item, "get") else getattr(item, name, "")


@register.simple_tag
def badge(label: Any, tone: str = "", icon_name: str = "") -> SafeString:
    """{% badge _("Due today") "look" "clock" %}; tones: "", sky, ok, look, act."""
    return format_html(
        '<span class="badge{}">{}{}</span>',
        f" badge-{tone}" if tone else "",
        icon(icon_name or _TONE_ICONS[tone]),
        label,
    )


@register.simple_tag
def state_badge(row: Any, field: str = "") -> SafeString:
    """{% state_badge photo %}: the row's state (STATE_FIELD or status, or `field`) as icon, label
    and colour.
    """
    name = field or getattr(type(row), "STATE_FIELD", "status")
    display = getattr(row, f"get_{name}_display", None)
    value = getattr(row, name)
    return state_label_badge(row._meta.label, value, display() if display else value)


@register.simple_tag
def state_label_badge(model: str, value: str, label: Any) -> SafeString:
    """{% state_label_badge "students.student" "ready" label %}: the same for a value without its
    row.
    """
    found = badge_of(model, value)
    return badge(label, found.tone, found.icon)


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField, help: str = "", drop_hint: str = "") -> dict[str, Any]:
    """{% field form.name %}: label, control, help text and error.

    `help` replaces the field's help text.
    """
    return field_context(bound) | {"help": help or bound.help_text, "drop_hint": drop_hint}


def field_context(bound: BoundField) -> dict[str, Any]:
    return {"field": bound, "kind": kind_of(bound), "help": bound.help_text}


def kind_of(bound: BoundField) -> str:
    """The layout of a field: hidden, check, group, drop or plain."""
    widget = bound.field.widget
    if bound.is_hidden:
        return "hidden"
    if getattr(widget, "input_type", "") == "file":
        return "drop"
    if getattr(widget, "input_type", "") == "checkbox" and not widget.use_fieldset:
        return "check"
    return "group" if widget.use_fieldset else "plain"


@register.filter(name="kind_of")
def kind_of_filter(bound: BoundField) -> str:
    return kind_of(bound)


@register.inclusion_tag("ui/fields.html")
def fields(form: Any) -> dict[str, Any]:
    """{% fields form %}: the error summary and every field of a form."""
    return {"form": form}


@register.inclusion_tag("ui/error_summary.html")
def error_summary(form: Any) -> dict[str, Any]:
    return {"form": form}


def _query(context: template.Context, **changes: Any) -> str:
    """The query string of the request with `changes` (None removes a parameter), on the first page."""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    for name, value in ({"page": None, "before": None} | changes).items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


def _chosen(context: template.Context, param: str) -> str:
    return context["request"].GET.get(param, "") if context.get("request") else ""


@register.simple_tag(takes_context=True)
def chip(context: template.Context, param: str, value: Any, label: Any, count: int | None = None) -> SafeString:
    """{% chip "stage" "review" _("In review") 12 %}: a link that sets or removes a filter.

    Value "" means all.
    """
    return _draw_chip(context, param, value, label, count, pressed=_chosen(context, param) == str(value))


def _draw_chip(
    context: template.Context, param: str, value: Any, label: Any, count: int | None = None, *, pressed: bool
) -> SafeString:
    number = format_html(' <span class="count">{}</span>', f"{count:,}") if count is not None else ""
    return format_html(
        '<a class="chip" href="{}"{}>{}{}</a>',
        _query(context, **{param: None if pressed or value == "" else value}),
        mark_safe(' aria-current="true"') if pressed else "",
        label,
        number,
    )


@register.simple_tag(takes_context=True)
def chips(
    context: template.Context, listed: Any, param: str, all: Any = "", *, counted: bool = True, is_short: bool = False
) -> SafeString:
    """{% chips shipments "status" _("All") %}: "all" and every choice of a list's filter, with
    counts.

    Without `all` there is none: for a filter that has a default. `counted=False` leaves out the counts, `is_short` the
    choices without rows, and "all" when no choice has any.
    """
    pressed = listed.chosen.get(param, "")
    found = listed.chips(param) if counted else [Choice(*choice, count=None) for choice in listed.choices(param)]
    drawn = [choice for choice in found if choice.count or str(choice.value) == pressed or not is_short]
    if all and drawn:
        drawn.insert(0, Choice("", all, listed.number_of_all(found) if counted else None))
    return mark_safe(
        "".join(_draw_chip(context, param, *astuple(choice), pressed=str(choice.value) == pressed) for choice in drawn)
    )


@register.inclusion_tag("ui/filter_select.html")
def filter_select(listed: Any, name: str, all: Any = "", of: Any = None) -> dict[str, Any]:
    """{% filter_select shipments "area" _("All areas") %}: a list's filter as a select, for a toolbar.

    Without `all` for a filter that has a default. `of`: the rows that are offered, where they are fewer than the filter takes.
    """
    field = listed.form.fields[name]
    choices = listed.choices(name) if of is None else [(field.prepare_value(row), row) for row in of]
    options = [(str(value), label) for value, label in choices if value != ""]
    return {"name": name, "label": field.label, "all": all, "options": options, "chosen": listed.chosen.get(name, "")}


_CONTROL = re.compile(r'<(?:input|select)\b[^>]*\bname="([^"]+)"')


@register.simple_block_tag
def toolbar(content: str, listed: Any, search: Any = "") -> str:
    """{% toolbar shipments _("School") %}{% filter_select … %}{% endtoolbar %}: the form above a list: its search (`search`
    says in what), the choices between the tags, and hidden what else is chosen, so that it stays.
    """
    here = {*_CONTROL.findall(content), *(["q"] if search else [])}
    chosen = listed.chosen | ({"sort": listed.sort} if listed.sort else {})
    kept = {name: value for name, value in chosen.items() if name not in here}
    return render_to_string(
        "ui/toolbar.html", {"search": search, "q": listed.wanted.get("q"), "choices": content, "kept": kept}
    )


@register.simple_block_tag(takes_context=True)
def dialog(
    context: template.Context,
    content: str,
    id: str,
    title: Any,
    action: str,
    verb: Any,
    *,
    danger: bool = False,
    name: str = "",
    value: str = "",
    swaps: str = "",
) -> str:
    """{% dialog "clean" _("Approve them?") url _("Approve") %}…{% enddialog %}: a question with its form; docs/look.md.

    `name` and `value` are those of the button, `swaps` is what htmx puts the answer in the place of.
    """
    said = {"id": id, "title": title, "action": action, "verb": verb, "danger": danger, "name": name, "value": value}
    return render_to_string(
        "ui/dialog.html", said | {"body": content, "swaps": swaps, "csrf_token": context.get("csrf_token")}
    )


@register.inclusion_tag("ui/list_problems.html")
def list_problems(listed: Any) -> dict[str, Any]:
    """{% list_problems shipments %}: a sentence for each unknown value in the query string of a
    list.
    """
    return {"problems": listed.problems}


@register.simple_tag(takes_context=True)
def sort(context: template.Context, name: str, label: Any, css: str = "") -> SafeString:
    """{% sort "student_no" _("Student no.") %}: a whole <th>; the URL says sort=name or sort=-name."""
    now = _chosen(context, "sort")
    up, down = now == name, now == f"-{name}"
    state = ' aria-sort="ascending"' if up else ' aria-sort="descending"' if down else ""
    arrow = icon("chevron-up" if up else "chevron-down" if down else "chevron-up-down")
    link = _query(context, sort=f"-{name}" if up else name)
    return format_html(
        '<th scope="col"{}{}><a href="{}" title="{}">{}{}</a></th>',
        format_html(' class="{}"', css) if css else "",
        mark_safe(state),
        link,
        _("Sort by this column"),
        label,
        arrow,
    )


@register.inclusion_tag("ui/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Any, what: str = "") -> dict[str, Any]:
    """{% pagination page_obj %}: links to the pages of a Django Page, with the other parameters of
    the query string.
    """
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    gap = page.paginator.ELLIPSIS
    links = [(n, "" if n in (gap, page.number) else _query(context, page=n)) for n in numbers]
    around = {
        "previous": _query(context, page=page.previous_page_number()) if page.has_previous() else "",
        "next": _query(context, page=page.next_page_number()) if page.has_next() else "",
    }
    start, end, total = (f"{n:,}" for n in (page.start_index(), page.end_index(), page.paginator.count))
    said = {"from": start, "to": end, "total": total, "what": what}
    return {"page": page, "links": links, "gap": gap} | said | around


@register.simple_tag
def frame() -> SafeString:
    """The logo: a 3:4 frame with a head line and an eye line."""
    return mark_safe(_FRAME)


_FRAME = (
    '<svg class="frame" viewBox="0 0 48 64" aria-hidden="true">'
    '<path class="figure" d="M7 63v-3c0-9 7-13 12-14.500v-4C15.500 39 13.500 34 13.500 27.500 13.500 19 18 13 24 13'
    's10.500 6 10.500 14.500c0 6.500-2 11.500-5.500 14v4C34 47 41 51 41 60v3z"/>'
    '<path class="guide" d="M5 13h38M5 26h38"/>'
    '<path class="corner" d="M1 10V4a3 3 0 0 1 3-3h6M38 1h6a3 3 0 0 1 3 3v6M47 54v6a3 3 0 0 1-3 3h-6'
    'M10 63H4a3 3 0 0 1-3-3v-6"/>'
    "</svg>"
)


@register.inclusion_tag("ui/tabs.html", takes_context=True)
def tabs(context: template.Context, row: str, label: str = "") -> dict[str, Any]:
    """{% tabs "center.fees" _("Fees") %}: the row of tabs that the person may open (`portal.pages.navigation`)."""
    return {"tabs": navigation.tabs(context["request"], row), "label": label}


@register.simple_tag(takes_context=True)
def keeps_picks(context: template.Context, listed: List) -> str:
    """<form data-list {% keeps_picks listed %}>: the ticks outlive paging, for this person and these filters."""
    of = f"{context['membership'].pk}?{urlencode(sorted(listed.chosen.items()))}"
    return format_html('data-kept="{}" data-page="{}"', of, listed.page.number)


@register.inclusion_tag("ui/page_links.html", takes_context=True)
def page_links(context: template.Context) -> dict[str, Any]:
    """{% page_links %}: links that rooms add to the heading of this page (`portal.pages.panels`)."""
    return {"links": links_of(context["request"])}

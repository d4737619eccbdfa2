"""Panels and links that rooms add to pages of rooms below them. htmx loads the panels; callouts come with the page.

A page has named places ("center.dashboard", "school.overview" …). Rooms register panels for them,
and links for pages:

    panels.add_panel("center.dashboard", "billing:panel_fees", page="billing:center_fees", label=_("Fees"),
                     order=60, css="foot")
    panels.add_link("printing:prints", PageLink("year_end:bulletin", _("Bulletin"), "megaphone", has_bulletin))

A person sees only the panels that the person may open (`portal.access.may_open`).
"""

import copy
import logging
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils.safestring import SafeString, mark_safe

from portal.access import may_open

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """`name` and `page` are URL names. `css` is the class of the panel in the page."""

    name: str
    page: str
    label: Any
    order: int
    css: str


@dataclass(frozen=True)
class Panel:
    """`url` gives the fragment of the panel.

    `page` has the same figures, for browsers without JavaScript.
    """

    url: str
    page: str
    label: Any
    css: str


@dataclass(frozen=True)
class PageLink:
    """A link in the heading of a page, shown while `is_shown(request)` is true."""

    name: str
    label: Any
    icon: str
    is_shown: Callable[[Any], bool]


_PANELS: dict[str, list[Entry]] = {}
_LINKS: dict[str, list[PageLink]] = {}


def add_panel(place: str, name: str, *, page: str = "", label: Any = "", order: int = 0, css: str = "") -> None:
    """Register the panel behind a URL name for a place. The smallest `order` stands first."""
    _PANELS.setdefault(place, []).append(Entry(name, page, label, order, css))
    _PANELS[place].sort(key=lambda entry: entry.order)


def add_link(page: str, link: PageLink) -> None:
    """Register a link for the page with this URL name."""
    _LINKS.setdefault(page, []).append(link)


def registered() -> dict[str, list[Entry]]:
    """Every place with its panels, in their order."""
    return {place: list(found) for place, found in _PANELS.items()}


def links() -> dict[str, list[PageLink]]:
    """Every page (by URL name) with the links that rooms add to it."""
    return {page: list(found) for page, found in _LINKS.items()}


def panels_of(request: Any, place: str, *args: object, **query: object) -> list[Panel]:
    """The panels of a place for the person of the request.

    `args` and `query` become part of the panels' URLs.
    """
    found = _PANELS.get(place, [])
    return [
        _panel(entry, args, query, request.membership)
        for entry in found
        if may_open(request.membership, entry.name, *args)
    ]


def callouts_of(request: Any, place: str) -> list[SafeString]:
    """The fragments of a place's panels, made with the page: they stand above the figures and would push them
    down if they arrived later.

    Each is what its view answers to htmx. One that fails says so in its place, as a panel does, and the page stays.
    """
    return [_answer_or_fault(request, panel) for panel in panels_of(request, place)]


def _answer_or_fault(request: Any, panel: Panel) -> SafeString:
    try:
        # Inside a transaction, what failed must not break what follows.
        with transaction.atomic() if transaction.get_connection().in_atomic_block else nullcontext():
            return _answer(request, panel.url)
    except Exception:
        log.exception("The callout %s of %s failed", panel.url, request.path)
        return render_to_string("portal/callout_failed.html", {"panel": panel}, request)


def _answer(request: Any, url: str) -> SafeString:
    found = resolve(url)
    part = copy.copy(request)
    part.htmx, part.resolver_match, part.path, part.path_info = True, found, url, url
    part.GET = QueryDict()
    return mark_safe(found.func(part, *found.args, **found.kwargs).content.decode())


def _panel(entry: Entry, args: tuple[object, ...], query: dict[str, object], member: Any) -> Panel:
    url = reverse(entry.name, args=args)
    page = reverse(entry.page) if entry.page and may_open(member, entry.page) else ""
    return Panel(f"{url}?{urlencode(query)}" if query else url, page, entry.label, entry.css)


def links_of(request: Any) -> list[PageLink]:
    """The links that the page of this request shows."""
    found = _LINKS.get(request.resolver_match.view_name, [])
    return [link for link in found if may_open(request.membership, link.name) and link.is_shown(request)]

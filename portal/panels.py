"""What a page shows of the rooms above its own: panels that htmx loads from them, and links that they add."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse


@dataclass(frozen=True)
class Panel:
    """`url` answers the panel's fragment, `page` is where the same figures live for whoever has no JavaScript."""

    name: str
    url: str
    page: str = ""
    label: Any = ""


def panel(name: str, *, page: str = "", label: Any = "", **query: object) -> Panel:
    """The panel behind a URL name."""
    url = reverse(name)
    return Panel(name, f"{url}?{urlencode(query)}" if query else url, reverse(page) if page else "", label)


@dataclass(frozen=True)
class PageLink:
    """A link that a room adds to the heading of a page below it, while `is_shown` says so."""

    name: str
    label: Any
    icon: str
    is_shown: Callable[[Any], bool]


_LINKS: dict[str, list[PageLink]] = {}


def add_link(page: str, link: PageLink) -> None:
    """Register a link for the page with this URL name."""
    _LINKS.setdefault(page, []).append(link)


def links_of(request: Any) -> list[PageLink]:
    """The links that the page of this request shows."""
    return [link for link in _LINKS.get(request.resolver_match.view_name, []) if link.is_shown(request)]

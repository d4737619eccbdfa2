"""Panels of the overview pages: each is loaded by htmx from the room that owns its figures, so no room reaches up."""

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

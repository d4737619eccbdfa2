"""The season in the address: /center/2026/fees/, /school/2026/roster/, /api/v1/2026/students/.

The urls.py of the rooms name addresses without a year. `urls_of(year)` makes a URL configuration of them in which
`reverse` gives the addresses of that year; `schools.registration` sets it for each request (`HttpRequest.urlconf`).
Addresses without a year are resolved too: they mean the season that is current for the person.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, reverse
from django.urls.resolvers import RoutePattern

# The year follows one of these.
STARTS = ("school/", "center/", "panels/")
API = "api/v1/"
API_STARTS = ("students/", "roster-imports/")
_OF_SEASON = re.compile(r"/(?:school|center|panels)/|/api/v1/(?:students|roster-imports)/")
_WITH_YEAR = re.compile(r"/(?:school|center|panels|api/v1)/(\d{4})/")


class SeasonRoute(RoutePattern):
    """A route with a year in it, made from one without."""


class SeasonUrls:
    """A URL configuration (as a module is one) with the addresses of a year."""

    def __init__(self, year: int, base: str) -> None:
        self.base = import_module(base)
        self.urlpatterns = list(with_year(self.base.urlpatterns, year))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)  # the handlers of errors


def urls_of(year: int) -> SeasonUrls:
    """For years of which there is a season: what is made stays in memory."""
    return _urls_of(year, settings.ROOT_URLCONF)


@cache
def _urls_of(year: int, base: str) -> SeasonUrls:
    return SeasonUrls(year, base)


def with_year(patterns: Any, year: int, parent: str = "") -> Iterator[Any]:
    """The patterns, and those of a season's pages a second time with the year. `reverse` prefers the last ones."""
    entries = [entry for entry in patterns if not isinstance(entry.pattern, SeasonRoute)]
    for entry in entries:
        if isinstance(entry, URLResolver) and entry.namespace and entry.namespace != "admin":
            inner = list(with_year(entry.url_patterns, year, parent + str(entry.pattern)))
            yield URLResolver(entry.pattern, inner, entry.default_kwargs, entry.app_name, entry.namespace)
        else:
            yield entry
    for entry in entries:
        route = _with_year(str(entry.pattern), year, API_STARTS if parent == API else STARTS)
        if isinstance(entry, URLPattern) and route:
            pattern = SeasonRoute(route, name=entry.name, is_endpoint=True)
            yield URLPattern(pattern, entry.callback, entry.default_args, entry.name)


def _with_year(route: str, year: int, starts: tuple[str, ...]) -> str:
    """The route with the year, or an empty text where it is no page of a season."""
    start = next((start for start in starts if route.startswith(start)), "")
    if start in API_STARTS and start:
        return f"{year}/{route}"
    return f"{start}{year}/{route.removeprefix(start)}" if start else ""


def year_in(path: str) -> int | None:
    """The year that an address names."""
    found = _WITH_YEAR.match(path)
    return int(found[1]) if found else None


def is_of_season(path: str) -> bool:
    """Whether the page belongs to a season, with the year in its address or without."""
    return bool(_OF_SEASON.match(path)) or year_in(path) is not None


def in_year(path: str, year: int) -> str:
    """The address of the same page in the season of this year; others stay as they are."""
    if year_in(path) is not None:
        return _WITH_YEAR.sub(lambda found: found[0].replace(f"/{found[1]}/", f"/{year}/"), path, count=1)
    if not is_of_season(path):
        return path
    start = API if path.startswith(f"/{API}") else path.split("/")[1] + "/"
    return f"/{start}{year}/{path.removeprefix(f'/{start}')}"


def reverse_in(year: int, name: str, *args: object, **kwargs: object) -> str:
    """The address of a URL name in the season of this year."""
    return reverse(name, args=args, kwargs=kwargs, urlconf=urls_of(year))  # type: ignore[arg-type]

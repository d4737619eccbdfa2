"""What is unfinished in a season, in numbers with their lists. Shown before the capture is closed or the season archived.

A room registers its figures in its module `registration`:

    unfinished.register(_("Photos in review"), count_in_review, "ROOM:LIST", query="state=submitted", order=10)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.access import may_open
from portal.models import Membership
from schools import season_addresses
from schools.models import Season


@dataclass(frozen=True)
class Figure:
    """`count(season)` needs the center's scope. `write` makes text of the number."""

    label: Any
    count: Callable[[Season], int]
    page: str
    query: str
    order: int
    write: Callable[[int], str]


@dataclass(frozen=True)
class Unfinished:
    """`url` is empty where the person may not open the list."""

    label: Any
    number: str
    url: str


_FIGURES: list[Figure] = []


def register(
    label: Any,
    count: Callable[[Season], int],
    page: str,
    *,
    order: int,
    query: str = "",
    write: Callable[[int], str] = "{:,}".format,
) -> None:
    """`page`: the URL name of the list at the center that the number counts; `query` its filter."""
    _FIGURES.append(Figure(label, count, page, query, order, write))
    _FIGURES.sort(key=lambda figure: figure.order)


def of_season(season: Season, *, member: Membership | None) -> list[Unfinished]:
    """The figures that are not 0, in their order."""
    found = []
    for figure in _FIGURES:
        if number := figure.count(season):
            url = season_addresses.reverse_in(season.year, figure.page) if may_open(member, figure.page) else ""
            address = f"{url}?{figure.query}" if url and figure.query else url
            found.append(Unfinished(figure.label, figure.write(number), address))
    return found

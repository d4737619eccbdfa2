"""What opens and what closes soon: the days on which areas and schools begin and end to photograph."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse

from schools.models import Season, Window, WindowException

DAYS = 7


@dataclass(frozen=True)
class Turn:
    """`opens`: it begins on this day; else it ends. `schools`: how many the list at `url` shows; 1 for a granted day."""

    day: dt.date
    opens: bool
    name: str
    schools: int
    url: str


def of_week(season: Season, today: dt.date) -> list[Turn]:
    """The turns of the next DAYS days, today included, by day. Needs the center's scope; two queries."""
    last = today + dt.timedelta(days=DAYS - 1)
    soon = Q(starts_on__range=(today, last)) | Q(ends_on__range=(today, last))
    found = []
    areas = Window.objects.filter(soon, season=season).select_related("area").annotate(number=Count("area__schools"))
    for window in areas:
        url = f"{reverse('schools:schools')}?area={window.area_id}"
        found += _turns(window, today, last, window.area.name, window.number, url)
    for granted in WindowException.objects.filter(soon, season=season).select_related("school"):
        school = granted.school
        found += _turns(granted, today, last, school.name, 1, school.get_absolute_url())
    return sorted(found, key=lambda turn: (turn.day, not turn.opens, turn.name))


def _turns(
    row: Window | WindowException, today: dt.date, last: dt.date, name: str, number: int, url: str
) -> list[Turn]:
    both = ((row.starts_on, True), (row.ends_on, False))
    return [Turn(day, opens, name, number, url) for day, opens in both if today <= day <= last]

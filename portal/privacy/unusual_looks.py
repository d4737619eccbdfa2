"""Days on which a person of the staff looked at students in an unusual way: at many, at night, from a
new place. For the school's administrator and the center, who know whether there was a reason.

A day counts looks (`Look`) and the events that show or give away students' data (ACCESS_EVENTS).
"""

import datetime as dt
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, IntegerField, Q, QuerySet, Sum, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Extract, TruncDate
from django.utils import timezone

from portal.accounts.addresses import place_of
from portal.models import Event, Look

DAYS = 30  # that the page shows; as many days before them say what is usual
MANY_TIMES = 4  # as many students as on a usual day of this person
NIGHT = (23, 6)  # from, until: hours of Shanghai
# Events of a look at students' data or of a copy of them. Some have the number of students as a fact.
ACCESS_EVENTS = (
    "photo.looked",
    "photo.compared",
    "photo.downloaded",
    "student.revealed",
    "student.number_tried",
    "roster.number_elsewhere",
    "roster.exported",
    "portraits.downloaded",
)


@dataclass
class Day:
    """What one person saw on one day. `reasons`: of many, night, place; empty on a usual day."""

    day: dt.date
    actor_key: str
    actor_name: str
    students: int = 0
    at_night: int = 0
    addresses: set[str] = field(default_factory=set)
    new_places: set[str] = field(default_factory=set)
    usual: int = 0
    reasons: list[str] = field(default_factory=list)


def find_unusual(*, school: Any | None, today: dt.date | None = None) -> list[Day]:
    """The unusual days of the last DAYS days, newest first: of the people of a school, or of everybody."""
    today = today or timezone.localdate()
    first = today - dt.timedelta(days=2 * DAYS)
    days = _days(school, first)
    history: dict[str, list[Day]] = {}
    for day in sorted(days, key=lambda day: day.day):
        _judge(day, history.setdefault(day.actor_key, []))
        history[day.actor_key].append(day)
    shown = [day for day in days if day.reasons and day.day > today - dt.timedelta(days=DAYS)]
    return sorted(shown, key=lambda day: (day.day, day.students), reverse=True)


def _judge(day: Day, earlier: list[Day]) -> None:
    day.usual = int(median(one.students for one in earlier)) if earlier else 0
    if day.students >= settings.LOOKS_MANY and day.students > MANY_TIMES * day.usual:
        day.reasons.append("many")
    if day.at_night:
        day.reasons.append("night")
    known = {place_of(address) for one in earlier for address in one.addresses}
    day.new_places = {address for address in day.addresses if place_of(address) not in known}
    if known and day.new_places:
        day.reasons.append("place")


def _days(school: Any | None, first: dt.date) -> list[Day]:
    start = timezone.make_aware(dt.datetime.combine(first, dt.time()))
    looks = Look.objects.filter(at__gte=start)
    events = Event.objects.filter(at__gte=start, kind__in=ACCESS_EVENTS, actor_key__startswith="user:")
    if school is not None:
        people = [f"user:{pk}" for pk in school.memberships.values_list("user_id", flat=True)]
        looks, events = looks.filter(actor_key__in=people), events.filter(actor_key__in=people)
    found: dict[tuple[str, dt.date], Day] = {}
    addresses = ArrayAgg(Cast("address", TextField()), distinct=True)
    for row in _by_day(looks).annotate(students=Sum("number"), addresses=addresses):
        _add(found, row, [address.partition("/")[0] for address in row["addresses"]])
    for row in _by_day(events).annotate(students=Sum(_students_of_event())):
        _add(found, row, [])
    return list(found.values())


def _by_day(rows: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    """Groups of a person and a day, with the number of rows at night."""
    zone = timezone.get_default_timezone()
    at_night = Q(hour__gte=NIGHT[0]) | Q(hour__lt=NIGHT[1])
    return (
        rows.order_by()
        .annotate(day=TruncDate("at", tzinfo=zone), hour=Extract("at", "hour", tzinfo=zone))
        .values("day", "actor_key", "actor_name")
        .annotate(at_night=Count("pk", filter=at_night))
    )


def _students_of_event() -> Any:
    number = Coalesce(KeyTextTransform("count", "facts"), KeyTextTransform("students", "facts"))
    return Coalesce(Cast(number, IntegerField()), 1)


def _add(found: dict[tuple[str, dt.date], Day], row: dict[str, Any], addresses: list[str]) -> None:
    day = found.setdefault((row["actor_key"], row["day"]), Day(row["day"], row["actor_key"], row["actor_name"]))
    day.students += row["students"]
    day.at_night += row["at_night"]
    day.addresses.update(addresses)

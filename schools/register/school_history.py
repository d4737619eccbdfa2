"""What happened to one school, without what happens to its thousands of students and photos, in pages."""

from dataclasses import dataclass

from django.db.models import QuerySet

from portal.event_kinds import STATEFUL_MODELS
from portal.models import Event
from schools.models import School

LOOKED_THROUGH = 5_000  # lines of a school's history that one page looks through: most are about a student or a photo


@dataclass(frozen=True)
class HistoryPage:
    """`older`: `before` of the next page; None on the last one. A page may be short, or empty, and older ones full."""

    events: list[Event]
    older: int | None


def page_of(school: School, *, before: int | None = None, size: int = 20) -> HistoryPage:
    """The newest events of the school before one of them (its id). Every page costs the same."""
    lines: QuerySet[Event] = Event.objects.filter(school=school).order_by("-pk")
    if before is not None:
        lines = lines.filter(pk__lt=before)
    last = lines.values_list("pk", flat=True)[LOOKED_THROUGH - 1 : LOOKED_THROUGH].first()
    found = lines.exclude(object_type__in=[label for label, model in STATEFUL_MODELS.items() if model.is_one_of_many])
    if last is not None:
        found = found.filter(pk__gte=last)
    events = list(found[: size + 1])
    if len(events) > size:
        return HistoryPage(events[:size], events[size - 1].pk)
    return HistoryPage(events, last)

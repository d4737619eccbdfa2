"""The whole history of one student: of the record and of everything about it, with the picture of each photo.

Which rows are about a student, rooms say with `own_data.register_objects`; of which there are pictures, here.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from portal import permissions
from portal.history.event_text import DescribedEvent, describe_events
from portal.models import Event, Membership
from students.models import Student
from students.privacy import own_data

MOST = 200  # events that the page shows
# When somebody tried to get in as the student, typed the document number, or looked: for who reads the history.
OF_THE_HISTORY = ("student.signed_in", "student.sign_in_failed", "student.number_tried", *own_data.ACCESS_EVENTS)


@dataclass(frozen=True)
class Picture:
    """A small picture of a row, and the page about it. `row` has a `status`."""

    url: str
    page: str
    row: Any


Pictures = Callable[[Membership, Collection[int]], dict[int, Picture]]
_PICTURES: dict[str, Pictures] = {}


@dataclass(frozen=True)
class Line:
    text: DescribedEvent
    picture: Picture | None

    @property
    def model(self) -> str:
        return str(self.picture.row._meta.label) if self.picture else ""

    @property
    def verdict(self) -> Any:
        """What the state was called into which the event brought the row; empty when it brought it into none."""
        states = dict(self.picture.row.Status.choices) if self.picture else {}
        return states.get(self.text.event.after, "")


def register_pictures(label: str, pictures: Pictures) -> None:
    """Register a model (its label in lower case) with pictures: of which ids a person may see which."""
    _PICTURES[label] = pictures


def lines_of(student: Student, *, member: Membership) -> list[Line]:
    """Newest first."""
    events = Event.objects.filter(own_data.about(student))
    if not permissions.may(member, "history.see"):
        events = events.exclude(kind__in=OF_THE_HISTORY)
    described = describe_events(events.order_by("-id")[:MOST])
    pictures = _pictures_of(described, member)
    return [Line(text, pictures.get((text.event.object_type, text.event.object_id or 0))) for text in described]


def _pictures_of(lines: Iterable[DescribedEvent], member: Membership) -> dict[tuple[str, int], Picture]:
    found: dict[tuple[str, int], Picture] = {}
    for label, pictures in _PICTURES.items():
        ids = {line.event.object_id or 0 for line in lines if line.event.object_type == label}
        found |= {(label, pk): picture for pk, picture in pictures(member, ids).items()} if ids else {}
    return found

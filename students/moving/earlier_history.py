"""What the receiving school sees of a student's history at the schools before.

The events themselves stay with their school. The event of the arrival (`student.moved_here`), which belongs to the
receiving school and is sealed as every event, carries a copy of the changes of state: of the student, the photos, the
corrections and the fee. The copy names no person and holds no words that a person wrote, and nothing about who looked
at the data or tried to get in.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from portal import history
from portal.history.event_text import DescribedEvent, describe_events
from portal.models import Event
from students.models import Student
from students.privacy import own_data

ARRIVAL = "student.moved_here"
FACT = "earlier"  # of the arrival: [{"school": name, "lines": [...]}], the school that the student came from first
MOST = 200  # lines of one school
FACTS = ("field", "rules", "outcome", "fee_state")  # that are copied: choices, no text
_WHO = {"user": "staff", "student": "student"}  # by the prefix of the actor's key; else the product itself


@dataclass(frozen=True)
class EarlierSchool:
    """The name of a school before, and what happened there, newest first."""

    name: str
    lines: list[DescribedEvent]


def copied(student: Student) -> list[dict[str, Any]]:
    """FACT for the arrival of this student at another school. Needs a scope that reads the student's school."""
    events = Event.objects.filter(own_data.about(student)).exclude(after="").exclude(kind=ARRIVAL).order_by("-id")
    lines = [_line(event) for event in events[:MOST]]
    return [{"school": student.school.name, "lines": lines}, *_of_arrival(student)]


def _line(event: Event) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "type": event.object_type,
        "after": event.after,
        "who": _WHO.get(event.actor_key.partition(":")[0], history.SYSTEM.actor_key),
        "facts": {name: event.facts[name] for name in FACTS if name in event.facts},
    }


def _of_arrival(student: Student) -> list[dict[str, Any]]:
    arrival = history.of(student).filter(kind=ARRIVAL).first()
    return arrival.facts.get(FACT, []) if arrival else []


def earlier_schools(student: Student) -> list[EarlierSchool]:
    """The schools before, the latest first; none for a student who has not moved."""
    return [EarlierSchool(entry["school"], _described(entry["lines"])) for entry in _of_arrival(student)]


def _described(lines: list[dict[str, Any]]) -> list[DescribedEvent]:
    names = {"staff": _("A person of the staff"), "student": _("The student"), history.SYSTEM.actor_key: _("Tucai")}
    return describe_events(
        Event(
            at=dt.datetime.fromisoformat(line["at"]),
            kind=line["kind"],
            object_type=line["type"],
            after=line["after"],
            actor_name=names[line["who"]],
            facts=line["facts"],
        )
        for line in lines
    )

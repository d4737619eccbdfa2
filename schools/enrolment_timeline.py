"""The timeline of a school in a season, for its pages: which phases are done, and since when.

What a phase allows is `Enrolment.ALLOWED` in schools/models/enrolment.py.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from portal import history
from schools.models import Enrolment


@dataclass(frozen=True)
class Step:
    status: str
    label: Any
    is_done: bool
    is_current: bool
    since: dt.datetime | None


def timeline_of(enrolment: Enrolment) -> list[Step]:
    """Every phase in its order. `since` is the last time at which the school entered it."""
    reached: dict[str, dt.datetime] = {}
    for event in history.of(enrolment).exclude(after="").order_by("id"):
        reached[event.after] = event.at
    order = [value for value, _label in Enrolment.Status.choices]
    now = order.index(enrolment.status)
    return [
        Step(value, label, is_done=i < now, is_current=i == now, since=reached.get(value) if i <= now else None)
        for i, (value, label) in enumerate(Enrolment.Status.choices)
    ]

"""The phases of a school in the season, for its pages: which are done, and since when."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from portal import history
from schools.models import Enrolment


@dataclass(frozen=True)
class Phase:
    status: str
    label: Any
    is_done: bool
    is_current: bool
    since: dt.datetime | None


def phases_of(enrolment: Enrolment) -> list[Phase]:
    """Every phase in its order. `since` is the last time at which the school entered it."""
    reached: dict[str, dt.datetime] = {}
    for event in history.of(enrolment).exclude(after="").order_by("id"):
        reached[event.after] = event.at
    order = [value for value, _label in Enrolment.Status.choices]
    now = order.index(enrolment.status)
    return [
        Phase(value, label, is_done=i < now, is_current=i == now, since=reached.get(value) if i <= now else None)
        for i, (value, label) in enumerate(Enrolment.Status.choices)
    ]

"""Where a school stands in the season, as steps with the days on which it got there."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from portal import history
from schools.models import Enrolment


@dataclass(frozen=True)
class Stage:
    state: str
    label: Any
    is_done: bool
    is_current: bool
    since: dt.datetime | None


def stages_of(enrolment: Enrolment) -> list[Stage]:
    """All states in the order of the work; those that were reached carry the last time at which they were."""
    reached: dict[str, dt.datetime] = {}
    for event in history.of(enrolment).exclude(after="").order_by("id"):
        reached[event.after] = event.at
    order = [value for value, _label in Enrolment.Status.choices]
    now = order.index(enrolment.status)
    return [
        Stage(value, label, is_done=i < now, is_current=i == now, since=reached.get(value) if i <= now else None)
        for i, (value, label) in enumerate(Enrolment.Status.choices)
    ]

"""Writing the append-only history: state changes, and views and downloads of personal data.

Every line carries a seal (`seals`), and `checkpoints` count the lines.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from django.conf import settings
from django.db import models

from portal import event_kinds
from portal.database import inserting
from portal.history import later
from portal.history.seals import seal
from portal.models.history import Event


class Actor(Protocol):
    """Who acts: a `User`, a `Student` or `SYSTEM`."""

    @property
    def actor_key(self) -> str: ...

    @property
    def actor_name(self) -> str: ...


class System:
    """The product itself, for work that no person started: judging, sweeps, the timetable."""

    actor_key = "system"
    actor_name = "system"


SYSTEM = System()
_source: ContextVar[str] = ContextVar("source", default="task")


@contextmanager
def source(name: str) -> Iterator[None]:
    """The source of events recorded inside the block: web, api, task or command."""
    token = _source.set(name)
    try:
        yield
    finally:
        _source.reset(token)


def _event(kind: str, obj: models.Model, by: Actor, before: str, after: str, facts: dict[str, Any] | None) -> Event:
    event_kinds.check(kind)
    school_id = obj.pk if obj._meta.label == settings.TENANT_MODEL else getattr(obj, "school_id", None)
    event = Event(
        kind=kind,
        school_id=school_id,
        season_id=getattr(obj, "season_id", None),
        object_type=obj._meta.label_lower,
        object_id=obj.pk,
        actor_key=by.actor_key,
        actor_name=by.actor_name,
        before=before,
        after=after,
        facts=facts or {},
        source=_source.get(),
    )
    return seal(event)


def record(
    kind: str,
    obj: models.Model,
    *,
    by: Actor,
    before: str = "",
    after: str = "",
    facts: dict[str, Any] | None = None,
) -> Event:
    """Append one event about `obj`, of a registered kind (`portal.event_kinds`).

    Facts are JSON-safe and never hold an ID number.
    """
    event = _event(kind, obj, by, before, after, facts)
    later.add(event)
    return event


def record_many(
    kind: str,
    rows: Iterable[tuple[models.Model, str]],
    *,
    by: Actor,
    after: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Append one event for each (row, state before)."""
    inserting.insert(_event(kind, row, by, before, after, facts) for row, before in rows)


def record_each(kind: str, rows: Iterable[tuple[models.Model, dict[str, Any]]], *, by: Actor) -> None:
    """Append one event for each (row, facts), many at once."""
    inserting.insert(_event(kind, row, by, "", "", facts) for row, facts in rows)


def of(obj: models.Model) -> models.QuerySet[Event]:
    """The history of one object, newest first."""
    return Event.objects.filter(object_type=obj._meta.label_lower, object_id=obj.pk)

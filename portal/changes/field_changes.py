"""Changing fields of a row that are not its state, and recording in the history what was changed."""

from typing import Any, TypeVar

from django.db import models, transaction

from portal import history

Row = TypeVar("Row", bound=models.Model)
LONGEST = 80


def change_fields(row: Row, *, by: history.Actor, event_kind: str = "", **fields: Any) -> Row:
    """Lock the row, set `fields` and return it as it is now.

    Without a difference nothing is saved or recorded.

    The event's facts are {field: [before, after]}.

    `event_kind` is by default `<model>.changed`.
    """
    with transaction.atomic():
        keys = {field.name for field in row._meta.fields if field.unique}
        held = type(row)._default_manager.select_for_update(of=("self",), no_key=not keys & fields.keys())
        fresh = held.get(pk=row.pk)
        facts = {
            name: [fact_value(getattr(fresh, name)), fact_value(value)]
            for name, value in fields.items()
            if _differs(fresh, name, value)
        }
        if facts:
            for name in facts:
                setattr(fresh, name, fields[name])
            fresh.save(update_fields=list(facts))
            history.record(event_kind or f"{row._meta.model_name}.changed", fresh, by=by, facts=facts)
    return fresh


def _differs(row: models.Model, name: str, value: Any) -> bool:
    return bool(getattr(row, name) != value)


def fact_value(value: Any) -> str | int | bool | None:
    """A value for the facts of an event: JSON-safe and at most LONGEST characters."""
    if value is None or isinstance(value, bool | int):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

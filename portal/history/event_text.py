"""The text of the history's events: a sentence, what the event is about, and its facts as pairs of
label and value.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portal import event_kinds, formatting
from portal.background import jobs
from portal.changes import states
from portal.models import Event, Job
from portal.pages import navigation

# The events of one action have times of one transaction, which differ by some milliseconds.
MAX_GAP = dt.timedelta(seconds=2)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class DescribedEvent:
    """An event and its text in the active language.

    `about` is the name of its object, empty when the object is gone.

    `who` is the name of whoever acted; of a row that is gone it is empty.

    `details` holds (label, value) of each fact that is shown. `others` holds the events of the same
    action on other rows.
    """

    event: Event
    sentence: Any
    about: str
    who: str
    details: list[tuple[Any, str]]
    others: tuple["DescribedEvent", ...] = ()


def describe_events(events: Iterable[Event]) -> list[DescribedEvent]:
    """The events with their text, in the same order.

    One query for each model that they are about.
    """
    rows = list(events)
    names, actors = _names_of_objects(rows), names_of_actors(rows)
    return [
        DescribedEvent(
            row,
            sentence_of(row),
            about=names.get((row.object_type, row.object_id), ""),
            who=actors.get(row.actor_key, row.actor_name),
            details=_details(row),
        )
        for row in rows
    ]


def names_of_actors(events: Iterable[Event]) -> dict[str, str]:
    """{actor key: name} of those whose names the history does not keep (`event_kinds.ACTORS`)."""
    keys = {event.actor_key for event in events}
    found: dict[str, str] = {}
    for prefix, label in event_kinds.ACTORS.items():
        ids = [int(key.partition(":")[2]) for key in keys if key.startswith(f"{prefix}:")]
        model: Any = _model(label)
        if ids and model is not None:
            found |= {f"{prefix}:{pk}": name for pk, name in model.objects.filter(pk__in=ids).values_list("pk", "name")}
    return found


def group_events(lines: Iterable[DescribedEvent]) -> list[DescribedEvent]:
    """One line for consecutive events of the same action on many rows: the first event, with the
    rest in `others`.
    """
    grouped: list[DescribedEvent] = []
    for line in lines:
        if grouped and _is_same_action(grouped[-1], line):
            grouped[-1] = replace(grouped[-1], others=(*grouped[-1].others, line))
        else:
            grouped.append(line)
    return grouped


def _is_same_action(group: DescribedEvent, line: DescribedEvent) -> bool:
    first, last = group.event, (group.others or (group,))[-1].event
    names = ("kind", "actor_key", "school_id", "after")
    is_alike = all(getattr(first, name) == getattr(line.event, name) for name in names)
    return is_alike and last.at - line.event.at < MAX_GAP


def _details(event: Event) -> list[tuple[Any, str]]:
    return [
        (_label(event, key), _value(event, key, value))
        for key, value in event.facts.items()
        if not _is_hidden(key, value)
    ]


def sentence_of(event: Event) -> Any:
    """The sentence of the event's kind; for a kind without one, the name of the model and the label
    of the new state.
    """
    if event.kind in event_kinds.KINDS:
        return event_kinds.KINDS[event.kind].sentence
    model = _model(event.object_type)
    if model is None:
        return event.kind
    registered = event_kinds.STATEFUL_MODELS.get(event.object_type)
    thing = registered.name if registered else capfirst(str(model._meta.verbose_name))
    state = _state_label(model, event.after) or event.kind.partition(".")[2]
    return _("%(thing)s: %(state)s") % {"thing": thing, "state": state}


def _model(label: str) -> type[models.Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _state_label(model: type[models.Model], value: str) -> Any:
    if not value or not hasattr(model, "TRANSITIONS"):
        return ""
    field: Any = model._meta.get_field(states.field_of(model))
    choices = field.choices
    return dict(choices).get(value, value)


def _names_of_objects(rows: list[Event]) -> dict[tuple[str, int | None], str]:
    """{(model label, id): name} of the rows that the events are about.

    Deleted rows and rows outside of the scope are left out.
    """
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.object_id is not None:
            wanted.setdefault(row.object_type, set()).add(row.object_id)
    found: dict[tuple[str, int | None], str] = {}
    for label, ids in wanted.items():
        model = _model(label)
        if model is not None:
            for row in model.objects.select_related(*_required_relations(model)).filter(pk__in=ids):  # type: ignore[attr-defined]
                found[label, row.pk] = _name(row)
    return found


def _required_relations(model: type[models.Model]) -> list[str]:
    """The foreign keys that the name of a row may use."""
    return [field.name for field in model._meta.fields if isinstance(field, models.ForeignKey) and not field.null]


def _name(row: Any) -> str:
    """The label of a job's kind; for other rows `history_name`, where the model has it, or
    `str(row)`.
    """
    return str(jobs.label_of(row.kind) if isinstance(row, Job) else getattr(row, "history_name", row))


def _is_hidden(key: str, value: Any) -> bool:
    """Ids of other rows, facts for machines, and empty facts are not shown."""
    return value in ("", None, [], {}) or key in event_kinds.HIDDEN


def _field(event: Event, key: str) -> Any:
    model = _model(event.object_type)
    fields = {field.name: field for field in model._meta.fields} if model else {}
    return fields.get(key)


def _label(event: Event, key: str) -> Any:
    field = _field(event, key)
    if key in event_kinds.FACT_LABELS:
        return event_kinds.FACT_LABELS[key]
    return capfirst(str(field.verbose_name)) if field else key


def _value(event: Event, key: str, value: Any) -> str:
    """The text of a fact.

    A list of two values is shown as before → after, any other list with commas.
    """
    field = _field(event, key)
    field = getattr(field, "base_field", field)  # of a list: its items
    choices = dict(field.flatchoices) if field is not None and field.choices else {}
    choices |= event_kinds.VALUE_LABELS.get(key, {})
    if isinstance(value, list) and len(value) == 2 and key not in event_kinds.LISTS:
        return f"{_item(key, value[0], choices)} → {_item(key, value[1], choices)}"
    if isinstance(value, list | tuple):
        return _(", ").join(_item(key, item, choices) for item in value)
    return _item(key, value, choices)


def _item(key: str, value: Any, choices: dict[Any, Any]) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return _(", ").join(_item(key, item, choices) for item in value) or "–"
    if value in (None, ""):
        return "–"
    if key.endswith("_fen"):
        return formatting.yuan(abs(int(value)))  # the sentence says which way the money went
    if key in event_kinds.PAGES:
        return navigation.name_of(str(value))
    if key in event_kinds.DATES or _ISO_DATE.fullmatch(str(value)):
        return _ISO_DATE.sub(lambda found: formats.date_format(dt.date.fromisoformat(found[0]), _("j F Y")), str(value))
    return str(choices.get(value, value))

"""The history as people read it: sentences, what it is about, and runs of the same act gathered into one line."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from portal import event_kinds, formatting, jobs, states
from portal.models import Event, Job

# Events of one act carry times of one transaction, some milliseconds apart.
ONE_ACT = dt.timedelta(seconds=2)


def told(events: Iterable[Event]) -> list[Any]:
    """The events with `sentence`, `about` (what it happened to) and `details` (pairs of words); one query a model."""
    rows: list[Any] = list(events)
    objects = _objects(rows)
    for row in rows:
        row.sentence = sentence_of(row)
        row.about = objects.get((row.object_type, row.object_id), "")
        row.details = [
            (_word(row, key), _said(row, key, value)) for key, value in row.facts.items() if not _is_unsaid(key, value)
        ]
    return rows


def gathered(rows: Iterable[Any]) -> list[Any]:
    """Told events, where a run of the same act on many rows is one line: its first event, with `others` behind it."""
    lines: list[Any] = []
    for row in rows:
        row.others = []
        if lines and _is_same_act(lines[-1], row):
            lines[-1].others.append(row)
        else:
            lines.append(row)
    return lines


def _is_same_act(line: Any, row: Any) -> bool:
    last = line.others[-1] if line.others else line
    same = all(getattr(line, name) == getattr(row, name) for name in ("kind", "actor_key", "school_id", "after"))
    return same and last.at - row.at < ONE_ACT


def sentence_of(event: Event) -> Any:
    if event.kind in event_kinds.KINDS:
        return event_kinds.KINDS[event.kind].sentence
    model = _model(event.object_type)
    if model is None:
        return event.kind
    named = event_kinds.THINGS.get(event.object_type)
    thing = named.name if named else capfirst(str(model._meta.verbose_name))
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


def _objects(rows: list[Event]) -> dict[tuple[str, int | None], str]:
    """What the events are about, as words. Rows that are gone since, or out of reach, are left out."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row.object_id is not None:
            wanted.setdefault(row.object_type, set()).add(row.object_id)
    found: dict[tuple[str, int | None], str] = {}
    for label, ids in wanted.items():
        model = _model(label)
        if model is not None:
            for row in model.objects.select_related(*_needed(model)).filter(pk__in=ids):  # type: ignore[attr-defined]
                found[label, row.pk] = _name(row)
    return found


def _needed(model: type[models.Model]) -> list[str]:
    """The relations that a row's words may walk along."""
    return [field.name for field in model._meta.fields if isinstance(field, models.ForeignKey) and not field.null]


def _name(row: Any) -> str:
    """A job goes by its kind; any other row by its `history_name`, where the model has one, or by itself."""
    return str(jobs.label_of(row.kind) if isinstance(row, Job) else getattr(row, "history_name", row))


def _is_unsaid(key: str, value: Any) -> bool:
    """Ids of other rows, facts for machines, and facts that say nothing."""
    return value in ("", None, [], {}) or (key in event_kinds.UNSAID and isinstance(value, int | dict))


def _field(event: Event, key: str) -> Any:
    model = _model(event.object_type)
    fields = {field.name: field for field in model._meta.fields} if model else {}
    return fields.get(key)


def _word(event: Event, key: str) -> Any:
    field = _field(event, key)
    if key in event_kinds.FACTS:
        return event_kinds.FACTS[key]
    return capfirst(str(field.verbose_name)) if field else key


def _said(event: Event, key: str, value: Any) -> str:
    """A value, or a pair of them as before and after."""
    field = _field(event, key)
    choices = dict(field.flatchoices) if field is not None and field.choices else {}
    if isinstance(value, list) and len(value) == 2 and key not in event_kinds.LISTS:
        return f"{_one(key, value[0], choices)} → {_one(key, value[1], choices)}"
    if isinstance(value, list | tuple):
        return ", ".join(_one(key, item, choices) for item in value)
    return _one(key, value, choices)


def _one(key: str, value: Any, choices: dict[Any, Any]) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in (None, ""):
        return "–"
    if key.endswith("_fen"):
        return formatting.yuan(abs(int(value)))  # the sentence says which way the money went
    return str(choices.get(value, value))

"""The kinds of events in the history, each with its sentence.

A room registers its kinds in its module `event_kinds`:

    event_kinds.register_subject("photo", _("Photos"), order=60)
    event_kinds.register("photo", {"photo.uploaded": _("Photo taken"), "photo.reset": _("Approved photo reset")})
    event_kinds.register_states(Photo, _("Photo"), subject="photo")
    event_kinds.register_facts({"bits": _("Bits of 512 that differ")}, hidden={"crop"}, lists={"rules"})

The page of the history can be filtered by subject. A change of state (`photo.approved`) needs no
sentence of its own: its text is the name of the model and the label of the state.
`portal.history.event_text` makes the text.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    name: str
    sentence: Any
    subject: str


@dataclass(frozen=True)
class StatefulModel:
    """A model with states.

    `is_one_of_many`: a school has thousands of such rows, and summaries leave them out.
    """

    name: Any
    subject: str
    is_one_of_many: bool


KINDS: dict[str, Kind] = {}
STATEFUL_MODELS: dict[str, StatefulModel] = {}  # by the model's label in lower case, as an event keeps it
FACT_LABELS: dict[str, Any] = {}  # by the key of the fact; other facts have the label of their model's field
HIDDEN: set[str] = {
    "work"
}  # the kind of a job (portal.background.jobs); keys of facts that are not shown: ids of other rows, data for programs
ACTORS: dict[str, str] = {}  # "student" of the actor key "student:7" -> label of the model with their names
LISTS: set[str] = set()  # keys of facts that are lists: two items are not before and after
VALUE_LABELS: dict[str, dict[str, Any]] = {}  # labels of the values of a fact that is no model field with choices
DATES: set[str] = set()  # keys of facts with ISO dates among other words; a date alone is known by its form
PAGES: set[str] = set()  # keys of facts that hold the address of a page
_SUBJECTS: dict[str, tuple[int, Any]] = {}
_SUBJECT_OF_PREFIX: dict[str, str] = {}  # "photo" of "photo.approved" -> its subject
_STATE_KINDS: set[str] = set()


def register_subject(name: str, label: Any, *, order: int) -> None:
    """Register a subject. The page of the history lists subjects by `order`."""
    _add(_SUBJECTS, name, (order, label))


def register(subject: str, sentences: dict[str, Any]) -> None:
    """Register kinds of events (`<model>.<what happened>`) with their sentences."""
    for name, sentence in sentences.items():
        _assign_prefix(name.partition(".")[0], subject)
        _add(KINDS, name, Kind(name, sentence, subject))


def register_states(model: type[models.Model], name: Any, *, subject: str, is_one_of_many: bool = False) -> None:
    """Register a model with TRANSITIONS and its translated name.

    `portal.changes.states` records kinds like `photo.approved`.
    """
    prefix = str(model._meta.model_name)
    _assign_prefix(prefix, subject)
    _add(STATEFUL_MODELS, model._meta.label_lower, StatefulModel(name, subject, is_one_of_many))
    table: dict[str, set[str]] = model.TRANSITIONS  # type: ignore[attr-defined]
    _STATE_KINDS.update(
        f"{prefix}.{state}" for state in {*table, *(to for targets in table.values() for to in targets)}
    )


def register_facts(
    labels: dict[str, Any] | None = None,
    *,
    hidden: Iterable[str] = (),
    lists: Iterable[str] = (),
    values: dict[str, dict[str, Any]] | None = None,
    dates: Iterable[str] = (),
    pages: Iterable[str] = (),
) -> None:
    """Register the labels of the facts of a room's events, and those of their values.

    A fact with the name of a model field needs no label.
    """
    for key, label in (labels or {}).items():
        _add(FACT_LABELS, key, label)
    for key, words in (values or {}).items():
        VALUE_LABELS.setdefault(key, {}).update(words)
    HIDDEN.update(hidden)
    LISTS.update(lists)
    DATES.update(dates)
    PAGES.update(pages)


def register_actors(prefix: str, model: type[models.Model]) -> None:
    """Register a model whose rows act and whose `name` the history does not keep: it is read from the row."""
    _add(ACTORS, prefix, model._meta.label_lower)


def subjects() -> list[tuple[str, Any]]:
    """(name, label) of every subject, by `order`."""
    return [(name, label) for name, (_order, label) in sorted(_SUBJECTS.items(), key=lambda entry: entry[1][0])]


def kind_prefixes(subject: str) -> list[str]:
    """What the names of a subject's kinds begin with, up to the dot."""
    return [prefix for prefix, owner in _SUBJECT_OF_PREFIX.items() if owner == subject]


def is_registered(kind: str) -> bool:
    return kind in KINDS or kind in _STATE_KINDS


def check(kind: str) -> None:
    """Raise LookupError for a kind that no room has registered. In production only log it:
    a missing sentence is our mistake, and the work that the event records must not fail for it.
    """
    if is_registered(kind):
        return
    if settings.IS_LOCAL:
        raise LookupError(f"The event kind {kind} is not registered: see portal/event_kinds.py.")
    log.error("The event kind %s is not registered. The event is kept without a sentence.", kind)


def _assign_prefix(prefix: str, subject: str) -> None:
    owner = _SUBJECT_OF_PREFIX.setdefault(prefix, subject)
    if owner != subject:
        raise ValueError(f"Events of {prefix} belong to the subject {owner}, not to {subject}.")


def _add(table: dict[str, Any], key: str, value: Any) -> None:
    if key in table:
        raise ValueError(f"{key} is registered twice.")
    table[key] = value

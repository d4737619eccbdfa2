"""The kinds of events that the history knows, each with its sentence. A room registers its own, in `registration`:

    event_kinds.register_subject("photo", _("Photos"), order=60)
    event_kinds.register("photo", {"photo.uploaded": _("Photo taken"), "photo.reset": _("Approved photo reset")})
    event_kinds.register_states(Photo, _("Photo"), subject="photo")
    event_kinds.register_facts({"bits": _("Bits of 512 that differ")}, unsaid={"crop"}, lists={"rules"})

A subject is what the page of the history can be narrowed to. A change of state (`photo.approved`) that has no sentence
is said by the name of the thing and the label of its state. `portal.event_text` makes the text.
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
class Thing:
    """A model whose states the history says. `is_one_of_many`: a school has thousands, a summary leaves them out."""

    name: Any
    subject: str
    is_one_of_many: bool


KINDS: dict[str, Kind] = {}
THINGS: dict[str, Thing] = {}  # by the model's label in lower case, as an event keeps it
FACTS: dict[str, Any] = {}  # the word for a key of an event's facts, where it is not the field of the model
UNSAID: set[str] = set()  # facts for machines: ids of other rows, not shown
LISTS: set[str] = set()  # facts that list things: two of them are no before and after
_SUBJECTS: dict[str, tuple[int, Any]] = {}
_WORDS: dict[str, str] = {}  # the first word of a kind -> its subject
_STATE_KINDS: set[str] = set()


def register_subject(name: str, label: Any, *, order: int) -> None:
    """Register something that the history can be narrowed to."""
    _add(_SUBJECTS, name, (order, label))


def register(subject: str, sentences: dict[str, Any]) -> None:
    """Register kinds of events (`thing.what_happened`) with their sentences."""
    for name, sentence in sentences.items():
        _claim(name.partition(".")[0], subject)
        _add(KINDS, name, Kind(name, sentence, subject))


def register_states(model: type[models.Model], name: Any, *, subject: str, is_one_of_many: bool = False) -> None:
    """Register a model with TRANSITIONS: its name for people; the gate records kinds like `photo.approved`."""
    word = str(model._meta.model_name)
    _claim(word, subject)
    _add(THINGS, model._meta.label_lower, Thing(name, subject, is_one_of_many))
    table: dict[str, set[str]] = model.TRANSITIONS  # type: ignore[attr-defined]
    _STATE_KINDS.update(f"{word}.{state}" for state in {*table, *(to for targets in table.values() for to in targets)})


def register_facts(
    words: dict[str, Any] | None = None, *, unsaid: Iterable[str] = (), lists: Iterable[str] = ()
) -> None:
    """Register what the facts of a room's events are called. A fact named like a field of its model needs no word."""
    for key, word in (words or {}).items():
        _add(FACTS, key, word)
    UNSAID.update(unsaid)
    LISTS.update(lists)


def subjects() -> list[tuple[str, Any]]:
    """(name, label) of every subject, in their order."""
    return [(name, label) for name, (_order, label) in sorted(_SUBJECTS.items(), key=lambda entry: entry[1][0])]


def first_words(subject: str) -> list[str]:
    """The first words of the kinds that belong to a subject."""
    return [word for word, owner in _WORDS.items() if owner == subject]


def is_registered(kind: str) -> bool:
    return kind in KINDS or kind in _STATE_KINDS


def check(kind: str) -> None:
    """Raise LookupError for a kind that no room has registered; in production only log it.

    A missing sentence is a mistake of ours. It must not cost a school the work that the event is about.
    """
    if is_registered(kind):
        return
    if settings.IS_LOCAL:
        raise LookupError(f"The event kind {kind} is not registered: see portal/event_kinds.py.")
    log.error("The event kind %s is not registered. The event is kept without a sentence.", kind)


def _claim(word: str, subject: str) -> None:
    if _WORDS.setdefault(word, subject) != subject:
        raise ValueError(f"Events of {word} belong to the subject {_WORDS[word]}, not to {subject}.")


def _add(table: dict[str, Any], key: str, value: Any) -> None:
    if key in table:
        raise ValueError(f"{key} is registered twice.")
    table[key] = value

"""The seal of a line of the history: a signature with a key that the database does not have.

Whoever can only write to the database cannot forge a line: `check_history` finds lines whose seal is
missing, wrong or used twice.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from portal.models.history import Event

_written = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode  # `json.dumps` would make an encoder a line
_PLAIN = frozenset((str, int, bool, type(None)))
SIGNED = (
    "kind", "school_id", "season_id", "object_type", "object_id", "actor_key", "actor_name", "before", "after", "source",
)  # fmt: skip


def seal(event: Event) -> Event:
    """Sign a line that is about to be stored."""
    event.seal = signature(_content(event))
    return event


def is_genuine(event: Event) -> bool:
    """Whether a stored line is what the product has written."""
    return is_signature(bytes(event.seal), _content(event))


def signature(content: bytes) -> bytes:
    """HMAC-SHA256 with the newest key of the history."""
    return _signed(settings.HISTORY_KEYS[max(settings.HISTORY_KEYS)], content)


def is_signature(seal: bytes, content: bytes) -> bool:
    """Whether one of the keys, new or old, has signed this. Lines are never signed anew: they are appended only."""
    newest_first = sorted(settings.HISTORY_KEYS.items(), reverse=True)
    return any(hmac.compare_digest(seal, _signed(key, content)) for _version, key in newest_first)


def _signed(key: str, content: bytes) -> bytes:
    return hmac.digest(key.encode(), content, hashlib.sha256)


def _content(event: Event) -> bytes:
    return content_of(event.at, [getattr(event, name) for name in SIGNED], event.facts)


def content_of(at: dt.datetime, signed: list[Any], facts: dict[str, Any]) -> bytes:
    """What is signed of a line. `signed`: its values of SIGNED."""
    return _written([at.astimezone(dt.UTC).isoformat(timespec="microseconds"), *signed, _plain(facts)]).encode()


def _plain(value: Any) -> Any:
    """A JSON value as it comes back from a jsonb column: numbers by their value, keys as text."""
    if type(value) in _PLAIN:  # most are, and `Iterable` asks slowly
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value

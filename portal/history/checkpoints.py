"""Checkpoints: how many lines the history had up to a point, so that lines that vanish are missed.

A task makes one every few minutes. Each counts the lines after the one before it and takes the hash of
their seals, and its own seal covers the seal of the one before it: a chain. A line gets its number
before its transaction ends, so a checkpoint counts up to the number that the last one has noted, and
only when every transaction of that time has ended.

Whoever deletes the last lines together with the last checkpoints shortens the chain: the log of the
workers holds each seal (`check_history --expect`).
"""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet

from portal.database.scope import OUTSIDE, opened
from portal.history.seals import SIGNED, content_of, is_signature, signature
from portal.models.history import Checkpoint, Event

log = logging.getLogger(__name__)
BATCH = 5000
_NOW = "SELECT coalesce(max(id), 0), clock_timestamp() FROM portal_event"
_RUNNING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start <= %s
"""
_COUNT = """
SELECT count(*), sha256(coalesce(string_agg(seal, ''::bytea ORDER BY id), ''::bytea)) FROM portal_event
WHERE id > %s AND id <= %s
"""


def make() -> Checkpoint | None:
    """Count up to the number that the last checkpoint has noted.

    None while a transaction of that time still runs, or another worker makes one.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('history.checkpoint'))")
        if not cursor.fetchone()[0]:
            return None
        last = Checkpoint.objects.order_by("-pk").first() or Checkpoint(noted=0, seal=b"")
        if last.noted_at and _count_running(last.noted_at):
            log.info("History: transactions from %s still run", last.noted_at)
            return None
        cursor.execute(_NOW)
        noted, noted_at = cursor.fetchone()
        number, digest = _count(last.upto or 0, last.noted)
        made = Checkpoint(after=last.upto or 0, upto=last.noted, number=number, digest=digest)
        made.noted, made.noted_at = noted, noted_at
        made.seal = signature(_content(made, bytes(last.seal)))
        made.save(force_insert=True)
    log.info("History: %s lines up to number %s, seal %s", made.number, made.upto, made.seal.hex())
    return made


def _count_running(since: dt.datetime) -> int:
    """How many transactions of web and workers run since then; only the workers' login may see them."""
    with opened(OUTSIDE), connection.cursor() as cursor:
        cursor.execute(_RUNNING, [since])
        number: int = cursor.fetchone()[0]
    return number


def _count(after: int, upto: int) -> tuple[int, bytes]:
    """(number of lines, hash of their seals) between two numbers."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [after, upto])
        number, digest = cursor.fetchone()
    return number, bytes(digest)


def _content(row: Checkpoint, before: bytes) -> bytes:
    content = [before.hex(), row.after, row.upto, row.number, bytes(row.digest).hex(), row.noted]
    content.append(row.noted_at.astimezone(dt.UTC).isoformat(timespec="microseconds"))
    return json.dumps(content).encode()


@dataclass(frozen=True)
class Fault:
    """What is wrong with the history. `kind`: forged, copied, missing or broken; `first`, `last`:
    numbers of lines."""

    kind: str
    first: int
    last: int


def faults(*, expected: str = "") -> Iterator[Fault]:
    """Everything that is wrong with the history. `expected`: a seal from the log, which must be there."""
    yield from forged(Event.objects.order_by("pk"))
    yield from _copied()
    yield from _missing(expected)


def forged(events: QuerySet[Event]) -> Iterator[Fault]:
    """The lines without a genuine seal. Read as values: a model instance a line would double the time of millions."""
    lines = events.values_list("pk", "seal", "at", "facts", *SIGNED)
    for pk, seal, at, facts, *signed in lines.iterator(chunk_size=BATCH):
        if not is_signature(bytes(seal), content_of(at, signed, facts)):
            yield Fault("forged", pk, pk)


def _copied() -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM portal_event GROUP BY seal HAVING count(*) > 1 ORDER BY 2")
        yield from (Fault("copied", first, last) for first, last in cursor.fetchall())


def _missing(expected: str) -> Iterator[Fault]:
    before, upto, has_expected = b"", 0, not expected
    for row in Checkpoint.objects.order_by("pk").iterator(chunk_size=BATCH):
        if row.after != upto or not is_signature(bytes(row.seal), _content(row, before)):
            yield Fault("broken", row.after, row.upto)
        elif (row.number, bytes(row.digest)) != _count(row.after, row.upto):
            yield Fault("missing", row.after + 1, row.upto)
        before, upto = bytes(row.seal), row.upto
        has_expected = has_expected or before.hex() == expected
    if not has_expected:
        yield Fault("broken", upto, upto)

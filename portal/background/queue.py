"""Sending tasks to the queue by name, and queueing again the work that was lost.

By name, so that a rule does not import the tasks that call it. The queue only has ids; the state is
in the rows.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import celery
from django.db import DatabaseError, InterfaceError, connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from portal import outages
from portal.background.redis_cache import is_silent
from portal.errors import Conflict
from portal.models.claims import Claimable, ClaimableQuerySet
from portal.tenancy import outside_scopes

log = logging.getLogger(__name__)
MAX_SWEPT = 2000
PAUSES = (0.5, 1, 2, 4, 8, 16)  # seconds


class Task(celery.Task):
    """Every task begins outside of any scope, whatever its process did before."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with outside_scopes():
            return super().__call__(*args, **kwargs)


def send(task: str, *ids: int, queue: str = "", expires: float | None = None) -> None:
    """Queue the task of this name, `room.tasks.function`, with ids as its arguments.

    An unreachable broker is not an error: the sweep queues the row later. `expires`: seconds after
    which the task is dropped if no worker has begun it.
    """
    options = {"queue": queue} if queue else {}
    try:
        if is_silent():
            raise OperationalError("Redis did not answer a moment ago")
        celery.current_app.send_task(task, ids, retry=False, expires=expires, **options)
    except (OperationalError, RedisError):  # RedisError: its disk is full
        log.warning("Queue unreachable; %s%s waits for the sweep", task, ids)


def length(name: str) -> int:
    """How many messages wait in the queue of this name; those that a worker has taken do not count.

    Raises OperationalError when the broker cannot be reached.
    """
    app = celery.current_app
    with app.producer_or_acquire() as producer:
        try:
            return int(producer.channel.queue_declare(name).message_count)
        except producer.connection.connection_errors as error:
            raise OperationalError(str(error)) from error


def sweep(
    rows: ClaimableQuerySet,
    *,
    enqueue: Callable[[Any], None],
    give_up: Callable[[Any], object],
    scope: Callable[[Any], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Queue again the rows that have waited too long or whose worker is lost, and give up rows that
    were lost twice.

    Returns how many were queued. `scope(row)` opens the scope of the row's school, for models that
    need one to be given up.
    """
    stale = list(rows.stale().order_by("pk")[:MAX_SWEPT])
    give_up_lost(stale, give_up=give_up, scope=scope)
    again = rows.model.objects.queue_again([row for row in stale if not row.is_given_up])
    for row in again:
        with _one_alone(row):
            enqueue(row)
    return len(again)


def give_up_lost(
    rows: Iterable[Any],
    *,
    give_up: Callable[[Any], object],
    scope: Callable[[Any], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Of these lost rows give up those that were claimed as often as allowed."""
    for row in rows:
        if row.is_given_up:
            with scope(row), _one_alone(row):
                give_up(row)


@contextmanager
def _one_alone(row: Any) -> Iterator[None]:
    """One row that cannot be dealt with must not keep the rows behind it waiting."""
    try:
        yield
    except Conflict:
        log.info("%s came to its end after all", row)
    except Exception:
        log.exception("The sweep could not deal with %s %s", row._meta.label, row.pk)


@contextmanager
def released_on_stop(row: Claimable) -> Iterator[None]:
    """Release the claimed row if the worker is stopped inside the block.

    This does not count as a lost attempt.

    Celery stops a worker's process by SystemExit; after kill -9 or a crash the claim remains. A
    task that hangs is stopped by SystemExit too, but its claim is old by then, is not released, and
    counts as lost.
    """
    try:
        yield
    except (SystemExit, KeyboardInterrupt):
        type(row).objects.release(row)  # type: ignore[attr-defined]
        raise


@contextmanager
def released_on_outage(row: Claimable) -> Iterator[None]:
    """Release the claimed row if the machine is at fault: a database that goes away, a disk that is full. This does not
    count as a lost attempt either, so it is not for work that may itself be why: a job that takes all memory.
    """
    try:
        yield
    except Exception as error:
        if outages.is_machines(error):
            log.warning("%s %s waits until the machine is well again: %s", row._meta.label, row.pk, error)
            _release_when_the_database_is_back(row)
        raise


def _release_when_the_database_is_back(row: Claimable) -> None:
    """If it is back within PAUSES; else the claim remains, and counts as lost when it is old."""
    for pause in PAUSES:
        try:
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            type(row).objects.release(row)  # type: ignore[attr-defined]
        except (DatabaseError, InterfaceError) as error:
            log.info("%s %s is not released yet: %s", row._meta.label, row.pk, error)
            time.sleep(pause)
        else:
            return

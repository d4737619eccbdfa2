"""The queue: telling it by the name of a task, and telling it again of work that was lost.

A rule need not import the module of the tasks that call it. The row is the truth, the queue only carries ids.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

from portal.errors import Conflict
from portal.models.claims import Claimable, ClaimableQuerySet

log = logging.getLogger(__name__)
MAX_SWEPT = 2000


def send(task: str, *ids: int, queue: str = "", expires: float | None = None) -> None:
    """Queue the task of this name, `room.tasks.function`, with ids as its arguments.

    A broker that is away is no error: the row is the truth, and the sweep finds it. `expires`: seconds after which no
    worker need begin any more.
    """
    options = {"queue": queue} if queue else {}
    try:
        current_app.send_task(task, ids, retry=False, expires=expires, **options)
    except OperationalError:
        log.warning("Queue unreachable; %s%s waits for the sweep", task, ids)


def sweep(
    rows: ClaimableQuerySet,
    *,
    enqueue: Callable[[Any], None],
    give_up: Callable[[Any], object],
    scope: Callable[[Any], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Queue again what waits too long or whose worker is gone; give up what was lost twice. How many were queued.

    `scope` opens what the row's own school may see, where the model needs it.
    """
    found = 0
    for row in list(rows.stale().order_by("pk")[:MAX_SWEPT]):
        with scope(row):
            found += _queue_or_give_up(row, enqueue, give_up)
    return found


def _queue_or_give_up(row: Any, enqueue: Callable[[Any], None], give_up: Callable[[Any], object]) -> int:
    if row.is_given_up:
        try:
            give_up(row)
        except Conflict:
            log.info("%s came to its end after all", row)
        return 0
    if not type(row).objects.queue_again(row):
        return 0
    enqueue(row)
    return 1


@contextmanager
def released_on_stop(row: Claimable) -> Iterator[None]:
    """While the work on a claimed row is done. A worker that is told to stop gives it back: that is no loss.

    Celery ends a worker's process by SystemExit; only kill -9 and crashes leave the claim behind. A task that is ended
    because it hangs is told in the same way, but by then its claim is old, and stays a loss.
    """
    try:
        yield
    except (SystemExit, KeyboardInterrupt):
        type(row).objects.release(row)  # type: ignore[attr-defined]
        raise

"""Telling the queue, by the name of a task: a rule need not import the module of the tasks that call it."""

import logging

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def send(task: str, *ids: int, queue: str = "") -> None:
    """Queue the task of this name, `room.tasks.function`, with ids as its arguments.

    A broker that is away is no error: the row is the truth, and the sweep finds it.
    """
    options = {"queue": queue} if queue else {}
    try:
        current_app.send_task(task, ids, retry=False, **options)
    except OperationalError:
        log.warning("Queue unreachable; %s%s waits for the sweep", task, ids)

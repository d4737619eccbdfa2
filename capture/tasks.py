"""What the queue calls: a task takes ids, opens the scope, calls one rule function."""

import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_process_init

from capture import closing, daily, judging, likeness, retention, vision
from schools.models import School
from schools.tenancy import center_scope, school_scope

_process = {"judges": False}


# A check takes a second; one that hangs is killed, and the sweep finds its photo.
@shared_task(queue="check", time_limit=60)
def check_photo(school_id: int, photo_id: int) -> None:
    with school_scope(School.objects.get(pk=school_id)):
        judging.judge(photo_id=photo_id)


@shared_task
def sweep() -> None:
    judging.sweep()
    likeness.sweep()


@shared_task
def daily_checks() -> None:
    daily.start_daily_checks()


@shared_task
def end_captures() -> None:
    closing.end_those_over()


@shared_task
def purge() -> None:
    with center_scope():
        retention.start_purges()


@worker_init.connect
def _note_queues(sender: Any = None, **_: Any) -> None:
    _process["judges"] = "check" in sender.app.amqp.queues.consume_from


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    """The first student should not wait for the models. After the fork, and beside the start: Celery kills a slow one."""
    if _process["judges"]:
        threading.Thread(target=vision.warm_up, daemon=True).start()

"""Celery tasks: a task opens a scope and calls a rule function. The timetable in config/celery.py calls most of them."""

import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_process_init

import vision
from capture import capture_period, daily_check, retention, window_reminders
from capture.judging import judge, likeness
from capture.upload import submission
from portal.tenancy import school_scope, system_scope
from schools.models import School

_process = {"judges": False}


# A check takes a second. One that hangs is killed; the sweep queues its photo again.
@shared_task(queue="check", time_limit=60)
def check_photo(school_id: int, photo_id: int) -> None:
    with school_scope(School.objects.get(pk=school_id)):
        judge.judge_photo(photo_id=photo_id)


@shared_task
def sweep() -> None:
    judge.sweep()
    likeness.sweep()
    submission.sweep_awaiting()


@shared_task
def daily_checks() -> None:
    daily_check.start_daily_checks()


@shared_task
def end_captures() -> None:
    capture_period.end_finished_captures()


@shared_task
def remind_windows() -> None:
    window_reminders.remind_all()


@shared_task
def purge() -> None:
    with system_scope():
        retention.start_purges()


@worker_init.connect
def _note_queues(sender: Any = None, **_: Any) -> None:
    _process["judges"] = "check" in sender.app.amqp.queues.consume_from


@worker_process_init.connect
def _warm_up(**_: Any) -> None:
    """Load the engine's models before the first photo.

    In a thread: Celery stops a worker process that starts slowly.
    """
    if _process["judges"]:
        threading.Thread(target=vision.warm_up, daemon=True).start()

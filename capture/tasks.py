"""Celery tasks: a task opens a scope and calls a rule function. The timetable in config/celery.py calls most of them."""

import threading
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_process_init

import vision
from capture import capture_period, daily_check, retention, window_reminders
from capture.judging import judge, likeness
from capture.live import watching
from capture.same_person import comparison
from capture.sign_in.real_name import faults
from capture.upload import intake, submission
from portal.background import health
from portal.tenancy import school_scope, system_scope
from schools.models import School

_process = {"judges": False}


# A check takes a second, a turn of them a few. One that hangs is killed; another worker takes its photo, whose claim is old
# by then.
@shared_task(queue=intake.QUEUE, time_limit=40)
def judge_photos() -> None:
    judge.judge_photos()


@shared_task(queue=comparison.QUEUE, time_limit=120)
def compare_face(school_id: int, photo_id: int) -> None:
    with school_scope(School.objects.get(pk=school_id)):
        comparison.compare(photo_id=photo_id)


@shared_task(queue=watching.QUEUE, time_limit=120)
def watch_film(school_id: int, photo_id: int) -> None:
    with school_scope(School.objects.get(pk=school_id)):
        watching.watch(photo_id=photo_id)


@shared_task(queue=intake.QUEUE)  # also while the workers of `default` build sheets
def sweep_unjudged() -> None:
    health.note_sweep("photos", judge.sweep())


@shared_task
def sweep() -> None:
    likeness.sweep()
    comparison.sweep()
    watching.sweep()
    submission.sweep_awaiting()
    with system_scope():
        faults.tell()


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

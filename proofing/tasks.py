"""The periodic task of proofing. Its time is in config/celery.py."""

from celery import shared_task

from proofing import deadline_reminders


@shared_task
def remind_deadlines() -> None:
    deadline_reminders.remind_all()

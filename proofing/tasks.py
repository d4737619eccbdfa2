"""What the timetable calls."""

from celery import shared_task

from proofing import deadline_reminders


@shared_task
def remind_deadlines() -> None:
    deadline_reminders.remind_all()

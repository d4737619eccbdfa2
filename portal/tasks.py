"""What the queue calls."""

from celery import shared_task

from portal import jobs, notifications


@shared_task
def run_job(job_id: int) -> None:
    jobs.run(job_id)


@shared_task
def sweep() -> None:
    jobs.sweep()
    notifications.sweep()


@shared_task
def send_email(message_id: int) -> None:
    notifications.send_email(message_id)

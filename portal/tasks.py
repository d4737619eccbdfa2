"""What the queue calls."""

from celery import shared_task

from portal.background import health, jobs
from portal.counters import folding, proof
from portal.history import checkpoints, nightly
from portal.notifications import deliveries, returned_mail
from portal.privacy import retention, unnamed_files
from portal.tenancy import system_scope


@shared_task
def run_job(job_id: int) -> None:
    jobs.run(job_id)


@shared_task
def sweep() -> None:
    health.note_sweep("jobs", jobs.sweep())
    health.note_sweep("deliveries", deliveries.sweep())
    with system_scope():
        health.note()


@shared_task
def make_checkpoint() -> None:
    with system_scope():
        checkpoints.make()


@shared_task
def fold_counters() -> None:
    with system_scope():
        folding.fold()


@shared_task
def check_history() -> None:
    with system_scope():
        nightly.start()


@shared_task
def prove_counters() -> None:
    with system_scope():
        proof.prove()


@shared_task
def send_delivery(delivery_id: int) -> None:
    deliveries.send_one(delivery_id)


@shared_task(queue="bulk")
def read_returned_mail() -> None:
    with system_scope():
        returned_mail.read()


@shared_task(queue="bulk")
def send_waiting() -> None:
    deliveries.send_waiting()


@shared_task
def delete_expired() -> None:
    with system_scope():
        retention.start()


@shared_task
def delete_unnamed_files() -> None:
    unnamed_files.start()

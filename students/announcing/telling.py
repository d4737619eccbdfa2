"""Telling many students of all schools: some thousands in a few statements, in turns, and nobody twice.

How far a job has come stands in its result, noted in the transaction of what it has told.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from portal import notifications
from portal.background import jobs
from portal.models import Job
from students.models import Student

Tell = Callable[[list[Student]], dict[str, Any]]


def begin(job: Job, **more: Any) -> None:
    """Nobody is told yet. In the transaction of what else is noted when a job begins."""
    note(job, {"last": 0, "done": 0} | more)


def tell_in_turns(job: Job, students: QuerySet[Student], tell: Tell) -> None:
    """`tell` some students after others, by their ids; what it returns is noted in the result as well."""
    give_way = jobs.turn()
    while _tell_next(job, students, tell):
        jobs.progress(job, min(job.result["done"], job.total))
        give_way()


def _tell_next(job: Job, students: QuerySet[Student], tell: Tell) -> bool:
    """False when there are none."""
    at = job.result
    found = list(students.filter(pk__gt=at["last"]).order_by("pk")[: notifications.CHUNK_SIZE])
    if not found:
        return False
    with transaction.atomic():
        known = locked_result(job)
        if known != at:  # by another worker, which was thought lost
            job.result = known
            return True
        more = tell(found)
        note(job, at | {"last": found[-1].pk, "done": at["done"] + len(found)} | more)
    return True


def locked_result(job: Job) -> dict[str, Any]:
    """What is noted of the job; nobody else notes anything until the transaction ends."""
    result: dict[str, Any] = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk).result
    return result


def note(job: Job, result: dict[str, Any]) -> None:
    job.result = result
    Job.objects.filter(pk=job.pk).update(result=result)

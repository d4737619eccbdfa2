"""Long work under a `Job` row: made before the queue is told, claimed by a conditional UPDATE, found again when lost.

A room registers how its kind of job runs:

    @jobs.handler("sheets", queue="build")
    def build_sheets(job: Job) -> None: ...

The handler is called inside the job's scope, reports with `progress`, and may leave `job.result`, `job.artefact` and
`job.message`. It must be safe to run twice. One that shares its queue with people who wait raises `Unfinished` after
a while and is called again when it is its turn.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history, queue, states
from portal.errors import Conflict, PortalError
from portal.models import Job, User
from portal.tenancy import Period, Tenant, school_scope, system_scope

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Handler:
    run: Callable[[Job], None]
    queue: str
    on_failure: Callable[[Job], None] | None = None


class Unfinished(Exception):
    """A handler has done its share: whoever waits in the queue gets a turn, then it is called again, `job.result` kept."""


HANDLERS: dict[str, Handler] = {}


def handler(
    kind: str, *, queue: str = "default", on_failure: Callable[[Job], None] | None = None
) -> Callable[[Callable[[Job], None]], Callable[[Job], None]]:
    """Register the function that does jobs of this kind, and one that tidies up when a job has failed for good."""

    def register(function: Callable[[Job], None]) -> Callable[[Job], None]:
        HANDLERS[kind] = Handler(function, queue, on_failure)
        return function

    return register


def create(
    kind: str,
    *,
    by: User | history.System,
    school: Tenant | None = None,
    season: Period | None = None,
    total: int = 0,
    params: dict[str, Any] | None = None,
) -> Job:
    """Write the job and, once the transaction is through, tell the queue. Params hold ids, never personal data."""
    job = Job.objects.create(
        kind=kind,
        queue=HANDLERS[kind].queue,
        school=school,
        season=season,
        total=total,
        params=params or {},
        created_by=by if isinstance(by, User) else None,
    )
    history.record(f"job.{kind}", job, by=by, after=job.status)
    transaction.on_commit(lambda: enqueue(job))
    return job


def enqueue(job: Job) -> None:
    queue.send("portal.tasks.run_job", job.pk, queue=job.queue)


def claim(job_id: int) -> Job | None:
    """Take a waiting job for this worker; None when somebody else has it or it is over."""
    claimed = Job.objects.filter(pk=job_id, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING, claimed_at=timezone.now(), attempts=F("attempts") + 1
    )
    return Job.objects.get(pk=job_id) if claimed else None


@contextmanager
def scope_of(job: Job) -> Iterator[None]:
    """The school's scope, or the system's when the job has no school."""
    with school_scope(job.school) if job.school else system_scope():
        yield


@contextmanager
def heartbeat(job: Job) -> Iterator[None]:
    """Keep the claim fresh while the handler works, however long one step takes."""
    over = threading.Event()

    def beat() -> None:
        try:
            while not over.wait(settings.CLAIM_SECONDS / 4):
                Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(claimed_at=timezone.now())
        finally:
            connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def progress(job: Job, done: int, total: int | None = None) -> None:
    """Show how far the work is. Outside of the handler's transactions to be seen at once."""
    job.done, job.total = done, job.total if total is None else total
    Job.objects.filter(pk=job.pk).update(done=job.done, total=job.total, claimed_at=timezone.now())


def run(job_id: int) -> None:
    """Do one job from claim to end. A PortalError fails it with its sentence; anything else is ours and is logged."""
    job = claim(job_id)
    if job is None:
        return
    try:
        with scope_of(job), heartbeat(job):
            HANDLERS[job.kind].run(job)
    except Unfinished:
        give_way(job)
    except PortalError as error:
        fail(job, message=str(error))
    except Exception:
        log.exception("Job %s %s failed", job.kind, job.pk)
        fail(job, message=_("The work stopped because of a fault on our side. It has been reported; try again later."))
    else:
        finish(job)


def give_way(job: Job) -> None:
    """Back to the end of the queue. Like a claim, nothing that happened to the job: the history does not hear of it."""
    running = Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING)
    if running.update(status=Job.Status.QUEUED, claimed_at=timezone.now(), attempts=0, result=job.result):
        enqueue(job)


def finish(job: Job) -> None:
    states.change(
        job,
        Job.Status.DONE,
        by=history.SYSTEM,
        finished_at=timezone.now(),
        result=job.result,
        message=job.message,
        artefact=job.artefact.name or "",
        done=max(job.done, job.total),
    )


def fail(job: Job, *, message: str) -> None:
    states.change(
        job, Job.Status.FAILED, by=history.SYSTEM, finished_at=timezone.now(), message=message, result=job.result
    )
    on_failure = HANDLERS[job.kind].on_failure
    if on_failure:
        with scope_of(job):
            on_failure(job)


def retry(job: Job, *, by: User) -> Job:
    """Put a failed job back into the queue."""
    states.change(
        job, Job.Status.QUEUED, by=by, only_from=[Job.Status.FAILED], message="", attempts=0, finished_at=None
    )
    transaction.on_commit(lambda: enqueue(job))
    return job


def sweep() -> int:
    """Queue again what is stuck: waiting jobs nobody was told of, and running ones whose worker is gone."""
    stale = timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS)
    lost = Job.objects.filter(
        Q(status=Job.Status.RUNNING, claimed_at__lt=stale)
        | Q(status=Job.Status.QUEUED, created_at__lt=stale) & (Q(claimed_at=None) | Q(claimed_at__lt=stale))
    )
    found = 0
    for job in lost:
        found += _give_back(job, stale)
    return found


def _give_back(job: Job, stale: dt.datetime) -> int:
    try:
        if job.attempts >= MAX_ATTEMPTS:
            fail(job, message=_("The work was lost %(n)d times and has been given up.") % {"n": job.attempts})
            return 0
        if job.status == Job.Status.RUNNING:
            states.change(job, Job.Status.QUEUED, by=history.SYSTEM)
    except Conflict:  # its worker finished between our look and our hand
        return 0
    enqueue(job)
    return 1

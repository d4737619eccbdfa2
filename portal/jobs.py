"""Long work under a `Job` row: made before the queue is told, claimed by a conditional UPDATE, found again when lost.

A room registers how its kind of job runs:

    @jobs.handler("sheets", label=gettext_lazy("Making the sheets"), queue="build")
    def build_sheets(job: Job) -> None: ...

The handler is called inside the job's scope, reports with `progress`, and may leave `job.result`, `job.message` and a
file (`attach_file`). It must be safe to run twice. One that shares its queue with people who wait raises `Unfinished` after
a while and is called again when it is its turn.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import files, history, queue, states
from portal.errors import Conflict, PortalError
from portal.models import Job, Membership, User
from portal.tenancy import Period, Tenant, school_scope, system_scope

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Handler:
    run: Callable[[Job], None]
    label: Any
    queue: str
    on_failure: Callable[[Job], None] | None = None


class Unfinished(Exception):
    """A handler has done its share: whoever waits in the queue gets a turn, then it is called again, `job.result` kept."""


HANDLERS: dict[str, Handler] = {}


def handler(
    kind: str, *, label: Any, queue: str = "default", on_failure: Callable[[Job], None] | None = None
) -> Callable[[Callable[[Job], None]], Callable[[Job], None]]:
    """Register the function that does jobs of this kind, its words for people, and one that tidies up when a job has
    failed for good."""

    def register(function: Callable[[Job], None]) -> Callable[[Job], None]:
        HANDLERS[kind] = Handler(function, label, queue, on_failure)
        return function

    return register


def label_of(kind: str) -> Any:
    """The words for a kind of job; the bare kind for one that is done no more."""
    return HANDLERS[kind].label if kind in HANDLERS else kind


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
    history.record(f"job.{job.status}", job, by=by, after=job.status)
    transaction.on_commit(lambda: enqueue(job))
    return job


def enqueue(job: Job) -> None:
    queue.send("portal.tasks.run_job", job.pk, queue=job.queue)


@contextmanager
def scope_of(job: Job) -> Iterator[None]:
    """The school's scope, or the system's when the job has no school."""
    with school_scope(job.school) if job.school else system_scope():
        yield


@contextmanager
def heartbeat(job: Job) -> Iterator[None]:
    """Keep the claim fresh while the handler works, however long one step takes; over a new connection when one is lost."""
    over = threading.Event()

    def beat() -> None:
        try:
            while not over.wait(settings.CLAIM_SECONDS / 4):
                _renew_claim(job)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew_claim(job: Job) -> None:
    try:
        Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(claimed_at=timezone.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("The claim on job %s could not be renewed: %s", job.pk, error)
        connection.close()  # the next beat opens another one


def progress(job: Job, done: int, total: int | None = None) -> None:
    """Show how far the work is. Outside of the handler's transactions to be seen at once."""
    job.done, job.total = done, job.total if total is None else total
    Job.objects.filter(pk=job.pk).update(done=job.done, total=job.total, claimed_at=timezone.now())


def run(job_id: int) -> None:
    """Do one job from claim to end. A PortalError fails it with its sentence; anything else is ours and is logged."""
    job = Job.objects.claim(job_id)
    if job is None:
        return
    try:
        with queue.released_on_stop(job), scope_of(job), heartbeat(job):
            HANDLERS[job.kind].run(job)
    except Unfinished:
        _requeue(job)
    except PortalError as error:
        fail(job, message=str(error))
    except Exception:
        log.exception("Job %s %s failed", job.kind, job.pk)
        fail(job, message=_("The work stopped because of a fault on our side. It has been reported; try again later."))
    else:
        finish(job)


def _requeue(job: Job) -> None:
    """Back to the end of the queue. Like a claim, nothing that happened to the job: the history does not hear of it."""
    if Job.objects.release(job, attempts=0, result=job.result):
        enqueue(job)


def attach_file(job: Job, filename: str, content: bytes) -> None:
    """What a handler has made, to be downloaded: stored when the job is done, in the place of an earlier one."""
    job.output = (filename, content)


def finish(job: Job) -> None:
    with files.writing() as write:
        written = {}
        if job.output:
            filename, content = job.output
            written = write.store(job, {"artefact": content}, filename=filename)
        with transaction.atomic():
            if written:
                files.delete_after_commit([job.artefact.name])
            states.change(
                job,
                Job.Status.DONE,
                by=history.SYSTEM,
                finished_at=timezone.now(),
                claimed_at=None,
                result=job.result,
                message=job.message,
                done=max(job.done, job.total),
                **written,
            )


def fail(job: Job, *, message: str) -> None:
    over: dict[str, Any] = {"finished_at": timezone.now(), "claimed_at": None, "message": message, "result": job.result}
    states.change(job, Job.Status.FAILED, by=history.SYSTEM, **over)
    on_failure = HANDLERS[job.kind].on_failure
    if on_failure:
        with scope_of(job):
            on_failure(job)


def retry(job: Job, *, by: User) -> Job:
    """Put a failed job back into the queue."""
    failed: list[str] = [Job.Status.FAILED]
    anew: dict[str, Any] = {"message": "", "finished_at": None, "dismissed_at": None} | Job.anew()
    states.change(job, Job.Status.QUEUED, by=by, only_from=failed, **anew)
    transaction.on_commit(lambda: enqueue(job))
    return job


def dismiss(job: Job, *, by: User) -> Job:
    """Take a failed job off the overviews; it can still be found and retried. Raises Conflict when it has been already."""
    now = timezone.now()
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, status=Job.Status.FAILED, dismissed_at=None).update(dismissed_at=now):
            raise Conflict
        history.record("job.dismissed", job, by=by)
    job.dismissed_at = now
    return job


def failed_for(member: Membership) -> QuerySet[Job]:
    """The failed jobs that this person's portal has to do something about, newest first.

    A school answers for what its people started, and hears of what the system did for it. The center answers for its own
    work, and for what the system did for a school, where no person of the school can say why it failed.
    """
    failed = Job.objects.filter(status=Job.Status.FAILED, dismissed_at=None)
    if member.is_center:
        return failed.filter(Q(school=None) | Q(created_by__membership__school=None))
    return failed.filter(Q(created_by=None) | Q(created_by__membership__school=member.school), school=member.school)


def sweep() -> int:
    """Queue again what is stuck: waiting jobs nobody was told of, and running ones whose worker is gone."""
    return queue.sweep(Job.objects.all(), enqueue=_queue_again, give_up=_give_up)


def _queue_again(job: Job) -> None:
    if job.status == Job.Status.RUNNING:  # a lost worker is something that happened to the job
        history.record("job.queued", job, by=history.SYSTEM, before=job.status, after=Job.Status.QUEUED)
    enqueue(job)


def _give_up(job: Job) -> None:
    log.error("Job %s %s was lost %s times", job.kind, job.pk, job.attempts)
    fail(job, message=_("The work was lost %(n)d times and has been given up.") % {"n": job.attempts})

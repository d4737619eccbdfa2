"""Long work with a `Job` row.

The row is saved before the queue gets its id; a worker claims it by a conditional UPDATE; the sweep
queues it again when its worker is lost.

A room registers how its kind of job runs:

    @jobs.handler("sheets", label=gettext_lazy("Making the sheets"), queue="build")
    def build_sheets(job: Job) -> None: ...

The handler runs inside the job's scope. It reports with `progress` and may set `job.result` and
`job.message` and give a file (`attach_file`). It must be safe to run twice. A long handler in a
queue that people wait for raises `Unfinished` after a while: the job goes to the end of the queue
and the handler is called again later.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import files, history, outages, permissions, student_limits
from portal.background import queue
from portal.changes import states
from portal.changes.transactions import is_retryable
from portal.errors import Conflict, NotAllowed, PortalError
from portal.history.seals import is_genuine
from portal.models import Job, Membership, User
from portal.tenancy import Period, Tenant, school_scope, system_scope

log = logging.getLogger(__name__)
LIMIT = "limited_to"  # the key of a job's params
TURN_SECONDS = 5  # how long a job in a queue that people wait for works at a time


@dataclass(frozen=True)
class Handler:
    run: Callable[[Job], None]
    label: Any
    queue: str
    on_failure: Callable[[Job], None] | None = None
    file_may: str = ""
    holds_students: bool = False
    seen_with: str = ""
    cancel_may: str = ""
    page: str = ""


class Cancelled(Exception):
    """Somebody has ended the job while it was at work. The handler writes nothing more."""


class Unfinished(Exception):
    """The handler lets other jobs of the queue run first.

    It is called again later, with the `job.result` it has set.
    """


def turn() -> Callable[[], None]:
    """Begin a turn: call what is returned between two pieces of work. It raises `Unfinished` after TURN_SECONDS."""
    end = time.monotonic() + TURN_SECONDS

    def give_way() -> None:
        if time.monotonic() > end:
            raise Unfinished

    return give_way


HANDLERS: dict[str, Handler] = {}


def handler(
    kind: str,
    *,
    label: Any,
    queue: str = "default",
    on_failure: Callable[[Job], None] | None = None,
    file_may: str = "",
    holds_students: bool = False,
    seen_with: str = "",
    cancel_may: str = "",
    page: str = "",
) -> Callable[[Callable[[Job], None]], Callable[[Job], None]]:
    """Register the function that runs jobs of this kind, and its label.

    `on_failure` is called after a job has failed. `file_may` is the action that its file needs; then only the
    person who started the job gets the file. `holds_students`: the file is about single students, can be made
    again, and is deleted soon (`portal.privacy.job_files`). `seen_with`: whoever may do this action sees how far the
    job is, whoever started it: it stands on a page of theirs. `cancel_may`: whoever may do this action can end the job
    (`cancel`); such a handler may stop between any two calls of `progress` or `keep`, and has no `on_failure`. `page`: the
    name of the address that shows jobs of this kind to whoever may do `seen_with`, instead of the page of all kinds.
    """

    def register(function: Callable[[Job], None]) -> Callable[[Job], None]:
        HANDLERS[kind] = Handler(
            function, label, queue, on_failure, file_may, holds_students, seen_with, cancel_may, page
        )
        return function

    return register


def kinds_seen_by(member: Membership) -> list[str]:
    """The kinds whose jobs the person sees, whoever started them."""
    return [kind for kind, found in HANDLERS.items() if found.seen_with and permissions.may(member, found.seen_with)]


def label_of(kind: str) -> Any:
    """The label of a kind of job; for a kind without a handler, the kind itself."""
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
    """Save the job, and queue it after the commit. Params hold ids, never personal data.

    The job of a person limited to colleges or classes is limited to the same students.
    """
    limit = student_limits.present()
    if limit:
        params = (params or {}) | {LIMIT: limit.as_json()}
    job = Job.objects.create(
        kind=kind,
        queue=HANDLERS[kind].queue,
        school=school,
        season=season,
        total=total,
        params=params or {},
        created_by=by if isinstance(by, User) else None,
    )
    history.record(f"job.{job.status}", job, by=by, after=job.status, facts={"work": kind})
    transaction.on_commit(lambda: enqueue(job))
    return job


def create_alone(kind: str, *, among: Iterable[str], by: User, **facts: Any) -> Job:
    """As `create`, with the same `facts`. Raises PortalError while a job of these kinds runs that the person started."""
    with transaction.atomic():
        Membership.objects.select_for_update(of=("self",), no_key=True).get(user=by)
        unfinished = (Job.Status.QUEUED, Job.Status.RUNNING)
        if Job.objects.filter(kind__in=among, created_by=by, status__in=unfinished).exists():
            raise PortalError(_("The last file that you asked for is still being made. Wait until it is done."))
        return create(kind, by=by, **facts)


def enqueue(job: Job) -> None:
    queue.send("portal.tasks.run_job", job.pk, queue=job.queue)


@contextmanager
def scope_of(job: Job) -> Iterator[None]:
    """The school's scope, or the system's when the job has no school."""
    limit = student_limits.Limit(**job.params.get(LIMIT, {}))
    with school_scope(job.school) if job.school else system_scope(), student_limits.limited_to(limit):
        yield


@contextmanager
def heartbeat(job: Job) -> Iterator[None]:
    """Renew the claim from a thread while the handler runs, so that a long step does not look like
    a lost worker. A lost connection is replaced at the next beat.
    """
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
        with system_scope():  # the thread has no scope, as its connection is its own
            Job.objects.filter(pk=job.pk, status=Job.Status.RUNNING).update(claimed_at=timezone.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("The claim on job %s could not be renewed: %s", job.pk, error)
        connection.close()  # the next beat opens another one


def progress(job: Job, done: int, total: int | None = None) -> None:
    """Save how far the work is. Raises Cancelled when somebody has ended the job.

    Call it outside of transactions, or nobody sees it before the commit.
    """
    job.done, job.total = done, job.total if total is None else total
    with system_scope():  # the handler of a job without a school may be in a school's scope
        at_work = Job.objects.filter(pk=job.pk)
        if HANDLERS[job.kind].cancel_may:
            at_work = at_work.filter(queued_at=job.queued_at).exclude(status=Job.Status.FAILED)
        if not at_work.update(done=job.done, total=job.total, claimed_at=timezone.now()):
            raise Cancelled


def keep(job: Job, name: str, value: Any) -> None:
    """Add to the result of the job, in the transaction of the piece of work that it tells of: what is done and what is
    told are one. Raises Cancelled when somebody has ended the job; the piece of work is undone by that.
    """
    with system_scope(), transaction.atomic():
        row = Job.objects.select_for_update(of=("self",), no_key=True).get(pk=job.pk)
        if (row.status, row.queued_at) != (Job.Status.RUNNING, job.queued_at):
            raise Cancelled
        job.result = row.result | {name: value}
        Job.objects.filter(pk=job.pk).update(result=job.result)


def run(job_id: int) -> None:
    """Claim and run one job.

    A PortalError fails the job with its sentence. A job whose transaction PostgreSQL refuses is run
    once more, and so is one that loses the database. Any other exception is our fault and is logged.
    """
    with system_scope():
        job = Job.objects.claim(job_id)
        if job is not None:
            _run_claimed(job)


def _run_claimed(job: Job) -> None:
    try:
        _require_created(job)
        with queue.released_on_stop(job), scope_of(job), heartbeat(job):
            HANDLERS[job.kind].run(job)
    except Unfinished:
        _requeue(job)
    except Cancelled:
        log.info("Job %s %s was cancelled", job.kind, job.pk)
    except outages.FilesAway as error:
        _wait_for_files(job, error)
    except PortalError as error:
        fail(job, message=str(error))
    except Exception as error:
        if is_retryable(error) and not job.is_given_up:
            log.warning("Job %s %s was refused by PostgreSQL and begins again: %s", job.kind, job.pk, error)
            _requeue(job, attempts=job.attempts)
            return
        if outages.is_disk_full(error):
            log.warning("Job %s %s found no room on the disk: %s", job.kind, job.pk, error)
            fail(job, message=_("The server's disk is full. The operator has been told; try again later."))
            return
        if outages.is_server_away(error):
            log.warning("Job %s %s lost a server and waits for the sweep: %s", job.kind, job.pk, error)
            return
        log.exception("Job %s %s failed", job.kind, job.pk)
        fail(job, message=_("The work stopped because of a fault on our side. It has been reported; try again later."))
    else:
        try:
            finish(job)
        except Conflict:
            log.info("Job %s %s was ended while it was at work", job.kind, job.pk)
        except outages.FilesAway as error:
            _wait_for_files(job, error)


def _wait_for_files(job: Job, error: outages.FilesAway) -> None:
    """It is no loss, and the sweep queues the job again."""
    log.warning("Job %s %s waits for the stored files: %s", job.kind, job.pk, error)
    Job.objects.release(job, result=job.result)


def _require_created(job: Job) -> None:
    """Raise Conflict unless `create` has written, in the sealed history, that there is this job of this kind for this school.

    The worker may do what no scope of a page may: whoever sends SQL there can write a row of jobs, and can forge no line.
    """
    line = history.of(job).order_by("id").first()
    made = (line.facts.get("work"), line.school_id, line.season_id) if line and is_genuine(line) else None
    if made != (job.kind, job.school_id, job.season_id):
        log.error("Job %s %s is not of the product's making and is not run", job.kind, job.pk)
        raise Conflict(_("Nobody has started this work here. Start it again from its page."))


def _requeue(job: Job, *, attempts: int = 0) -> None:
    """Put the job at the end of the queue. Not recorded in the history, like a claim."""
    if Job.objects.release(job, attempts=attempts, result=job.result):
        enqueue(job)


def attach_file(job: Job, filename: str, content: bytes | IO[bytes]) -> None:
    """Give the job a file to download.

    It is stored when the job is done, and replaces the file of an earlier run. An open file is closed then.
    """
    job.output = (filename, content)


def finish(job: Job) -> None:
    with files.writing() as write:
        written = {}
        if job.output:
            filename, content = job.output
            written = write.store(job, {"artefact": content}, filename=filename)
            if not isinstance(content, bytes):
                content.close()
        with transaction.atomic():
            if written:
                _require_not_begun_anew(job)
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


def _require_not_begun_anew(job: Job) -> None:
    """Raises Conflict when a file about students was ended by an erasure (`portal.privacy.job_files`) and somebody has
    started the job again."""
    if HANDLERS[job.kind].holds_students and not Job.objects.filter(pk=job.pk, queued_at=job.queued_at).exists():
        raise Conflict


def fail(job: Job, *, message: str) -> None:
    over: dict[str, Any] = {"finished_at": timezone.now(), "claimed_at": None, "message": message, "result": job.result}
    try:
        states.change(job, Job.Status.FAILED, by=history.SYSTEM, **over)
    except Conflict:
        log.info("Job %s %s was ended while it was at work", job.kind, job.pk)
        return
    on_failure = HANDLERS[job.kind].on_failure
    if on_failure:
        with scope_of(job):
            on_failure(job)


def may_cancel(job: Job, member: Membership) -> bool:
    found = HANDLERS.get(job.kind)
    return bool(job.is_open and found and found.cancel_may and permissions.may(member, found.cancel_may))


def cancel(job: Job, *, by: User) -> Job:
    """End a job that waits or runs. What it has finished so far stays.

    Raises NotAllowed, and Conflict when it has ended before.
    """
    if not job.is_open:
        raise Conflict(_("It is too late to cancel this: the work was done before."))
    if not may_cancel(job, by.membership):
        raise NotAllowed(_("Your role does not include this."))
    over: dict[str, Any] = {"finished_at": timezone.now(), "claimed_at": None, "dismissed_at": timezone.now()}
    message = _("%(name)s cancelled this.") % {"name": by.actor_name}
    open_states: list[str] = [Job.Status.QUEUED, Job.Status.RUNNING]
    return states.change(job, Job.Status.FAILED, by=by, only_from=open_states, message=message, **over)


def retry(job: Job, *, by: User) -> Job:
    """Put a failed job back into the queue."""
    failed: list[str] = [Job.Status.FAILED]
    anew: dict[str, Any] = {"message": "", "finished_at": None, "dismissed_at": None} | Job.anew()
    states.change(job, Job.Status.QUEUED, by=by, only_from=failed, **anew)
    transaction.on_commit(lambda: enqueue(job))
    return job


def dismiss(job: Job, *, by: User) -> Job:
    """Hide a failed job from the overviews; it stays in the list and can be retried.

    Raises Conflict if it is hidden already.
    """
    now = timezone.now()
    with transaction.atomic():
        if not Job.objects.filter(pk=job.pk, status=Job.Status.FAILED, dismissed_at=None).update(dismissed_at=now):
            raise Conflict
        history.record("job.dismissed", job, by=by)
    job.dismissed_at = now
    return job


def failed_for(member: Membership) -> QuerySet[Job]:
    """The failed jobs that this person's overview shows, newest first.

    A school sees the jobs that its people or the system started for it. The center sees the jobs
    without a school, and those that the center or the system started for a school. A person limited to
    colleges or classes sees the own jobs.
    """
    failed = Job.objects.filter(status=Job.Status.FAILED, dismissed_at=None)
    if member.is_center:
        return failed.filter(Q(school=None) | Q(created_by__membership__school=None))
    if member.is_limited:
        return failed.filter(created_by=member.user, school=member.school)
    return failed.filter(Q(created_by=None) | Q(created_by__membership__school=member.school), school=member.school)


def sweep() -> int:
    """Queue again waiting jobs that the queue has lost, and running jobs whose worker is lost.

    Returns how many.
    """
    with system_scope():
        return queue.sweep(Job.objects.all(), enqueue=_queue_again, give_up=_give_up)


def _queue_again(job: Job) -> None:
    if job.status == Job.Status.RUNNING:  # a lost worker is recorded, a lost queue message is not
        history.record("job.queued", job, by=history.SYSTEM, before=job.status, after=Job.Status.QUEUED)
    enqueue(job)


def _give_up(job: Job) -> None:
    log.error("Job %s %s was lost %s times", job.kind, job.pk, job.attempts)
    fail(job, message=_("The work was lost %(n)d times and has been given up.") % {"n": job.attempts})

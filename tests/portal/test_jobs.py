import datetime as dt
import errno
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import AdminShutdown, DeadlockDetected

from capture.models import Photo
from portal import history
from portal.background import jobs
from portal.errors import PortalError
from portal.models import Job
from portal.tenancy import outside_scopes, school_scope
from schools.models import Enrolment
from students.lists import bulk_actions
from tests import factories
from tests.support.lost_connection import lost_at, stored_files
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def handlers(monkeypatch):
    """A registry of the test's own."""
    monkeypatch.setattr(jobs, "HANDLERS", {})
    return jobs.HANDLERS


@pytest.fixture
def queued(monkeypatch):
    queued = []
    monkeypatch.setattr(jobs, "enqueue", lambda job: queued.append(job.pk))
    return queued


def make(kind: str, school, owner) -> Job:
    return jobs.create(kind, by=owner, school=school, total=4)


def test_job_is_written_before_the_queue_is_told(handlers, queued, school, owner, django_capture_on_commit_callbacks):
    jobs.handler("count", label="count")(lambda job: None)
    with django_capture_on_commit_callbacks(execute=True):
        job = make("count", school, owner)
        assert queued == []
    assert queued == [job.pk]
    assert job.status == Job.Status.QUEUED


@pytest.mark.parametrize(
    ("refusals", "status", "has_message"), [(1, Job.Status.DONE, False), (2, Job.Status.FAILED, True)]
)
def test_job_whose_transaction_is_refused_runs_once_more(
    handlers, queued, school, owner, refusals, status, has_message
):
    left = [refusals]

    @jobs.handler("count", label="count")
    def count(job):
        if left[0]:
            left[0] -= 1
            raise OperationalError("deadlock detected") from DeadlockDetected()

    job = make("count", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, queued) == (Job.Status.QUEUED, [job.pk])
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == status
    assert bool(job.message) is has_message


@pytest.mark.parametrize("cause", [psycopg.OperationalError("server closed the connection"), AdminShutdown()])
def test_job_that_loses_the_database_is_run_again_by_the_sweep(handlers, queued, school, owner, settings, cause):
    @jobs.handler("count", label="count")
    def count(job):
        if job.attempts == 1:
            raise OperationalError("the database is restarted") from cause

    job = make("count", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.message) == (Job.Status.RUNNING, "")
    Job.objects.update(claimed_at=timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS + 1))
    assert jobs.sweep() == 1
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.DONE


def test_job_that_finds_no_room_says_so(handlers, queued, school, owner):
    @jobs.handler("count", label="count")
    def count(job):
        raise OSError(errno.ENOSPC, "No space left on device")

    job = make("count", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    sentence = "The server's disk is full. The operator has been told; try again later."
    assert (job.status, job.message) == (Job.Status.FAILED, said(sentence))


def test_run_works_inside_the_schools_scope_and_keeps_the_result(handlers, queued, school, owner):
    @jobs.handler("count", label="count")
    def count(job):
        jobs.progress(job, 2)
        assert Job.objects.get(pk=job.pk).percent == 50
        job.result = {"enrolments": Enrolment.objects.count()}

    job = make("count", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.done, job.result) == (Job.Status.DONE, 4, {"enrolments": 1})


def test_refusal_fails_the_job_with_its_sentence_and_tidies_up(handlers, queued, school, owner):
    tidied = []

    @jobs.handler("refuse", label="refuse", on_failure=lambda job: tidied.append(job.pk))
    def refuse(job):
        raise PortalError("The file is empty. Choose another one.")

    job = make("refuse", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.message) == (Job.Status.FAILED, "The file is empty. Choose another one.")
    assert tidied == [job.pk]


def test_our_fault_is_logged_and_told_without_a_trace(handlers, queued, school, owner, caplog):
    @jobs.handler("break", label="break")
    def break_(job):
        raise ZeroDivisionError

    job = make("break", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (
        said("The work stopped because of a fault on our side. It has been reported; try again later.") in job.message
    )
    assert "ZeroDivisionError" in caplog.text


def test_job_runs_once_however_often_the_queue_says_so(handlers, queued, school, owner):
    runs = []
    jobs.handler("once", label="once")(lambda job: runs.append(job.pk))
    job = make("once", school, owner)
    jobs.run(job.pk)
    jobs.run(job.pk)
    assert runs == [job.pk]


def test_a_file_that_was_made_lies_with_its_size_and_replaces_the_one_before(
    handlers, queued, school, owner, django_capture_on_commit_callbacks
):
    versions = iter((b"lost", b"first", b"second time"))
    jobs.handler("file", label="A file")(lambda job: jobs.attach_file(job, "list.txt", next(versions)))
    job = make("file", school, owner)
    with lost_at('INSERT INTO "portal_event"'):
        jobs.run(job.pk)
    assert stored_files() == set()
    for _ in range(2):
        Job.objects.update(status=Job.Status.QUEUED, **Job.anew())
        with django_capture_on_commit_callbacks(execute=True):
            jobs.run(job.pk)
        job.refresh_from_db()
        (path,) = stored_files()
        assert path.name == "list.txt"
        assert job.artefact_size == path.stat().st_size
    assert path.read_bytes() == b"second time"


BEATING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%%;UPDATE "portal_job" SET "claimed_at"%%'
    AND query NOT LIKE '%%pg_terminate%%'
"""


@pytest.mark.django_db(transaction=True)
def test_the_claim_is_kept_fresh_over_a_lost_connection(settings):
    def is_renewed():
        Job.objects.filter(pk=job.pk).update(claimed_at=long_ago)
        end = time.monotonic() + 30
        while (renewed := Job.objects.get(pk=job.pk).claimed_at > long_ago) is False and time.monotonic() < end:
            time.sleep(0.05)
        return renewed

    settings.CLAIM_SECONDS, long_ago = 0.4, timezone.now() - dt.timedelta(hours=1)
    job = Job.objects.create(kind="count", status=Job.Status.RUNNING)
    with jobs.heartbeat(job):
        assert is_renewed()
        with outside_scopes(), connection.cursor() as cursor:
            cursor.execute(BEATING)
            assert cursor.rowcount == 1
        assert is_renewed()


def test_a_job_that_was_written_past_the_product_is_not_run(school, other_school, student, season):
    """In a school's scope the files of all others are named by no row: this kind of job would delete them."""
    photo = factories.photo(student, Photo.Status.APPROVED)
    written = time.time() - 400 * 24 * 3600
    for file in (photo.original, photo.portrait):
        os.utime(file.path, (written, written))
    forged = "INSERT INTO portal_job (kind, queue, school_id, status, params, result, done, total, message, artefact, artefact_size, created_at, queued_at, attempts) VALUES (%s, 'build', %s, 'queued', '{}', '{}', 0, 0, '', '', 0, now(), now(), 0) RETURNING id"
    with school_scope(other_school), connection.cursor() as cursor:
        cursor.execute(forged, ["unnamed_files", other_school.pk])
        (pk,) = cursor.fetchone()
    jobs.run(pk)
    assert Job.objects.get(pk=pk).status == Job.Status.FAILED
    assert os.path.exists(photo.original.path)
    assert os.path.exists(photo.portrait.path)


def test_a_job_that_was_bent_is_not_run(handlers, queued, school, owner):
    ran = []
    for kind in ("count", "other"):
        jobs.handler(kind, label=kind)(lambda job: ran.append(job.pk))
    job = make("count", school, owner)
    with school_scope(school), connection.cursor() as cursor:
        cursor.execute("UPDATE portal_job SET kind = 'other' WHERE id = %s", [job.pk])
    jobs.run(job.pk)
    assert (ran, Job.objects.get(pk=job.pk).status) == ([], Job.Status.FAILED)


def test_a_long_job_gives_way_and_goes_on_where_it_was(handlers, queued, school, owner):
    @jobs.handler("count", label="count")
    def count(job):
        job.result = {"counted": job.result.get("counted", 0) + 1}
        jobs.progress(job, job.result["counted"])
        if job.result["counted"] < 3:
            raise jobs.Unfinished

    job = make("count", school, owner)
    for _ in range(4):  # one call more than it needs
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result, job.attempts) == (Job.Status.DONE, {"counted": 3}, 1)
    assert queued == [job.pk, job.pk]
    kinds = list(history.of(job).order_by("id").values_list("kind", flat=True))
    assert kinds == ["job.queued", "job.done"]


def test_sweep_gives_back_what_a_lost_worker_held(handlers, queued, school, owner, settings):
    jobs.handler("lost", label="lost")(lambda job: None)
    job = make("lost", school, owner)
    Job.objects.claim(job.pk)
    assert jobs.sweep() == 0
    Job.objects.update(claimed_at=timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS + 1))
    assert jobs.sweep() == 1
    assert queued == [job.pk]
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.DONE, 2)


def test_sweep_tells_the_queue_of_jobs_it_never_heard_of(handlers, queued, school, owner, settings):
    jobs.handler("unheard", label="unheard")(lambda job: None)
    job = make("unheard", school, owner)
    Job.objects.update(queued_at=timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS + 1))
    assert jobs.sweep() == 1
    assert queued == [job.pk]


def test_job_lost_again_and_again_is_given_up(handlers, queued, school, owner, settings):
    jobs.handler("cursed", label="cursed")(lambda job: None)
    job = make("cursed", school, owner)
    Job.objects.update(
        status=Job.Status.RUNNING,
        attempts=Job.MAX_ATTEMPTS,
        claimed_at=timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS + 1),
    )
    assert jobs.sweep() == 0
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED
    assert said("The work was lost %(n)d times and has been given up.") in job.message


def test_failed_job_can_be_tried_again(handlers, queued, school, owner, django_capture_on_commit_callbacks):
    jobs.handler("again", label="again")(lambda job: None)
    job = make("again", school, owner)
    Job.objects.update(status=Job.Status.FAILED, message="x", attempts=5)
    job.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        jobs.retry(job, by=owner)
    assert (job.status, job.attempts, queued) == (Job.Status.QUEUED, 0, [job.pk])
    assert history.of(job).first().after == "queued"


def test_a_process_that_runs_no_worker_knows_the_words_of_every_kind():
    """In a process of its own: here, other tests may have imported the modules that register."""
    code = "import django; django.setup(); from portal.background import jobs; print(*sorted(jobs.HANDLERS))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(ran.stdout.split()) == kinds_in_code()


def kinds_in_code() -> set[str]:
    """The first argument of every jobs.handler(...): a literal, or a constant of its module or of the one it names."""
    found = set()
    for path in Path().glob("*/**/*.py"):
        if path.parts[0] not in ("tests", ".venv") and "@jobs.handler(" in path.read_text():
            text = path.read_text()
            for name in re.findall(r'@jobs\.handler\(\s*("?[\w.]+"?)', text):
                if not name.startswith('"'):
                    module, _dot, constant = name.rpartition(".")
                    modules = Path(path.parts[0]).rglob(f"{module}.py") if module else [path]
                    name = re.search(rf'^{constant} = "(\w+)"', "\n".join(map(Path.read_text, modules)), re.M)[1]
                found.add(name.strip('"'))
    return found | {action.kind for action in bulk_actions.ACTIONS.values()}


def test_a_cancelled_job_stops_at_its_next_report_and_keeps_what_it_has(handlers, queued, school, owner):
    done = []

    @jobs.handler("count", label="count", cancel_may="jobs.see")
    def count(job):
        for number in range(1, 4):
            done.append(number)
            jobs.keep(job, str(number), "done")
            jobs.progress(job, number)
            if number == 2:
                jobs.cancel(Job.objects.get(pk=job.pk), by=owner)

    job = make("count", school, owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert done == [1, 2, 3]
    assert (job.status, job.result, job.done) == (Job.Status.FAILED, {"1": "done", "2": "done"}, 2)
    assert job.message == said("%(name)s cancelled this.", name=owner.actor_name)
    with pytest.raises(PortalError):
        jobs.cancel(job, by=owner)


def test_a_job_of_a_kind_that_cannot_be_cancelled_goes_on(handlers, queued, school, owner):
    jobs.handler("count", label="count")(lambda job: None)
    job = make("count", school, owner)
    with pytest.raises(PortalError, match=said("Your role does not include this.")):
        jobs.cancel(job, by=owner)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.DONE

"""Work that is claimed, lost, given back and given up; and every task that is queued by its name."""

import ast
import datetime as dt
import uuid
from pathlib import Path

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from config.celery import app
from portal import history
from portal.background import jobs, queue
from portal.models import Job

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo")


@pytest.fixture
def job(db, school):
    return Job.objects.create(kind="count", school=school)


def grow_old(job, **fields):
    """As if the worker or the message to the queue had been lost."""
    past = timezone.now() - dt.timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(**{"queued_at": past} | fields)


def sweep():
    """(ids queued again, ids given up)."""
    queued, given_up = [], []
    queue.sweep(
        Job.objects.all(), enqueue=lambda job: queued.append(job.pk), give_up=lambda job: given_up.append(job.pk)
    )
    return queued, given_up


def names_sent():
    """The names of tasks in calls of queue.send, with the file that calls."""
    for room in ROOMS:
        for path in (path for path in (ROOT / room).rglob("*.py") if "queue.send" in path.read_text()):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "queue.send":
                    yield path.relative_to(ROOT), node.args[0]


def test_every_task_that_is_sent_by_name_exists():
    app.loader.import_default_modules()
    sent = list(names_sent())
    assert len(sent) >= 2
    wrong = [f"{path}: {ast.unparse(name)}" for path, name in sent if ast.literal_eval(name) not in app.tasks]
    assert wrong == []


def test_length_counts_what_no_worker_has_taken():
    name = f"probe-{uuid.uuid4()}"
    assert queue.length(name) == 0
    for number in range(3):
        queue.send("portal.tasks.sweep", number, queue=name)
    assert queue.length(name) == 3
    with app.connection_for_write() as connection:
        assert connection.default_channel.queue_purge(name) == 3


def test_each_worker_gets_the_next_row_in_the_order_that_it_asks_for(job, school):
    later, sooner = (Job.objects.create(kind="count", school=school, total=total) for total in (9, 5))
    assert Job.objects.claim_next("-total") == later
    assert Job.objects.claim_next("-total") == sooner
    assert Job.objects.claim_next("-total") == job
    assert Job.objects.claim_next("-total") is None


def test_one_of_two_workers_gets_the_row(job):
    claimed = Job.objects.claim(job.pk)
    assert (claimed.status, claimed.attempts) == (Job.Status.RUNNING, 1)
    assert Job.objects.claim(job.pk) is None


def test_what_is_over_is_not_claimed(job):
    Job.objects.update(status=Job.Status.DONE)
    assert Job.objects.claim(job.pk) is None


def test_fresh_work_is_left_alone_and_old_is_queued_once(job):
    assert sweep() == ([], [])
    grow_old(job)
    assert sweep() == ([job.pk], [])
    assert sweep() == ([], [])


def test_work_of_a_lost_worker_is_queued_again_once_and_given_up_the_second_time(job):
    long_ago = timezone.now() - dt.timedelta(hours=1)
    Job.objects.claim(job.pk)
    grow_old(job, claimed_at=long_ago)
    assert sweep() == ([job.pk], [])
    Job.objects.claim(job.pk)
    grow_old(job, claimed_at=long_ago)
    assert Job.objects.claim(job.pk) is None
    assert sweep() == ([], [job.pk])


def test_claim_and_message_from_before_the_clock_was_set_back_are_lost(job):
    ahead = timezone.now() + dt.timedelta(hours=8)
    Job.objects.update(queued_at=ahead)
    assert sweep() == ([job.pk], [])
    Job.objects.claim(job.pk)
    Job.objects.update(claimed_at=ahead)
    assert sweep() == ([job.pk], [])
    Job.objects.update(claimed_at=timezone.now() + dt.timedelta(seconds=2))  # another machine's clock
    assert sweep() == ([], [])


def test_row_that_cannot_be_given_up_does_not_stop_the_rows_behind_it(job, school, caplog):
    other = Job.objects.create(kind="count", school=school)
    long_ago = timezone.now() - dt.timedelta(hours=1)
    for row in (job, other):
        grow_old(row, status=Job.Status.RUNNING, attempts=2, claimed_at=long_ago)
    given_up = []

    def give_up(row):
        if row.pk == job.pk:
            raise ValueError("a defect")
        given_up.append(row.pk)

    queue.sweep(Job.objects.all(), enqueue=lambda row: None, give_up=give_up)
    assert given_up == [other.pk]
    assert "a defect" in caplog.text


def test_worker_that_is_told_to_stop_gives_back_without_a_loss(job):
    claimed = Job.objects.claim(job.pk)
    with pytest.raises(SystemExit), queue.released_on_stop(claimed):
        raise SystemExit(-15)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.claimed_at) == (Job.Status.QUEUED, 0, None)


def test_worker_that_is_stopped_because_it_hangs_is_a_loss(job):
    claimed = Job.objects.claim(job.pk)
    grow_old(job, claimed_at=timezone.now() - dt.timedelta(hours=1))
    with pytest.raises(SystemExit), queue.released_on_stop(claimed):
        raise SystemExit(-15)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.RUNNING, 1)


@pytest.mark.parametrize("error", [OperationalError("away"), ResponseError("MISCONF: the disk of Redis is full")])
def test_a_broker_that_takes_nothing_fails_nobody(monkeypatch, caplog, error):
    def refuse(*args, **options):
        raise error

    monkeypatch.setattr(app, "send_task", refuse)
    queue.send("capture.tasks.check_photo", 1, 2)
    assert "waits for the sweep" in caplog.text


def test_sweep_that_comes_second_queues_nothing(job):
    grow_old(job)
    seen = Job.objects.get(pk=job.pk)
    assert Job.objects.queue_again([seen]) == [seen]
    assert Job.objects.queue_again([seen]) == []


def test_many_lost_rows_are_queued_again_in_a_few_statements(job, school, django_assert_num_queries):
    others = [Job.objects.create(kind="count", school=school) for _ in range(20)]
    for row in (job, *others):
        grow_old(row)
    with django_assert_num_queries(5):  # find, hold and change them, inside a savepoint
        assert sweep() == ([row.pk for row in (job, *others)], [])


def test_job_ended_by_the_stop_of_its_worker_runs_again(school, monkeypatch):
    monkeypatch.setattr(jobs, "HANDLERS", {})

    @jobs.handler("count", label="Counting")
    def count(row):
        raise SystemExit(-15)

    job = jobs.create("count", by=history.SYSTEM, school=school)
    with pytest.raises(SystemExit):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0)

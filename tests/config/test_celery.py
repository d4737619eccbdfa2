"""The timetable of beat: every entry names a task that exists, at the hours that people are told."""

import datetime as dt
import re
from pathlib import Path

import pytest
from celery import Celery
from redis.exceptions import ConnectionError

from config.beat import LOOK_SECONDS, Scheduler
from config.celery import app
from portal.background import jobs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def _rooms_loaded():
    app.loader.import_default_modules()


def test_every_entry_of_the_timetable_is_a_task():
    named = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert named
    assert named <= set(app.tasks)


@pytest.mark.parametrize(
    ("task", "time"),
    [
        ("capture.tasks.daily_checks", dt.time(18, 5)),
        ("capture.tasks.purge", dt.time(3, 10)),
        ("portal.tasks.delete_expired", dt.time(3, 20)),
        ("portal.tasks.delete_unnamed_files", dt.time(3, 40)),
        ("proofing.tasks.remind_deadlines", dt.time(8, 30)),
        ("billing.tasks.remind_payments", dt.time(8, 40)),
        ("billing.tasks.post_charges", dt.time(19, 0)),
    ],
)
def test_daily_work_has_its_one_hour_in_shanghai(task, time):
    (entry,) = [entry for entry in app.conf.beat_schedule.values() if entry["task"] == task]
    when = entry["schedule"]
    assert (when.hour, when.minute, len(when.day_of_week)) == ({time.hour}, {time.minute}, 7)
    assert str(app.timezone) == "Asia/Shanghai"


def test_stopped_worker_gives_its_work_back_before_systemd_kills_it():
    unit = (Path(__file__).resolve().parents[2] / "deploy/systemd/tucai-worker@.service").read_text()
    lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line and not line.startswith("#"))
    assert lines["Environment"] == "REMAP_SIGTERM=SIGQUIT"
    begun, _option, seconds = lines["ExecStart"].rpartition(" -- worker.soft_shutdown_timeout=")
    assert begun
    assert 0 < int(seconds) < int(lines["TimeoutStopSec"]) / 2


@pytest.fixture
def beat(tmp_path):
    """Another beat, with a file of its own."""
    clocks = Celery("clocks", broker="memory://")
    clocks.conf.beat_schedule = {
        "sweep": {"task": "sweep", "schedule": 500},
        "purge": {"task": "purge", "schedule": 500},
    }
    made = []

    def start():
        made.append(Scheduler(clocks, schedule_filename=str(tmp_path / f"schedule{len(made)}")))
        return made[-1]

    yield start
    for each in made:
        each.close()
    each._redis.delete(each._lock.name, each._last_runs)


def test_of_two_beats_one_is_on_duty_and_the_other_takes_over_without_repeating_its_runs(beat):
    first, second = beat(), beat()
    for each in (first, second):
        each.schedule["purge"].last_run_at -= dt.timedelta(days=1)
    assert first.tick() == 0  # it has sent the purge and asks at once for the next
    assert second.tick() == LOOK_SECONDS
    assert (first.is_on_duty, second.is_on_duty) == (True, False)
    first._redis.delete(first._lock.name)  # as after DUTY_SECONDS of silence
    sent = second.schedule["purge"].total_run_count
    assert second.tick() > 0
    assert first.tick() == LOOK_SECONDS
    assert (first.is_on_duty, second.is_on_duty) == (False, True)
    assert second.schedule["purge"].total_run_count == sent
    second.close()
    first.tick()
    assert first.is_on_duty


def test_the_beat_on_duty_keeps_the_lock_and_a_redis_that_lost_it_gives_it_again(beat):
    only = beat()
    only.tick()
    only._redis.pexpire(only._lock.name, 500)
    only.tick()
    assert only._redis.pttl(only._lock.name) > 1000 * LOOK_SECONDS
    only._redis.delete(only._lock.name)
    only.tick()
    assert only.is_on_duty


def test_without_redis_nobody_is_on_duty(beat, monkeypatch):
    only = beat()
    only.tick()
    monkeypatch.setattr(only._lock, "reacquire", lambda: (_ for _ in ()).throw(ConnectionError("away")))
    assert only.tick() == LOOK_SECONDS
    assert not only.is_on_duty


def test_clock_that_is_set_back_does_not_stop_the_timetable(beat):
    timetable = beat()
    entry = timetable.schedule["sweep"]
    entry.last_run_at = timetable.app.now() + dt.timedelta(hours=8)
    assert timetable.tick() <= 5
    assert entry.last_run_at <= timetable.app.now()
    assert app.conf.beat_scheduler == f"{Scheduler.__module__}:{Scheduler.__name__}"


def test_a_worker_takes_the_queue_of_every_kind_of_job():
    lines = (ROOT / "Procfile").read_text()
    taken = {name for queues in re.findall(r" -Q (\S+)", lines) for name in queues.split(",")}
    assert {handler.queue for handler in jobs.HANDLERS.values()} | {"default", "bulk"} <= taken


def test_nothing_clears_the_cache():
    """That empties the whole Redis database: the queue is in it, and whatever others keep there on a shared server."""
    clearing = re.compile(r"\bcache(s\[.*\])?\.clear\(")
    rooms = (folder for folder in ROOT.iterdir() if (folder / "__init__.py").exists())
    found = [path for room in rooms for path in room.rglob("*.py") if clearing.search(path.read_text())]
    assert [str(path.relative_to(ROOT)) for path in found] == []

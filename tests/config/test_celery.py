"""The timetable of beat: every entry names a task that exists, at the hours that people are told."""

import datetime as dt
import re
from pathlib import Path

import pytest
from celery import Celery

from config.beat import Scheduler
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


def test_clock_that_is_set_back_does_not_stop_the_timetable(tmp_path):
    clocks = Celery("clocks", broker="memory://")
    clocks.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": 5}}
    timetable = Scheduler(clocks, schedule_filename=str(tmp_path / "schedule"))
    entry = timetable.schedule["sweep"]
    entry.last_run_at = clocks.now() + dt.timedelta(hours=8)
    assert timetable.tick() <= 5
    timetable.close()
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

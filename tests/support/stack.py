"""The product's own processes on the test's database: the web server and the workers, each with its own database login.

Tests that use it need `transactional_db`: the processes must see what the test wrote.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import connection

from launch import embedded_services

ROOT = Path(__file__).resolve().parents[2]


def database_url(login: str = "worker") -> str:
    """The address of the test's database, as the web or as the workers."""
    at = connection.settings_dict
    if login == "web":
        # By hand on another server: DATABASE_URL, DATABASE_OWNER_URL and this one (docs/developers.md).
        given = urlsplit(os.environ.get("WEB_DATABASE_URL") or embedded_services.start().web_database_url)
        return given._replace(path=f"/{at['NAME']}").geturl()
    where = f"?host={quote(at['HOST'], safe='/')}" + (f"&port={at['PORT']}" if at["PORT"] else "")
    return f"postgresql://{quote(at['USER'])}:{quote(at['PASSWORD'], safe='')}@/{at['NAME']}{where}"


class Stack:
    """Starts and ends the processes; `url` once `web` has been called."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.url = ""
        self.processes: list[subprocess.Popen] = []
        self.environment = os.environ | {
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "REDIS_PREFIX": settings.CACHES["default"]["KEY_PREFIX"],
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "TUCAI_LOCAL": "1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }

    def start(self, name: str, *command: str, **environment: str) -> subprocess.Popen:
        log = (self.folder / f"{name}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.environment | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def web(self) -> str:
        """Start the web server on a free port; returns its address once it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment["SITE_URL"] = self.url = f"http://127.0.0.1:{port}"
        self.environment |= {"HOST": "127.0.0.1", "PORT": str(port)}
        process = self.start("web", "config.web", DATABASE_URL=database_url("web"))
        self._wait(process, self.url)
        return self.url

    def _wait(self, process: subprocess.Popen, url: str) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(url, timeout=20).close()
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"The web server did not answer:\n{self.log('web')}")

    def worker(
        self, queues: str = "check,produce,build,imports,default,bulk,faces", name: str = "worker"
    ) -> subprocess.Popen:
        """Start one Celery worker with one process on these queues."""
        celery = ("celery", "-A", "config", "worker", "-Q", queues, "-c", "1", "-n", f"{name}@%h")
        return self.start(name, *celery, "-l", "warning", "--without-gossip", "--without-mingle")

    def kill(self, process: subprocess.Popen, number: int = signal.SIGKILL) -> None:
        """End a process and its children; with -9 they get no chance to tidy up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait(timeout=30)

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.kill(process)


@contextlib.contextmanager
def running(folder: Path, **environment: str) -> Iterator[Stack]:
    """A stack that ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    stack = Stack(folder, **environment)
    try:
        yield stack
    finally:
        stack.stop()

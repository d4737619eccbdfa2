"""`make run`, as a real process on a data folder of its own: it comes up, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch import run
from launch.data_folder import CHECKOUT

READY = "Ctrl-C ends everything"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The first test fills it; whoever comes later starts on what is there."""
    path = Path(tempfile.mkdtemp(prefix="tucai-run-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def launcher(folder, port) -> Iterator[subprocess.Popen]:
    unconfigured = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    process = subprocess.Popen(
        [sys.executable, "-m", "launch.run"],
        cwd=CHECKOUT,
        env=unconfigured | {"TUCAI_DATA": str(folder), "TUCAI_LINGER_SECONDS": "0", "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    process.kill()
    process.communicate()
    wait_for_the_last(folder)


def processes_of(folder: Path) -> list[int]:
    """Living processes that were told of the folder, by an argument or by their environment."""
    mark = str(folder).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if mark in told:
            found.append(int(entry.name))
    return found


def wait_for_the_last(folder: Path) -> None:
    for _look in range(600):
        if not processes_of(folder):
            return
        time.sleep(0.05)
    pytest.fail(f"still running: {processes_of(folder)}")


def read_until_ready(process: subprocess.Popen) -> str:
    lines = []
    for line in process.stdout:
        lines.append(line)
        if READY in line:
            return "".join(lines)
    pytest.fail("".join(lines))


def test_everything_comes_up_and_ends_with_one_signal(launcher, folder, port):
    output = read_until_ready(launcher)
    assert f"http://localhost:{port}/" in output
    assert "center" in output
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
        assert page.status == 200
    launcher.send_signal(signal.SIGINT)
    launcher.communicate(timeout=60)
    assert launcher.returncode == 0
    assert processes_of(folder) == []


def test_nothing_outlives_a_launcher_that_is_killed(launcher, folder):
    read_until_ready(launcher)
    launcher.kill()
    launcher.communicate(timeout=60)
    wait_for_the_last(folder)


@pytest.mark.parametrize("name", ["PHOTO_WORKERS", "BUILD_WORKERS", "WEB_THREADS"])
def test_number_of_processes_that_is_none_is_refused(monkeypatch, name):
    monkeypatch.setenv(name, "two")
    with pytest.raises(SystemExit, match=f'{name} is "two": it must be a whole number from 1 to 256'):
        run.check_processes()

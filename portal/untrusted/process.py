"""Starting a process that opens a stranger's file, and reading what it says.

A program reads the file from its standard input, takes no more than `limits` allows and
writes to its standard output. When it is lost, the file is at fault: nothing is tried again. It is
started by `subprocess`, since a worker of Celery may have no children of multiprocessing.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from portal.untrusted.brake import PAPERS, Brake

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
MAX_LINE = 64 * 1024 * 1024  # bytes of one line or frame of an answer
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV")


class Lost(Exception):
    """The reader ended without an answer: it was killed, ran out of memory or time, or crashed."""


class Reader:
    """A running program. Its answer is read by lines or by bytes; too little raises Lost."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        assert process.stdout
        self._answer = process.stdout

    def line(self) -> bytes:
        line = self._answer.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise Lost
        return line

    def bytes(self, count: int) -> bytes:
        if count > MAX_LINE:
            raise Lost
        found = self._answer.read(count)
        if len(found) < count:
            raise Lost
        return found


def command(program: str) -> list[str]:
    return [sys.executable, "-s", "-m", program]


def environment() -> dict[str, str]:
    """The environment of a reader: no key, no address of a database."""
    return {name: os.environ[name] for name in KEPT if name in os.environ}


@contextmanager
def reading(program: str, content: bytes, *, seconds: float, held_by: Brake | None = PAPERS) -> Iterator[Reader]:
    """Start a program, named as a module, on a file. It is killed after `seconds`, or when the block ends.

    Raises Busy, unless the caller holds a brake itself (`held_by` is None).
    """
    with held_by.held() if held_by else nullcontext(), _started(program, content, seconds) as reader:
        yield reader


@contextmanager
def _started(program: str, content: bytes, seconds: float) -> Iterator[Reader]:
    process = subprocess.Popen(
        command(program),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        _send(process, content)
        yield Reader(process)
    except Lost:
        process.kill()
        _explain(program, process)
        raise
    finally:
        timer.cancel()
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            with suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]
        process.wait()


def _send(process: subprocess.Popen[bytes], content: bytes) -> None:
    assert process.stdin
    try:
        process.stdin.write(content)
        process.stdin.close()
    except BrokenPipeError as error:
        raise Lost from error


def _explain(program: str, process: subprocess.Popen[bytes]) -> None:
    """Log how the reader ended: the kind of its error alone, since its words may quote the file."""
    assert process.stderr
    status = process.wait()
    words = process.stderr.read(20_000).decode("utf-8", "replace").strip().splitlines()
    log.warning(
        "%s was lost with status %s: %s", program, status, words[-1].partition(":")[0][:80] if words else "no words"
    )

"""A stream is encrypted for the holder of an OpenPGP certificate, while it is written.

Sequoia does it in a process of its own: what it reads never stands on the disk in clear, and while it works the
worker's other threads go on.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PROGRAM = """
import sys, pysequoia
certificate = pysequoia.Cert.from_bytes(sys.argv[1].encode())
pysequoia.encrypt_file("/dev/stdin", sys.argv[2], recipients=[certificate], armor=False)
"""


@contextmanager
def sealed(path: Path, *, certificate: str) -> Iterator[IO[bytes]]:
    """What is written inside the block stands encrypted in the file at its end. If the block raises, there is no file."""
    command = [sys.executable, "-I", "-c", _PROGRAM, certificate, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
        except BaseException:
            process.kill()  # before its input ends, which it would take for the end of a whole file
            process.wait()
            path.unlink(missing_ok=True)
            raise
        process.stdin.close()
        if process.wait():
            path.unlink(missing_ok=True)
            raise RuntimeError(f"the encryption ended with {process.returncode}")

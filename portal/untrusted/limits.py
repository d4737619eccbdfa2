"""What a process that opens a stranger's file may take. Called by that process itself, first of all."""

import resource
import sys

MB = 1024 * 1024


class Refused(Exception):
    """The file must not be read further. `code` stands for a sentence of the caller; `params` belong to it."""

    def __init__(self, code: str, **params: int | str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def confine(*, memory: int, seconds: int, has_threads: bool = False) -> None:
    """Limit this process for ever: bytes of memory, seconds of processor time, no files, no children.

    To Linux a thread is a child: a library that cannot go without threads is let have some (`has_threads`).

    macOS refuses a limit of addresses: a developer's machine has the other limits alone.
    """
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if not has_threads:
        limits[resource.RLIMIT_NPROC] = 0
    if sys.platform != "darwin":
        limits[resource.RLIMIT_AS] = memory
    for kind, limit in limits.items():
        _soft, hard = resource.getrlimit(kind)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lowest, lowest))

"""What a process that opens a stranger's file may take. Called by that process itself, first of all."""

import resource

MB = 1024 * 1024


class Refused(Exception):
    """The file must not be read further. `code` stands for a sentence of the caller; `params` belong to it."""

    def __init__(self, code: str, **params: int | str) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def confine(*, memory: int, seconds: int) -> None:
    """Limit this process for ever: bytes of memory, seconds of processor time, no files, no children."""
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for kind, limit in limits.items():
        _soft, hard = resource.getrlimit(kind)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lowest, lowest))

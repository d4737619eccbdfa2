"""Which errors are the machine's and nobody's fault: a server that is away, a disk that is full. They end by themselves."""

import errno

from django.db import DatabaseError
from redis.exceptions import RedisError

from portal.changes.transactions import is_connection_lost

FULL = (errno.ENOSPC, errno.EDQUOT)
BROKEN = (errno.EIO, errno.EROFS, errno.ESTALE, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
NO_SPACE = "53100"  # of PostgreSQL
BUSY = ("53200", "53300")  # no memory, no connection free
TOO_LONG = ("57014", "55P03")  # a statement, or waiting for a lock (config.web)


class FilesAway(Exception):
    """The service that keeps the private files does not answer, or refuses with a code of its own. No OSError: those say
    that a file is missing.
    """

    def __init__(self, code: str = "") -> None:
        super().__init__(f"The service of the stored files refuses: {code}" if code else "It does not answer")
        self.code = code


def is_disk_full(error: BaseException | None) -> bool:
    return _state(error) == NO_SPACE or (isinstance(error, OSError) and error.errno in FULL)


def is_server_away(error: BaseException | None) -> bool:
    """Whether PostgreSQL, Redis or the service of the files is away, hangs or has too much to do."""
    is_lost = isinstance(error, Exception) and is_connection_lost(error)
    return is_lost or isinstance(error, (RedisError, FilesAway)) or _state(error) in (*BUSY, *TOO_LONG)


def is_machines(error: BaseException) -> bool:
    """Whether the same work succeeds when the machine is well again."""
    is_broken = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in BROKEN)
    return is_broken or is_disk_full(error) or is_server_away(error)


def _state(error: BaseException | None) -> str | None:
    return getattr(error.__cause__, "sqlstate", None) if isinstance(error, DatabaseError) else None

"""Where private files lie: in a folder of this machine (or one that several share), or in a bucket of an S3 service.

What both can is `PrivateStorage`. Rooms know `portal.files` only.
"""

import datetime as dt
from collections.abc import Iterator
from typing import IO, ClassVar, NamedTuple

from django.core.files.storage import Storage
from django.http import HttpResponse


class Stored(NamedTuple):
    name: str
    size: int
    written_at: dt.datetime


class PrivateStorage(Storage):
    """Files that are there whole or not at all. Raises FileNotFoundError for a name that is not there."""

    # Files that are worth being read at the same time: 1 where none is waited for.
    together: ClassVar[int] = 1

    def read(self, name: str) -> bytes:
        raise NotImplementedError

    def stream(self, name: str) -> tuple[IO[bytes], int]:
        """The file, to be read once from its beginning to its end, and its size."""
        raise NotImplementedError

    def tell_nginx(self, response: HttpResponse, name: str) -> None:
        """Put into the response where nginx finds the file (X-Accel-Redirect)."""
        raise NotImplementedError

    def listing(self, folder: str = "") -> Iterator[Stored]:
        """The files below the folder ("" or "a/b/"), sorted by their names."""
        raise NotImplementedError

    def drop_unfinished(self, *, before: dt.datetime) -> int:
        """Drop what a killed process has begun to write and `listing` does not show; how many."""
        raise NotImplementedError

    def faults(self) -> list[str]:
        """What an operator must put right before others use it (`check --deploy`)."""
        return []

    def problem(self) -> str:
        """Why files cannot be stored now; "" if nothing is known against it."""
        raise NotImplementedError

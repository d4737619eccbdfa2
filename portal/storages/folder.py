"""Private files in a folder."""

import datetime as dt
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.http import HttpResponse
from django.utils.translation import gettext as _

from portal.storages import PrivateStorage, Stored

# What the server says of its disk is never answered from what this machine remembers.
LOOK = 'until [ -e "$1" ]; do set -- "$(dirname "$1")"; done; stat -f "$1" >/dev/null && [ -w "$1" ] && [ -x "$1" ]'
LOOK_SECONDS = 10


class WholeFiles(FileSystemStorage, PrivateStorage):
    """Files on the local disk that are there whole or not at all: also after kill -9, on a full disk and
    after a power cut, when the row that names them is there too.
    """

    def _save(self, name: str, content: File) -> str:
        draft = f"{name}.draft"
        try:
            draft = super()._save(draft, content)  # type: ignore[misc]
            self._flush(self.path(draft))
            os.rename(self.path(draft), self.path(name))
            self._flush(os.path.dirname(self.path(name)))
        except BaseException:
            with suppress(OSError):
                self.delete(draft)
            raise
        return name

    def _flush(self, path: str) -> None:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, name: str) -> bytes:
        return Path(self.path(name)).read_bytes()

    def stream(self, name: str) -> tuple[IO[bytes], int]:
        file = open(self.path(name), "rb")  # noqa: SIM115 (the response closes it)
        return file, os.fstat(file.fileno()).st_size

    def tell_nginx(self, response: HttpResponse, name: str) -> None:
        os.stat(self.path(name))
        response["X-Accel-Redirect"] = settings.X_ACCEL_PREFIX + quote(name)

    def listing(self, folder: str = "") -> Iterator[Stored]:
        if not self.exists(folder):  # nothing was stored there yet
            return
        with os.scandir(self.path(folder)) as found:
            entries = {f"{entry.name}/" if entry.is_dir() else entry.name: entry for entry in found}
        for name in sorted(entries):
            if name.endswith("/"):
                yield from self.listing(f"{folder}{name}")
                continue
            with suppress(FileNotFoundError):  # it was deleted meanwhile
                status = entries[name].stat()
                written = dt.datetime.fromtimestamp(status.st_mtime, dt.UTC)
                yield Stored(f"{folder}{name}", status.st_size, written)

    def drop_unfinished(self, *, before: dt.datetime) -> int:
        return 0  # a draft is a file like others, which no row names

    def problem(self) -> str:
        """A folder that is not made yet is made with the first file. Another process looks: whoever asks for a shared folder whose server
        is away is held until it is back, and nobody could be told.
        """
        folder = {"folder": self.location}
        try:
            found = subprocess.run(["/bin/sh", "-c", LOOK, "sh", self.location], timeout=LOOK_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return _("%(folder)s does not answer") % folder
        return _("%(folder)s cannot be written") % folder if found.returncode else ""

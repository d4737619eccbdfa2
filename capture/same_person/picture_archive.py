"""A ZIP archive of pictures that somebody sent: its names, and one picture after the other.

Nothing that its directory says is believed: the number of entries, the bytes of all and of one are counted
while reading. No entry is written to a disk.
"""

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from django.utils.translation import gettext as _

from portal.errors import PortalError

MAX_BYTES = 1536 * 1024 * 1024  # of the archive
MAX_ENTRIES = 60_000
MAX_DIRECTORY = 24 * 1024 * 1024
MAX_PICTURE = 8 * 1024 * 1024  # of one picture; admission photos have some 30 KB
MAX_INFLATED = 4 * MAX_BYTES  # of all pictures together
ENDINGS = (".jpg", ".jpeg", ".png")
LEFT_OUT = ("__macosx/", ".ds_store", "thumbs.db", "desktop.ini")  # what systems add by themselves
_END = struct.Struct("<4s4H2LH")
_LARGE_END = b"PK\x06\x07"  # of ZIP64: says where other numbers stand, which then count
_LARGE_END_BYTES = 20
_ENTRY = b"PK\x01\x02"
_COMMENT = 2**16  # bytes in which Python looks for the end
_READ = 256 * 1024
_ERRORS = (zipfile.BadZipFile, ValueError, OverflowError, struct.error, NotImplementedError, EOFError)


class RefusedPicture(Exception):
    """One picture of the archive cannot be read. `code`: see `admission_upload.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """`name`: the last part of the path, `stem`: without its ending, in one form of letters."""

    info: zipfile.ZipInfo
    name: str
    stem: str
    is_picture: bool


class PictureArchive:
    """Raises PortalError with what to do for what is no archive, or one that means no good."""

    def __init__(self, file: IO[bytes]) -> None:
        self._left = MAX_INFLATED
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _ERRORS as error:
            raise PortalError(_("This file is no complete ZIP archive. Pack the pictures again.")) from error
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        length = file.seek(0, io.SEEK_END)
        if sum(info.compress_size for info in infos) > length:  # entries that lie on each other: a bomb
            raise PortalError(_("This file is no complete ZIP archive. Pack the pictures again."))
        if any(info.flag_bits & 1 for info in infos):
            raise PortalError(_("This archive is protected by a password. Pack the pictures without one."))
        self.entries = [entry for info in infos if (entry := _entry_of(info))]

    def read(self, entry: Entry, *, most: int = MAX_PICTURE) -> bytes:
        """The bytes of one picture. Raises RefusedPicture, also above `most` bytes."""
        if entry.info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedPicture("damaged")
        pieces, size = [], 0
        try:
            with self._zip.open(entry.info) as file:
                while piece := file.read(_READ):
                    size += len(piece)
                    self._left -= len(piece)
                    if size > most or self._left < 0:
                        raise RefusedPicture("too_large")
                    pieces.append(piece)
        except (*_ERRORS, zlib.error, RuntimeError, OSError) as error:
            raise RefusedPicture("damaged") from error
        return b"".join(pieces)

    def pictures(self) -> Iterator[Entry]:
        return (entry for entry in self.entries if entry.is_picture)


def _check_directory(file: IO[bytes]) -> None:
    """Look at the end of the archive and count its entries before Python's reader takes all into memory."""
    length = file.seek(0, io.SEEK_END)
    start = file.seek(max(0, length - _END.size - _COMMENT - _LARGE_END_BYTES))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise PortalError(_("This file is no complete ZIP archive. Pack the pictures again."))
    if tail[max(0, at - _LARGE_END_BYTES) : at].startswith(_LARGE_END):
        raise PortalError(
            _(
                "This archive is of the kind for very large ones (ZIP64). Pack the pictures again, of fewer students at a time."
            )
        )
    entries, size = _END.unpack_from(tail, at)[4:6]
    file.seek(max(0, start + at - size))
    if entries > MAX_ENTRIES or size > MAX_DIRECTORY or file.read(size).count(_ENTRY) > MAX_ENTRIES:
        raise PortalError(
            _("This archive has more than %(most)d files. Send the pictures of fewer students at a time.")
            % {"most": MAX_ENTRIES}
        )


def _entry_of(info: zipfile.ZipInfo) -> Entry | None:
    path = _decoded(info)
    if any(word in path.lower() for word in LEFT_OUT):
        return None
    name = unicodedata.normalize("NFKC", PurePosixPath(path.replace("\\", "/")).name)[-120:]
    ending = PurePosixPath(name).suffix.lower()
    return Entry(info, name, name[: len(name) - len(ending)].strip(), ending in ENDINGS)


def _decoded(info: zipfile.ZipInfo) -> str:
    """Windows in China packs names in GBK without saying so; Python then reads them as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gbk")
    except UnicodeError:
        return info.filename

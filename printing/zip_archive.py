"""A ZIP file that is streamed while it is created.

It is not compressed; its length is known beforehand.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zipstream import ZipStream


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive. `read` returns its content, `size` bytes."""

    name: str
    size: int
    read: Callable[[], bytes]


def entry_name(number: str, *, folders: Sequence[str] = ()) -> str:
    """`college/major/number.jpg`.

    Characters that a file system does not allow are replaced by "_".
    """
    name = number if number.isalnum() else _safe(number)
    return "/".join([*(_safe(folder) for folder in folders if folder), name]) + ".jpg"


@lru_cache(maxsize=4096)
def _safe(part: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", part).strip(" .") or "_"


def build_zip(entries: Iterable[Entry]) -> ZipStream:
    """The archive of these entries.

    Nothing is read yet; `len()` is the number of bytes of `stream_zip`.
    """
    archive = ZipStream(sized=True)
    for entry in entries:
        archive.add(_read(entry), entry.name, size=entry.size)
    return archive


def _read(entry: Entry) -> Iterator[bytes]:
    data = entry.read()
    if len(data) != entry.size:
        # The length that was sent is wrong now. The download ends here; the archive would be
        # damaged.
        raise OSError(f"{len(data)} bytes where {entry.size} were promised")
    yield data


def stream_zip(archive: ZipStream) -> Iterator[bytes]:
    """The bytes of the archive, one file after the other.

    Each file is read just before it is sent.
    """
    while archive.num_queued():
        yield b"".join(archive.file())
    yield b"".join(archive.footer())

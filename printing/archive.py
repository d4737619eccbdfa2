"""Electronic portraits as one ZIP, stored, streamed while it is read, its length known before the first byte."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zipstream import ZipStream


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive. `read` gives its bytes, `size` of them."""

    name: str
    size: int
    read: Callable[[], bytes]


def entry_name(id_number: str, *, folders: Sequence[str] = ()) -> str:
    """`college/major/id_number.jpg`; signs that a file system refuses are replaced."""
    name = id_number if id_number.isalnum() else _safe(id_number)
    return "/".join([*(_safe(folder) for folder in folders if folder), name]) + ".jpg"


@lru_cache(maxsize=4096)
def _safe(part: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", part).strip(" .") or "_"


def zipped(entries: Iterable[Entry]) -> ZipStream:
    """The archive before anything is read: `len()` of it is the number of bytes that `stream` gives."""
    archive = ZipStream(sized=True)
    for entry in entries:
        archive.add(_read(entry), entry.name, size=entry.size)
    return archive


def _read(entry: Entry) -> Iterator[bytes]:
    data = entry.read()
    if len(data) != entry.size:
        # The promised length can no longer be kept: better a download that breaks off than a wrong archive.
        raise OSError(f"{len(data)} bytes where {entry.size} were promised")
    yield data


def stream(archive: ZipStream) -> Iterator[bytes]:
    """The archive's bytes, a file at a time; each portrait is read when its turn comes."""
    while archive.num_queued():
        yield b"".join(archive.file())
    yield b"".join(archive.footer())

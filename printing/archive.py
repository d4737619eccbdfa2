"""Electronic portraits as one ZIP, stored, streamed while it is read, its length known before the first byte."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zipfile import ZIP64_LIMIT, ZIP_FILECOUNT_LIMIT

from zipstream import ZipStream

# Fixed parts of a stored entry that carries its CRC behind the data, and of the directory at the end.
LOCAL_HEADER, DESCRIPTOR, DIRECTORY_ENTRY = 30, 16, 46
END, END_ZIP64 = 22, 56 + 20
# 8 bytes and a head of 4, in the directory, for an entry that begins beyond 4 GB.
FAR_OFFSET = 12


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


def length(sizes: Iterable[tuple[str, int]]) -> int:
    """Bytes of the archive that `stream` gives for these (name, size)."""
    position = directory = count = 0
    for name, size in sizes:
        name_bytes = len(name.encode())
        directory += DIRECTORY_ENTRY + name_bytes + (FAR_OFFSET if position > ZIP64_LIMIT else 0)
        position += LOCAL_HEADER + name_bytes + size + DESCRIPTOR
        count += 1
    zip64 = count > ZIP_FILECOUNT_LIMIT or position > ZIP64_LIMIT or directory > ZIP64_LIMIT
    return position + directory + END + (END_ZIP64 if zip64 else 0)


def stream(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive's bytes; each portrait is read when its turn comes."""
    archive = ZipStream()
    for entry in entries:
        data = entry.read()
        if len(data) != entry.size:
            # The promised length can no longer be kept: better a download that breaks off than a wrong archive.
            raise OSError(f"{len(data)} bytes where {entry.size} were promised")
        archive.add(data, entry.name)
        yield b"".join(archive.file())
    yield b"".join(archive.footer())

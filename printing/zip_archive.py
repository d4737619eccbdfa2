"""A ZIP file that is streamed while it is created. It is not compressed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from zipstream import ZipStream


def entry_name(number: str, *, folders: Sequence[str] = ()) -> str:
    """`college/major/number.jpg`.

    Characters that a file system does not allow are replaced by "_".
    """
    name = number if number.isalnum() else _safe(number)
    return "/".join([*(_safe(folder) for folder in folders if folder), name]) + ".jpg"


@lru_cache(maxsize=4096)
def _safe(part: str) -> str:
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", part).strip(" .") or "_"


def stream_zip(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The bytes of the archive, one file after the other: (name, content) each. No file stays in memory."""
    archive = ZipStream()
    for name, content in files:
        archive.add(content, name)
        yield b"".join(archive.file())
    yield b"".join(archive.footer())

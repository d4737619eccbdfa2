"""A large file that lies on the disk in encrypted parts of one size, read as one open file.

Only the parts that are read are decrypted, in memory: the file never lies on a disk in clear.
"""

import io
from collections.abc import Callable
from functools import lru_cache

PART_BYTES = 4 * 1024 * 1024  # a thread of the web holds a part three times while it is encrypted
KEPT_PARTS = 2  # decrypted at a time


class SealedParts(io.RawIOBase):
    """`read_part(number)` decrypts a part; all but the last have PART_BYTES (`part_bytes`). Wrap it in
    io.BufferedReader: a read of its own ends with the part."""

    def __init__(self, length: int, read_part: Callable[[int], bytes], *, part_bytes: int = PART_BYTES) -> None:
        self._length, self._at, self._part_bytes = length, 0, part_bytes
        self._part = lru_cache(maxsize=KEPT_PARTS)(read_part)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from one part: fewer bytes than asked for at its end."""
        if self._at >= self._length:
            return 0
        number, start = divmod(self._at, self._part_bytes)
        found = self._part(number)[start : start + len(buffer)]
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

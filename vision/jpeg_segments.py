"""The segments of a JPEG, read without decoding, with limits that no camera's file reaches.

A reader without limits can be kept busy for minutes by a few megabytes of fill bytes, empty
comments or scans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from vision.errors import Unreadable

SOS, EOI = 0xDA, 0xD9
APP0, APP1, APP2 = 0xE0, 0xE1, 0xE2
_METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # APP1 to APP15 without Adobe's colour marker, and comments
# Start of frame: size and components. C4, C8 and CC are tables.
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
MAX_SEGMENTS = 2000
MAX_FILL = 64  # bytes of FF before a marker
MAX_SCANS = 40  # progressive pictures have 10 to 20; each costs a pass over the whole picture
# Entropy-coded data ends at a marker that is neither a restart nor an escaped FF.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class Segment(NamedTuple):
    """`start` is the offset of its FF byte, `end` the first byte after it. The picture data belongs
    to no segment.
    """

    marker: int
    start: int
    end: int


def read_segments(data: bytes) -> Iterator[Segment]:
    """Yield every segment up to and including the end marker.

    Raises Unreadable when a segment does not fit or there are too many.
    """
    at = 2
    scans = 0
    for _ in range(MAX_SEGMENTS):
        segment = _segment(data, at)
        yield segment
        at = segment.end
        if segment.marker == EOI:
            return
        if segment.marker == SOS:
            scans += 1
            if scans > MAX_SCANS:
                break
            at = end_of_scan(data, at)
    raise Unreadable("damaged")


def end_of_scan(data: bytes, at: int) -> int:
    """The offset at which the picture data that starts at `at` ends."""
    found = _MARKER.search(data, at)
    if found is None:
        raise Unreadable("damaged")
    return found.start()


def body(data: bytes, segment: Segment) -> bytes:
    """The segment without its marker and length."""
    return data[segment.start + 4 : segment.end]


def strip(data: bytes) -> bytes:
    """The JPEG without metadata and without the bytes after its end. Raises Unreadable when its
    segments do not fit.
    """
    parts, scan = [b"\xff\xd8"], None
    for segment in read_segments(data):
        if scan is not None:  # and the picture data after it
            parts.append(data[scan.start : segment.start])
        scan = segment if segment.marker == SOS else None
        if scan is None and segment.marker not in _METADATA:
            parts.append(_without_preview(data, segment))
    return b"".join(parts)


def _without_preview(data: bytes, segment: Segment) -> bytes:
    """The segment itself; of the JFIF header only the part before the preview; nothing of any other
    APP0.
    """
    if segment.marker != APP0:
        return data[segment.start : segment.end]
    jfif = body(data, segment)
    return b"\xff\xe0\x00\x10" + jfif[:12] + b"\x00\x00" if jfif[:5] == b"JFIF\x00" else b""


def _segment(data: bytes, at: int) -> Segment:
    first = at
    while data[at : at + 2] == b"\xff\xff" and at - first < MAX_FILL:
        at += 1
    if len(data) < at + 2 or data[at] != 0xFF:
        raise Unreadable("damaged")
    marker = data[at + 1]
    if marker == EOI:
        return Segment(marker, at, at + 2)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        raise Unreadable("damaged")
    return Segment(marker, at, at + 2 + length)

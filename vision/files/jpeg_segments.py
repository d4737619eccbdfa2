"""The segments of a JPEG, read without decoding, with limits that no camera's file reaches.

A reader without limits can be kept busy for minutes by a few megabytes of fill bytes, empty
comments or scans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from vision.errors import Unreadable

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # APP1 to APP15 without Adobe's colour marker, and comments
# Start of frame: size and components. C4, C8 and CC are tables.
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
MAX_SEGMENTS = 2000
MAX_FILL = 64  # bytes of FF before a marker
MAX_GAP = 64  # stray bytes between two segments, which some editors leave behind
MAX_BLOCKS = 100  # that a phone appends; it writes about ten
MAX_SCANS = 40  # progressive pictures have 10 to 20; each costs a pass over the whole picture
MAX_SCANNED = 600_000_000  # px over all passes: 12 over 48 MP; a slow core decodes them in half a second
# Entropy-coded data ends at a marker that is neither a restart nor an escaped FF.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FILM = re.compile(rb"\0\0\0[\x08-\xff]ftyp")  # the first box of an MP4
END_MARK = b"\xff\xd9"


class Segment(NamedTuple):
    """`start` is the offset of its FF byte, `end` the first byte after it. The picture data belongs
    to no segment.
    """

    marker: int
    start: int
    end: int


def read_segments(data: bytes) -> Iterator[Segment]:
    """Yield every segment up to and including the end marker. Where the marker is missing at the
    end of the picture data, an empty segment stands for it.

    Raises Unreadable when a segment does not fit or there are too many.
    """
    at = 2
    scans = area = 0
    for _ in range(MAX_SEGMENTS):
        segment = _segment(data, at)
        yield segment
        at = segment.end
        if segment.marker == EOI:
            return
        if segment.marker in FRAMES:
            height, width = (int.from_bytes(data[segment.start + at : segment.start + at + 2]) for at in (5, 7))
            area = max(area, height * width)
        if segment.marker == SOS:
            scans += 1
            if scans > MAX_SCANS:
                break
            if scans * area > MAX_SCANNED:
                raise Unreadable("too_many_pixels")
            at, is_last = _end_of_scan(data, at)
            if is_last:
                yield Segment(EOI, at, at)
                return
    raise Unreadable("damaged")


def _end_of_scan(data: bytes, at: int) -> tuple[int, bool]:
    """The offset at which the picture data that starts at `at` ends, and whether the picture ends
    there without an end marker: at the end of the file, at a second picture, or at what a phone
    appends.
    """
    found = _MARKER.search(data, at)
    end = found.start() if found else len(data)
    film = _FILM.search(data, at, end)
    appended = film.start() if film else _samsung_trailer(data)
    if at < appended <= end:
        return appended, True
    return end, found is None or data[end + 1] == SOI


def _samsung_trailer(data: bytes) -> int:
    """The offset of the blocks that Samsung's phones append; the end of the file when there are
    none.

    At the very end stand the size of a directory and "SEFT". The directory starts with "SEFH", a
    version and the number of entries of 12 bytes; each tells how far before it a block starts.
    """
    size = int.from_bytes(data[-8:-4], "little")
    directory = len(data) - 8 - size
    if data[-4:] != b"SEFT" or directory < 0 or data[directory : directory + 4] != b"SEFH":
        return len(data)
    count = min(int.from_bytes(data[directory + 8 : directory + 12], "little"), size // 12, MAX_BLOCKS)
    entries = range(directory + 12, directory + 12 + 12 * count, 12)
    return directory - max((int.from_bytes(data[entry + 4 : entry + 8], "little") for entry in entries), default=0)


def require_all_scans(data: bytes) -> None:
    """Raise Unreadable when a picture of several scans lacks one: when some coefficient of a
    component never came, or not with all its bits.

    A decoder shows such a picture blurred or in wrong colours, without complaint.
    """
    missing_bits: dict[int, list[int]] = {}  # by component, of each of its 64 coefficients
    frame = 0
    for segment in read_segments(data):
        content = body(data, segment)
        if segment.marker in FRAMES and not frame:
            frame = segment.marker
            missing_bits = {content[at]: [16] * 64 for at in range(6, 6 + 3 * content[5], 3)}
        elif segment.marker == SOS:
            number = content[0]
            first, last, bits = (content[1 + 2 * number], content[2 + 2 * number], content[3 + 2 * number] & 15)
            if frame not in PROGRESSIVE:
                first, last, bits = 0, 63, 0
            for component in content[1 : 1 + 2 * number : 2]:
                missing_bits[component][first : last + 1] = [bits] * (min(last, 63) + 1 - first)
    if any(any(bits) for bits in missing_bits.values()):
        raise Unreadable("damaged")


def body(data: bytes, segment: Segment) -> bytes:
    """The segment without its marker and length."""
    return data[segment.start + 4 : segment.end]


def strip(data: bytes) -> bytes:
    """The JPEG with its end marker, without metadata and without the bytes after its end. Values
    that readers warn of, and then replace, are replaced.

    Raises Unreadable when the segments do not fit.
    """
    parts, scan, frame = [b"\xff\xd8"], None, 0
    for segment in read_segments(data):
        if scan is not None:  # and the picture data after it
            parts += [_sequential(data, scan, frame), data[scan.end : segment.start]]
        scan = segment if segment.marker == SOS else None
        frame = segment.marker if segment.marker in FRAMES else frame
        if scan is None and segment.marker not in _METADATA | {EOI}:
            parts.append(_without_preview(data, segment) if segment.marker == APP0 else _known(data, segment))
    return b"".join([*parts, END_MARK])


def _without_preview(data: bytes, segment: Segment) -> bytes:
    """Of the JFIF header only the part before the preview, as version 1.2; nothing of any other
    APP0.
    """
    jfif = body(data, segment)
    return b"\xff\xe0\x00\x10JFIF\x00\x01\x02" + jfif[7:12] + b"\x00\x00" if jfif[:5] == b"JFIF\x00" else b""


def _known(data: bytes, segment: Segment) -> bytes:
    """The segment; nothing of Adobe's colour marker when its transform is none of the three known."""
    content = body(data, segment)
    is_unknown = segment.marker == APP14 and content[:5] == b"Adobe" and content[11:12] not in (b"\0", b"\1", b"\2")
    return b"" if is_unknown else data[segment.start : segment.end]


def _sequential(data: bytes, scan: Segment, frame: int) -> bytes:
    """The header of a scan. One that is not progressive has all coefficients with all bits, even
    where it says otherwise.
    """
    header = data[scan.start : scan.end]
    return header if frame in PROGRESSIVE else header[:-3] + b"\x00\x3f\x00"


def _segment(data: bytes, at: int) -> Segment:
    if data[at : at + 1] != b"\xff":
        at = max(at, data.find(b"\xff", at, at + MAX_GAP))
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

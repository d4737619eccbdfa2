"""What the boxes of a HEIC or AVIF file (ISO/IEC 14496-12 and 23008-12) say about its main picture,
read without decoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vision.errors import Unreadable

MAX_BOXES = 20_000  # a grid has at most 256 x 256 tiles in theory, 12 x 17 in a phone's photo
MAX_PIECES = 20_000  # places of data, and HEVC units: a tile has one or a few
MAX_BLANK = 64  # equal bytes at the end of coded data: coders leave a few at most, also of flat pictures
CODED = {b"hvc1", b"hev1", b"av01"}
HEVC = {b"hvc1", b"hev1"}
DERIVED = {b"grid", b"iovl", b"iden"}
_OFFSET_IN_FILE, _OFFSET_IN_IDAT = 0, 1


@dataclass(frozen=True)
class Boxes:
    """`codec` is hvc1 (HEIC) or av01 (AVIF), empty when neither is named. `coded` are the coded
    pieces of the main picture: itself, or the tiles of its grid. `transfer` and `primaries` are the
    numbers of ITU-T H.273 of its colours, 0 when they are not given.
    """

    codec: bytes = b""
    coded: tuple[bytes, ...] = field(default=(), repr=False)
    length_size: int = 4
    transfer: int = 0
    primaries: int = 0


def read_boxes(data: bytes) -> Boxes:
    """Raises Unreadable when boxes do not fit into each other or reach beyond the file, or when the same data are named
    again and again.
    """
    meta = next((part for kind, part in _boxes(data, 0, len(data)) if kind == b"meta"), None)
    if meta is None:
        raise Unreadable("damaged")
    parts = dict(_boxes(data, meta[0] + 4, meta[1]))
    kinds = _kinds(data, parts)
    main = _number(data, parts[b"pitm"][0] + 4, 2 if data[parts[b"pitm"][0]] == 0 else 4)
    tiles = _pieces_of(data, parts, main)
    if kinds.get(main) in DERIVED and (kinds[main] != b"grid" or not _are_tiles(tiles, kinds)):
        raise Unreadable("damaged")
    pieces = [item for item in dict.fromkeys(tiles) if kinds.get(item) in CODED]
    places = _places(data, parts)
    if sum(length for item in pieces for _, length in places.get(item, ())) > len(data):
        raise Unreadable("damaged")
    coded = tuple(b"".join(_cut(data, *extent) for extent in places.get(item, ())) for item in pieces)
    codec = kinds[pieces[0]] if pieces else b""
    length_size, transfer, primaries = _properties(data, parts)
    return Boxes(codec, coded, length_size, transfer, primaries)


def _are_tiles(items: list[int], kinds: dict[int, bytes]) -> bool:
    """Whether the items of a grid are coded pictures, each named once, as cameras write them. A grid of grids, or of one
    tile a thousand times, costs minutes with a few bytes.
    """
    return len(items) == len(set(items)) and all(kinds.get(item) in CODED for item in items)


def require_whole(boxes: Boxes) -> None:
    """Raise Unreadable when coded data end in a long run of one byte or hold one of zeros, as they do
    in the place of lost data, or are no HEVC. Decoders show something nevertheless.
    """
    units = 0
    for data in boxes.coded:
        if not data or holds_blank(data):
            raise Unreadable("damaged")
        for unit in _units(data, boxes.length_size) if boxes.codec in HEVC else ():
            units += 1
            if units > MAX_PIECES or not _is_unit(unit):
                raise Unreadable("damaged")


def ends_blank(data: bytes, least: int = MAX_BLANK) -> bool:
    """Whether the last bytes, `least` of them, are all the same."""
    tail = data[-least:]
    return len(tail) == least and tail == tail[:1] * least


def holds_blank(data: bytes, least: int = MAX_BLANK) -> bool:
    """Whether the last bytes are all the same, or so many zeros stand anywhere."""
    return ends_blank(data, least) or bytes(least) in data


def _units(data: bytes, length_size: int) -> Iterator[bytes]:
    """The units of HEVC, each behind its length. One that reaches beyond the data is empty."""
    at = 0
    while at < len(data):
        start = at + length_size
        at = start + _number(data, at, length_size)
        yield data[start:at] if at <= len(data) else b""


def _is_unit(unit: bytes) -> bool:
    """Whether these bytes could be one: two zeros are always followed by 3 (or, within the first
    zeros, end it), and the last byte is not 0 (ITU-T H.265, 7.4.2).
    """
    return bool(unit) and b"\0\0\0" not in unit and unit[-1] != 0


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """(kind, (start, end) of the content) of every box between two offsets."""
    for _ in range(MAX_BOXES):
        if at + 8 > end:
            return
        size, head = _number(data, at, 4), 8
        if size == 1:
            size, head = _number(data, at + 8, 8), 16
        elif size == 0:
            size = end - at
        if size < head:
            raise Unreadable("damaged")
        yield data[at + 4 : at + 8], (at + head, min(at + size, end))
        at += size
    raise Unreadable("damaged")


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise Unreadable("damaged")
    return int.from_bytes(data[at : at + size], "big")


def _cut(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise Unreadable("damaged")
    return data[start : start + length]


def _kinds(data: bytes, parts: dict[bytes, tuple[int, int]]) -> dict[int, bytes]:
    """The kind of each item, by its number."""
    start, end = parts[b"iinf"]
    found = {}
    for _, (at, _) in _boxes(data, start + (6 if data[start] == 0 else 8), end):
        wide = 4 if data[at] == 3 else 2
        found[_number(data, at + 4, wide)] = data[at + 6 + wide : at + 10 + wide]
    return found


def _pieces_of(data: bytes, parts: dict[bytes, tuple[int, int]], item: int) -> list[int]:
    """The items that an item is derived from, or the item itself."""
    if b"iref" not in parts:
        return [item]
    start, end = parts[b"iref"]
    wide = 2 if data[start] == 0 else 4
    for kind, (at, _) in _boxes(data, start + 4, end):
        if kind == b"dimg" and _number(data, at, wide) == item:
            first, count = at + wide + 2, _number(data, at + wide, 2)
            return [_number(data, first + wide * place, wide) for place in range(count)]
    return [item]


def _places(data: bytes, parts: dict[bytes, tuple[int, int]]) -> dict[int, list[tuple[int, int]]]:
    """Where the data of each item lie: (offset in the file, length) of every piece, at most MAX_PIECES in all."""
    at, _ = parts[b"iloc"]
    version, sizes = data[at], _number(data, at + 4, 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 2 if version < 2 else 4
    at, count = at + 6 + wide, _number(data, at + 6, wide)
    found: dict[int, list[tuple[int, int]]] = {}
    left = MAX_PIECES
    for _ in range(min(count, MAX_BOXES)):
        item, method = _number(data, at, wide), _OFFSET_IN_FILE
        at += wide
        if version:
            method = _number(data, at, 2) & 15
            at += 2
        base = _number(data, at + 2, base_size)
        if method == _OFFSET_IN_IDAT:
            base += parts[b"idat"][0]
        extents = _number(data, at + 2 + base_size, 2)
        at += 4 + base_size
        left -= extents
        if left < 0:  # numbers of no bytes: a small file could name thousands of millions of places
            raise Unreadable("damaged")
        for _ in range(extents):
            at += index_size
            offset, length = _number(data, at, offset_size), _number(data, at + offset_size, length_size)
            found.setdefault(item, []).append((base + offset, length))
            at += offset_size + length_size
    return found


def _properties(data: bytes, parts: dict[bytes, tuple[int, int]]) -> tuple[int, int, int]:
    """Size of the lengths before HEVC units, transfer and primaries."""
    length_size, transfer, primaries = 4, 0, 0
    containers = dict(_boxes(data, *parts[b"iprp"]))
    for kind, (start, _) in _boxes(data, *containers[b"ipco"]):
        if kind == b"hvcC":
            length_size = (data[start + 21] & 3) + 1
        elif kind == b"colr" and data[start : start + 4] == b"nclx" and not transfer:
            primaries, transfer = _number(data, start + 4, 2), _number(data, start + 6, 2)
    return length_size, transfer, primaries

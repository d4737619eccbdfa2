"""What a picture file says about itself, read from its header.

Nothing is decoded here: a file of 40,000 x 40,000 pixels is refused before memory is allocated for
it.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Literal

import pillow_heif
from PIL import AvifImagePlugin, Image, PngImagePlugin, WebPImagePlugin

from vision.errors import Unreadable
from vision.files import heif_boxes, jpeg_segments
from vision.files.exif import orientation
from vision.files.kind import kind_of

MODES = {1: "L", 3: "RGB", 4: "CMYK"}  # by the number of components
IN_ONE_SCAN = {0xC0, 0xC1, 0xC9}  # baseline and sequential: decoded row by row where all components come together
MAX_CHUNKS = 10_000
MAX_PROFILES = 4  # of a PNG, which may have one; each is unpacked, and thousands take seconds
MAX_HEADER_PIXELS = 25_000_000
ANIMATION_FRAME = 24  # bytes of the header of a WebP's frame; its picture follows
MAX_TAGS = 4096  # bytes of a profile in which its tags are listed
# A corrupt header can make a parser raise nearly any error. Fuzzing produced these.
PARSE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    ArithmeticError,
    AttributeError,
    StopIteration,
)


@dataclass(frozen=True)
class Header:
    """`kind` is jpeg, png, webp, heif or avif. `width` and `height` are px as stored. `orientation` is
    that of EXIF, 1-8. `icc` is the colour profile. `in_rows` is true when the file can be decoded
    row by row. `is_inverted`: ink is stored as its absence, as Adobe's programs do.
    `transfer` and `primaries` are the numbers of ITU-T H.273 of its colours, 0 when they are not
    given.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1
    icc: bytes | None = None
    mode: str = "RGB"
    in_rows: bool = False
    is_inverted: bool = False
    transfer: int = 0
    primaries: int = 0

    @property
    def is_turned(self) -> bool:
        return self.orientation >= 5


def read_header(data: bytes) -> Header:
    """Raises Unreadable when the header cannot be understood."""
    kind = kind_of(data)
    try:
        return READERS[kind](data)
    except PARSE_ERRORS as error:
        raise Unreadable("damaged") from error


def _read_jpeg(data: bytes) -> Header:
    """Parsed here, not by a library: only size, colours, orientation and profile are read."""
    parts: list[tuple[int, bytes]] = []
    for segment in jpeg_segments.read_segments(data):
        if segment.marker == jpeg_segments.SOS:
            return _jpeg_header(data, segment, parts)
        parts.append((segment.marker, jpeg_segments.body(data, segment)))
    raise Unreadable("damaged")


def _jpeg_header(data: bytes, scan: jpeg_segments.Segment, parts: list[tuple[int, bytes]]) -> Header:
    marker, frame = next(part for part in parts if part[0] in jpeg_segments.FRAMES)
    bits, height, width, components = struct.unpack(">BHHB", frame[:6])
    if bits != 8:
        raise Unreadable("damaged")
    in_one_scan = marker in IN_ONE_SCAN and data[scan.start + 4] == components
    if not in_one_scan:
        jpeg_segments.require_all_scans(data)
    exif = next((body for marker, body in parts if marker == jpeg_segments.APP1 and body[:6] == b"Exif\0\0"), None)
    is_adobes = any(marker == jpeg_segments.APP14 and body[:5] == b"Adobe" for marker, body in parts)
    profile = _jpeg_profile(parts)
    coding = _coding(profile, (0, 0))
    return Header("jpeg", width, height, orientation(exif), profile, MODES[components], in_one_scan, is_adobes, *coding)


def _jpeg_profile(parts: list[tuple[int, bytes]]) -> bytes | None:
    """The ICC profile, joined from its numbered pieces of at most 64 KB; None when a piece is
    missing.
    """
    name = b"ICC_PROFILE\0"
    pieces = sorted(body[12:] for marker, body in parts if marker == jpeg_segments.APP2 and body.startswith(name))
    whole = pieces and all(piece[:2] == bytes([place, len(pieces)]) for place, piece in enumerate(pieces, 1))
    return b"".join(piece[2:] for piece in pieces) if whole else None


def _read_png(data: bytes) -> Header:
    chunks = _chunks(data, 8, "big", length_at=0, around=12)
    # Not by Pillow: the chunk may come after the picture data.
    exif = next((data[at + 8 : at + 8 + length] for at, length in chunks if data[at + 4 : at + 8] == b"eXIf"), None)
    cicp = next((data[at + 8 : at + 12] for at, _ in chunks if data[at + 4 : at + 8] == b"cICP"), b"\0\0")
    if sum(data[at + 4 : at + 8] == b"iCCP" for at, _ in chunks) > MAX_PROFILES:
        raise Unreadable("damaged")
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    return _header("png", image, exif, (cicp[1], cicp[0]))


def _chunks(
    data: bytes, at: int, order: Literal["little", "big"], *, length_at: int, around: int, padded: int = 0
) -> list[tuple[int, int]]:
    """(offset, length of the body) of every chunk. Raises Unreadable above MAX_CHUNKS: millions of
    empty chunks would take seconds.
    """
    found = []
    while at < len(data):
        length = int.from_bytes(data[at + length_at : at + length_at + 4], order)
        found.append((at, length))
        if len(found) > MAX_CHUNKS:
            raise Unreadable("damaged")
        at += around + length + (length & padded)
    return found


def _read_webp(data: bytes) -> Header:
    _chunks(data, 12, "little", length_at=4, around=8, padded=1)
    # Pillow's reader allocates the canvas when it opens the file, so the size is read here first.
    width, height = _webp_size(data)
    if width * height > MAX_HEADER_PIXELS:
        return Header("webp", width, height)
    _require_whole_webp(data, width, height)
    image = WebPImagePlugin.WebPImageFile(io.BytesIO(data))
    return _header("webp", image, image.info.get("exif"))


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _require_whole_webp(data: bytes, width: int, height: int) -> None:
    """Raise Unreadable when the coded picture ends in a long run of one byte, as zeros in the place of
    lost data do. WebP has no checksum, and its decoder shows something nevertheless.
    """
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            coded = data[at + 8 : at + 8 + length]
            # A flat area takes some 0.3 bytes of 0 for each 16 x 16 px, a photo 5 to 50 of any kind; without loss
            # a flat area may take many anywhere.
            least = max(heif_boxes.MAX_BLANK, width * height // 512)
            if heif_boxes.ends_blank(coded) if kind == b"VP8L" else heif_boxes.holds_blank(coded, least):
                raise Unreadable("damaged")
            return
        at += 8 + (ANIMATION_FRAME if kind == b"ANMF" else length + (length & 1))
    raise Unreadable("damaged")


def _read_heif(data: bytes) -> Header:
    boxes = heif_boxes.read_boxes(data)
    heif_boxes.require_whole(boxes)
    # libheif turns the picture itself, so its size is upright and EXIF must not turn it again.
    image = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    width, height = image.size
    icc = image.info.get("icc_profile")
    transfer, primaries = _coding(icc, (boxes.transfer, boxes.primaries))
    return Header("heif", width, height, icc=icc, mode=image.mode, transfer=transfer, primaries=primaries)


def _read_avif(data: bytes) -> Header:
    boxes = heif_boxes.read_boxes(data)
    heif_boxes.require_whole(boxes)
    image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))  # gives its own turn as that of EXIF
    return _header("avif", image, image.info.get("exif"), (boxes.transfer, boxes.primaries))


def _header(kind: str, image: Image.Image, exif: bytes | None, coding: tuple[int, int] = (0, 0)) -> Header:
    icc = image.info.get("icc_profile")
    transfer, primaries = _coding(icc, coding)
    return Header(kind, *image.size, orientation(exif), icc, image.mode, transfer=transfer, primaries=primaries)


def _coding(icc: bytes | None, coding: tuple[int, int]) -> tuple[int, int]:
    """(transfer, primaries): those of the profile's tag "cicp" (ICC.1:2022, 9.2.17), else `coding`."""
    at = (icc or b"")[:MAX_TAGS].find(b"cicp")
    if icc is None or at < 0:
        return coding
    place = int.from_bytes(icc[at + 4 : at + 8], "big")
    tag = icc[place : place + 12]
    return (tag[9], tag[8]) if tag[:4] == b"cicp" and len(tag) == 12 else coding


READERS = {"jpeg": _read_jpeg, "png": _read_png, "webp": _read_webp, "heif": _read_heif, "avif": _read_avif}

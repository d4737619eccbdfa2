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
from PIL import Image, PngImagePlugin, WebPImagePlugin

from vision import jpeg_segments
from vision.errors import Unreadable
from vision.exif import orientation

HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
MODES = {1: "L", 3: "RGB", 4: "CMYK"}  # by the number of components
IN_ONE_SCAN = {0xC0, 0xC1, 0xC9}  # baseline and sequential: decoded row by row where all components come together
MAX_CHUNKS = 10_000
MAX_HEADER_PIXELS = 25_000_000
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
    AttributeError,
    StopIteration,
)


@dataclass(frozen=True)
class Header:
    """`kind` is jpeg, png, webp or heif. `width` and `height` are px as stored. `orientation` is
    that of EXIF, 1-8. `icc` is the colour profile. `in_rows` is true when the file can be decoded
    row by row. `is_inverted`: ink is stored as its absence, as Adobe's programs do.
    """

    kind: str
    width: int
    height: int
    orientation: int = 1
    icc: bytes | None = None
    mode: str = "RGB"
    in_rows: bool = False
    is_inverted: bool = False

    @property
    def is_turned(self) -> bool:
        return self.orientation >= 5


def sniff(data: bytes) -> str:
    """The kind of picture by its signature. The file's name and declared type are not used."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS:
        return "heif"
    raise Unreadable("not_a_photo")


def read_header(data: bytes) -> Header:
    """Raises Unreadable when the header cannot be understood."""
    kind = sniff(data)
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
    return Header("jpeg", width, height, orientation(exif), profile, MODES[components], in_one_scan, is_adobes)


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
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    return _header("png", image, exif)


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


def _read_heif(data: bytes) -> Header:
    # libheif turns the picture itself, so its size is upright and EXIF must not turn it again.
    image = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    width, height = image.size
    return Header("heif", width, height, icc=image.info.get("icc_profile"), mode=image.mode)


def _header(kind: str, image: Image.Image, exif: bytes | None) -> Header:
    return Header(kind, *image.size, orientation(exif), image.info.get("icc_profile"), image.mode)


READERS = {"jpeg": _read_jpeg, "png": _read_png, "webp": _read_webp, "heif": _read_heif}

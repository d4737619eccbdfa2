"""What a picture file claims to be, read from its first bytes only.

Nothing is decoded here: a file of 40,000 x 40,000 pixels is refused before any memory is asked for.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import pillow_heif
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from .errors import Unreadable

HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
ORIENTATION_TAG = 0x0112
# A corrupt header can make a parser raise nearly anything; these are the ones seen when fuzzing.
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
)


@dataclass(frozen=True)
class Header:
    """kind: jpeg|png|webp|heif; stored width and height in px; EXIF orientation 1-8; ICC profile or None."""

    kind: str
    width: int
    height: int
    orientation: int = 1
    icc: bytes | None = None
    mode: str = "RGB"

    @property
    def is_turned(self) -> bool:
        return self.orientation >= 5


def sniff(data: bytes) -> str:
    """The kind of picture by its signature; the name and the declared type are not trusted."""
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
    """Raises Unreadable for anything whose header cannot be understood."""
    kind = sniff(data)
    try:
        return READERS[kind](data)
    except PARSE_ERRORS as error:
        raise Unreadable("damaged") from error


def _read_jpeg(data: bytes) -> Header:
    # The plugin class instead of Image.open: that one warns about large pictures, our own limit decides.
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    _require_whole_scan(data)
    return _header("jpeg", image)


def _require_whole_scan(data: bytes) -> None:
    """A truncated JPEG decodes without complaint into grey; only the missing end marker gives it away."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1] != 0xDA:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if data.rfind(b"\xff\xd9") < at:
        raise Unreadable("damaged")


def _read_png(data: bytes) -> Header:
    return _header("png", PngImagePlugin.PngImageFile(io.BytesIO(data)))


def _read_webp(data: bytes) -> Header:
    # Pillow's reader allocates the canvas when it opens the file, so the size is read by hand first.
    width, height = _webp_size(data)
    if width * height > MAX_HEADER_PIXELS:
        return Header("webp", width, height)
    return _header("webp", WebPImagePlugin.WebPImageFile(io.BytesIO(data)))


MAX_HEADER_PIXELS = 60_000_000


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


def _header(kind: str, image: Image.Image) -> Header:
    return Header(kind, *image.size, _orientation(image), image.info.get("icc_profile"), image.mode)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except PARSE_ERRORS:
        return 1  # broken metadata is no reason to refuse a sound picture
    return value if value in range(1, 9) else 1


READERS = {"jpeg": _read_jpeg, "png": _read_png, "webp": _read_webp, "heif": _read_heif}

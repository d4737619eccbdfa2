"""The photo as it was sent: upright, sRGB, decoded only as fine as is needed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
from PIL import AvifImagePlugin, Image, PngImagePlugin

from vision.colour import image_to_srgb, to_srgb
from vision.errors import Unreadable
from vision.files import high_dynamic_range, jpeg_decoding
from vision.files.header import PARSE_ERRORS, Header, read_header

MAX_BYTES = 25 * 1024 * 1024
MAX_SIDE = 20_000
MAX_PIXELS = 110_000_000
MAX_PIXELS_WHOLE = 50_000_000  # HEIC, progressive and CMYK JPEG: decoded as a whole
MAX_PIXELS_COPIED = 25_000_000  # PNG, WebP and AVIF: copied several times while decoding
KEPT_PIXELS = 25_000_000  # a larger HEIC is halved right after decoding
MIN_SIDE = 200
WORK_SIDE = 960  # long side of the working picture; faces of 60 px and more are found in it
SMALL_SIDE = 640
OUTLINE_SIDE = 340
# The orientation of EXIF of a picture that is turned a quarter clockwise, by its own.
CLOCKWISE = {1: 6, 6: 3, 3: 8, 8: 1, 2: 7, 7: 4, 4: 5, 5: 2}
PLUGINS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "png": PngImagePlugin.PngImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
}


@dataclass
class Source:
    """A photo whose header was accepted. `width` and `height` are those of the upright picture, in
    px.
    """

    data: bytes = field(repr=False)
    header: Header
    _levels: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def width(self) -> int:
        return self.header.height if self.header.is_turned else self.header.width

    @property
    def height(self) -> int:
        return self.header.width if self.header.is_turned else self.header.height

    @property
    def size(self) -> np.ndarray:
        """(width, height) as floats. Fractions of the picture times `size` are px."""
        return np.array([self.width, self.height], np.float64)

    @property
    def work(self) -> np.ndarray:
        """The upright sRGB picture that the networks get, (h, w, 3) uint8."""
        return self.at_least(WORK_SIDE)

    @cached_property
    def small(self) -> np.ndarray:
        """The working picture with a long side of 640 px: enough for the networks, and cheap to
        copy.
        """
        picture = shrink(self.work, max(1, max(self.work.shape[:2]) // SMALL_SIDE))
        factor = SMALL_SIDE / max(picture.shape[:2])
        if factor >= 1:
            return picture
        # Shrunk by less than half, so linear interpolation does not alias. It costs a tenth of
        # INTER_AREA with a factor that is no whole number.
        return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)

    @cached_property
    def outlines(self) -> np.ndarray:
        """Grey, with a long side of about 340 px: enough to find edges. A whole divisor keeps the
        resizing fast.
        """
        picture = shrink(self.small, max(1, round(max(self.small.shape[:2]) / OUTLINE_SIDE)))
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)

    def at_least(self, long_side: float) -> np.ndarray:
        """The smallest decode whose long side is at least `long_side` px, or the whole picture."""
        whole = max(self.width, self.height)
        divisor = next((d for d in (8, 4, 2) if whole / d >= long_side), self._finest)
        finer = [d for d in self._levels if d <= divisor]
        if finer:
            return self._levels[max(finer)]
        self._levels[divisor] = self._decode(divisor)
        return self._levels[divisor]

    def turned(self, quarters: int) -> Source:
        """The same photo, a number of quarter turns further clockwise. Nothing is decoded again."""
        orientation = self.header.orientation
        for _ in range(quarters % 4):
            orientation = CLOCKWISE[orientation]
        levels = {d: np.ascontiguousarray(np.rot90(level, -quarters)) for d, level in self._levels.items()}
        return Source(self.data, replace(self.header, orientation=orientation), levels)

    @property
    def _finest(self) -> int:
        return 2 if self.header.kind == "heif" and self.width * self.height > KEPT_PIXELS else 1

    def _decode(self, divisor: int) -> np.ndarray:
        if self.header.kind == "jpeg":
            return _decode_jpeg(self.data, self.header, divisor)
        finest = self._finest
        if finest not in self._levels:
            self._levels[finest] = _decode_whole(self.data, self.header, finest)
        return shrink(self._levels[finest], divisor // finest)


def open_photo(data: bytes | str | Path, *, max_bytes: int = MAX_BYTES) -> Source:
    """Open bytes or a path: read the header, then decode the working picture.

    Raises Unreadable when it is no JPEG, PNG, WebP, HEIC or AVIF photo within the limits.
    """
    content = data if isinstance(data, bytes) else _read_file(Path(data), max_bytes)
    if not content:
        raise Unreadable("empty")
    if len(content) > max_bytes:
        raise Unreadable("too_many_bytes")
    header = read_header(content)
    check_size(header)
    source = Source(content, header)
    source.at_least(WORK_SIDE)
    return source


def check_size(header: Header) -> None:
    if header.width * header.height > max_pixels(header) or max(header.width, header.height) > MAX_SIDE:
        raise Unreadable("too_many_pixels")
    if min(header.width, header.height) < MIN_SIDE:
        raise Unreadable("too_small")


def max_pixels(header: Header) -> int:
    """The most pixels allowed, by what decoding costs in memory: 3 bytes a pixel when it is held
    whole, up to 16 when it is copied.
    """
    if header.kind not in ("jpeg", "heif"):
        return MAX_PIXELS_COPIED
    in_parts = header.in_rows and header.mode != "CMYK"
    return MAX_PIXELS if in_parts else MAX_PIXELS_WHOLE


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror stored pixels as EXIF orientation 1-8 says."""
    if orientation in (5, 6, 7, 8):
        pixels = cv2.transpose(pixels)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return pixels if flip is None else cv2.flip(pixels, flip)


def shrink(pixels: np.ndarray, divisor: int) -> np.ndarray:
    if divisor == 1:
        return pixels
    height, width = pixels.shape[:2]
    return cv2.resize(pixels, (-(-width // divisor), -(-height // divisor)), interpolation=cv2.INTER_AREA)


def _read_file(path: Path, max_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(max_bytes + 1)


def _decode_jpeg(data: bytes, header: Header, divisor: int) -> np.ndarray:
    pixels = jpeg_decoding.decode(data, header, divisor)
    if header.mode == "CMYK":
        ink = 255 - pixels if header.is_inverted else pixels
        rgb = image_to_srgb(Image.fromarray(ink, "CMYK"), header.icc)
    else:
        rgb = _to_srgb(pixels, header)
    return turn_upright(rgb, header.orientation)


def _to_srgb(pixels: np.ndarray, header: Header) -> np.ndarray:
    if high_dynamic_range.is_high(header.transfer):
        return high_dynamic_range.to_srgb(pixels, header.transfer, header.primaries)
    return to_srgb(pixels, header.icc if header.mode != "L" else None)


def _decode_whole(data: bytes, header: Header, divisor: int) -> np.ndarray:
    """A picture of a format that is decoded at its full size only."""
    try:
        if high_dynamic_range.is_high(header.transfer):
            rgb = _to_srgb(_high_pixels(data, header, divisor), header)
        else:
            rgb = image_to_srgb(_open_image(data, header, divisor), header.icc)
        return turn_upright(rgb, header.orientation)
    except PARSE_ERRORS as error:
        raise Unreadable("damaged") from error


def _high_pixels(data: bytes, header: Header, divisor: int) -> np.ndarray:
    """RGB as coded: uint16 from a HEIC that is not halved, else uint8."""
    if header.kind == "heif" and divisor == 1:
        return _in_three(np.asarray(pillow_heif.open_heif(data, convert_hdr_to_8bit=False)))
    return np.asarray(_open_image(data, header, divisor).convert("RGB"))


def _open_image(data: bytes, header: Header, divisor: int) -> Image.Image:
    if header.kind == "heif":
        return _open_heif(data, divisor)
    return _open_webp(data, header) if header.kind == "webp" else _open_pillow(data, header)


def _in_three(pixels: np.ndarray) -> np.ndarray:
    """Grey or RGB, with or without transparency, as RGB."""
    grey = pixels[..., None] if pixels.ndim == 2 else pixels
    return grey[..., :3] if grey.shape[2] >= 3 else np.repeat(grey[..., :1], 3, axis=2)


def _open_heif(data: bytes, divisor: int) -> Image.Image:
    image = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
    return image.to_pillow() if divisor == 1 else Image.fromarray(shrink(np.asarray(image), divisor))


def _open_webp(data: bytes, header: Header) -> Image.Image:
    """The first frame, by OpenCV: the same pixels as Pillow's reader gives, which holds four copies of
    the canvas.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise Unreadable("damaged") from error
    if pixels is None or pixels.shape[:2] != (header.height, header.width):
        raise Unreadable("damaged")
    to_rgb = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return Image.fromarray(cv2.cvtColor(pixels, to_rgb, dst=pixels))


def _open_pillow(data: bytes, header: Header) -> Image.Image:
    image = PLUGINS[header.kind](io.BytesIO(data))
    image.load()
    return image

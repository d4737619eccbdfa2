"""Uploaded photos are stored in one form: an upright sRGB JPEG without metadata.

An upright sRGB JPEG keeps its compressed picture bit by bit: only metadata, embedded previews and
bytes after the end are removed, and a missing end marker is added. It is decoded at 1/8 to see that
no picture data are missing. Every other file (turned by EXIF, another colour profile, PNG, WebP,
HEIC, AVIF) is decoded once and encoded at quality 95 without colour subsampling.
"""

import hashlib
import threading
from dataclasses import dataclass

import cv2
import numpy as np
from django.utils.translation import gettext as _

from portal.errors import PortalError
from vision import jpeg_decoding
from vision.colour import is_srgb
from vision.errors import Unreadable
from vision.header import Header, read_header
from vision.jpeg_segments import strip
from vision.source import Source, check_size

QUALITY = 95
MOST_WRITTEN = 4000  # px: a larger picture is halved if it has to be encoded
FASTEST = 8  # all picture data are read at 1/8 too
PREVIEW_SIDE = 1280
PREVIEW_QUALITY = 82
# Decoding a picture takes up to 400 MB: at most two at a time in one process.
_DECODING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Normalised:
    jpeg: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.jpeg).hexdigest()


class NotAPhoto(PortalError):
    """The engine cannot open the file. `code`: a key of vision.errors.SENTENCES."""

    def __init__(self, reason: Unreadable) -> None:
        super().__init__(reason.sentence)
        self.code = reason.code


class TooBig(PortalError):
    status = 413


def normalise(data: bytes, *, max_bytes: int) -> Normalised:
    """The photo in the form in which it is stored. Raises TooBig or NotAPhoto.

    Only the header is read until width and height are known to be allowed.
    """
    if len(data) > max_bytes:
        raise too_big(max_bytes)
    try:
        return _normalised(data)
    except Unreadable as error:
        raise NotAPhoto(error) from error


def _normalised(data: bytes) -> Normalised:
    if not data:
        raise Unreadable("empty")
    header = read_header(data)
    check_size(header)
    with _DECODING:
        return _checked(strip(data), header) if is_normal(header) else _encode_anew(data, header)


def too_big(max_bytes: int) -> TooBig:
    megabytes = max_bytes // 2**20
    return TooBig(_("The file is too big. Please send a photo of at most %(n)d MB.") % {"n": megabytes})


def is_normal(header: Header) -> bool:
    return header.kind == "jpeg" and header.mode in ("RGB", "L") and header.orientation == 1 and is_srgb(header.icc)


def _checked(jpeg: bytes, header: Header) -> Normalised:
    jpeg_decoding.decode(jpeg, header, FASTEST)
    return Normalised(jpeg, header.width, header.height)


def _encode_anew(data: bytes, header: Header) -> Normalised:
    return encode_upright(Source(data, header))


def encode_upright(source: Source) -> Normalised:
    """The upright picture as a JPEG of its own, halved where it is very large."""
    pixels = source.at_least(min(MOST_WRITTEN, max(source.width, source.height)))
    height, width = pixels.shape[:2]
    return Normalised(encode(pixels, QUALITY), width, height)


def make_preview(source: Source) -> bytes:
    """A copy for screens: JPEG, the long side at most 1280 px."""
    pixels = source.at_least(PREVIEW_SIDE)
    factor = PREVIEW_SIDE / max(pixels.shape[:2])
    if factor < 1:
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return encode(pixels, PREVIEW_QUALITY)


def encode(pixels: np.ndarray, quality: int) -> bytes:
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality >= QUALITY else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)[1].tobytes()

"""Photos as JPEG: upright as they are stored, and small for screens."""

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np

from vision.source import Source

QUALITY = 95
MOST_WRITTEN = 4000  # px: a picture whose half is still as long is halved if it has to be encoded,
MOST_PIXELS = 25_000_000  # and one of more pixels in any case: it is held several times while colours are converted
PREVIEW_SIDE = 1280
PREVIEW_QUALITY = 82


@dataclass(frozen=True)
class Normalised:
    jpeg: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.jpeg).hexdigest()


def encode_upright(source: Source) -> Normalised:
    """The upright picture as a JPEG of its own, halved where it is very large."""
    longest, area = max(source.width, source.height), source.width * source.height
    divisor = next(d for d in (1, 2, 4, 8) if area / d**2 <= MOST_PIXELS)
    pixels = source.at_least(min(MOST_WRITTEN, longest / divisor))
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

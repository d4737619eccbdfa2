"""The portrait as a file: 24-bit JPEG, 300 dpi, sRGB, no metadata, with the best quality that
40,960 bytes allow.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

MAX_BYTES = 40_960
BEST_QUALITY, LEAST_QUALITY = 97, 60
USUAL_QUALITY, STRIDE = 86, 4  # where the search begins, and its first steps: most portraits end within one
DPI = (300, 300)
THUMBNAIL = (180, 240)
THUMBNAIL_QUALITY = 82


def encode_portrait(rgb: np.ndarray) -> tuple[bytes, int]:
    """The largest file within the limit, and its quality. The same pixels give the same bytes."""
    image, files = Image.fromarray(rgb), {}
    low, high, quality = LEAST_QUALITY, BEST_QUALITY, USUAL_QUALITY
    while low < high:
        files[quality] = encode(image, quality)
        fits = len(files[quality]) <= MAX_BYTES
        low, high = (quality, high) if fits else (low, quality - 1)
        beside = quality + (STRIDE if fits else -STRIDE)
        quality = beside if low < beside <= high else (low + high + 1) // 2
    return files.get(low) or encode(image, low), low


def encode_thumbnail(rgb: np.ndarray) -> bytes:
    return encode(Image.fromarray(rgb).resize(THUMBNAIL, Image.Resampling.LANCZOS), THUMBNAIL_QUALITY)


def encode(image: Image.Image, quality: int) -> bytes:
    """A JPEG without chroma subsampling: at half resolution the colour of the background would
    reach into the outline of the hair.
    """
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling=0, optimize=True, dpi=DPI)
    return file.getvalue()

"""How a picture is stored and sent on: its size in pixels and its compression."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from vision.evaluation.variations.original import Original, encode_jpeg

LONG, SHORT = 1440, 1080  # px: the most that a messenger keeps of a photo


def saved(original: Original, quality: int) -> bytes:
    return encode_jpeg(original.rgb, quality)


def sent(original: Original, *qualities: int) -> bytes:
    """Made smaller by a messenger, then saved once for each time that it is sent on."""
    height, width = original.rgb.shape[:2]
    factor = min(1.0, LONG / max(height, width), SHORT / min(height, width))
    rgb = resized(original.rgb, factor)
    for quality in qualities:
        data = encode_jpeg(rgb, quality)
        rgb = np.asarray(Image.open(io.BytesIO(data)))
    return data


def with_megapixels(original: Original, megapixels: float) -> np.ndarray:
    """As many pixels, of the same picture: enlarging adds no detail, as with phones that claim more
    pixels than their lens resolves.
    """
    height, width = original.rgb.shape[:2]
    return resized(original.rgb, (megapixels * 1e6 / (height * width)) ** 0.5)


def resized(rgb: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1:
        return rgb
    return cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)

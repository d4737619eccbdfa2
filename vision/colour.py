"""Colour: conversion of any profile to sRGB, sRGB to Lab, and the colour distance that the rules
use.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

MAX_PROFILE = 4 * 1024 * 1024  # bytes; those of printing presses have one or two
# OpenCV's 8-bit Lab holds L in 0-255 and a, b with 128 added.
FROM_EIGHT_BITS = np.array([[100 / 255, 0, 0, 0], [0, 1, 0, -128], [0, 0, 1, -128]], np.float32)


def to_srgb(rgb: np.ndarray, icc: bytes | None) -> np.ndarray:
    """Convert uint8 RGB in the space of `icc` to uint8 sRGB.

    A profile that is missing, broken or already sRGB changes nothing.
    """
    return rgb if is_srgb(icc) else image_to_srgb(Image.fromarray(rgb), icc)


def is_srgb(icc: bytes | None) -> bool:
    """Whether `to_srgb` would leave the pixels of a picture with this profile as they are."""
    return not icc or _transform(icc, "RGB") is None


def image_to_srgb(image: Image.Image, icc: bytes | None) -> np.ndarray:
    """A decoded Pillow image of any mode to uint8 sRGB (h, w, 3); transparency shows white. The image may be
    changed: of large ones a copy less is held.
    """
    image = _to_eight_bits(image)
    if image.mode == "CMYK":
        transform = _transform(icc, "CMYK") if icc else None
        return np.asarray(ImageCms.applyTransform(image, transform) if transform else image.convert("RGB"))
    grey = image.mode in ("L", "LA", "1")
    image = _flatten(image)
    transform = _transform(icc, "RGB") if icc and not grey else None
    if transform:
        ImageCms.applyTransform(image, transform, inPlace=True)
    return np.asarray(image)


class Lab:
    """A uint8 sRGB picture in CIE Lab: `picture[place]` is float32, L from 0 to 100 in steps of
    about 0.4.

    OpenCV's table is five times faster than the exact formula. Only the pixels that are read become
    floats.
    """

    def __init__(self, rgb: np.ndarray) -> None:
        self._eight_bits = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)

    def __getitem__(self, place: Any) -> np.ndarray:
        colours = self._eight_bits[place].astype(np.float32)
        if colours.ndim == 3 and colours.size:
            return cv2.transform(colours, FROM_EIGHT_BITS)
        return colours * FROM_EIGHT_BITS.diagonal() + FROM_EIGHT_BITS[:, 3]


def colour_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """dE = sqrt((0.5 dL)^2 + da^2 + db^2). Lightness counts half, so that skin in shadow still
    counts as skin.
    """
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    lightness, green_red, blue_yellow = ((a[..., i] - b[..., i]) ** 2 for i in range(3))
    return np.sqrt(0.25 * lightness + green_red + blue_yellow)


def _to_eight_bits(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image).astype(np.float32)
        return Image.fromarray(np.clip(values / 257, 0, 255).astype(np.uint8))
    return image


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in image.info:
        return image if image.mode == "RGB" else image.convert("RGB")
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", rgba.size, (255, 255, 255))
    white.paste(rgba, mask=rgba)
    return white


@lru_cache(maxsize=8)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    if len(icc) > MAX_PROFILE:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        if "sRGB" in ImageCms.getProfileDescription(profile):
            return None
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(profile, srgb, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None

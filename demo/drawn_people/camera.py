"""The effects of a phone's camera: grain of skin and cloth, lens blur, sensor noise."""

from __future__ import annotations

import io
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.drawn_people.canvas import Floats

Pixels = NDArray[np.uint8]
TILE = 512


def blurred_wrapping(noise: Floats, sigma: float) -> Floats:
    """The tile blurred so that its opposite edges still fit together."""
    return cv2.GaussianBlur(np.pad(noise, ((16, 16), (16, 16), (0, 0))[: noise.ndim], "wrap"), (0, 0), sigma)[
        16:-16, 16:-16
    ]


@lru_cache(maxsize=8)
def grain(seed: int) -> Floats:
    """A tile of band-passed noise with mean 0 and spread 1: pores and fibres of 2 to 5 px."""
    noise = np.random.default_rng(seed).normal(0, 1, (TILE, TILE)).astype(np.float32)
    fine = blurred_wrapping(noise, 0.9)
    coarse = blurred_wrapping(noise, 3.0)
    band = fine - coarse
    return band / band.std()


@lru_cache(maxsize=4)
def sensor_noise(seed: int) -> NDArray[np.int16]:
    """A tile of 8-bit sensor noise with 64 steps a level, coarser in colour than in light."""
    chance = np.random.default_rng(seed)
    light = chance.normal(0, 1.25, (TILE, TILE, 1))
    colour = blurred_wrapping(chance.normal(0, 1, (TILE, TILE, 3)).astype(np.float32), 1.4)
    return np.round((light + colour * 1.1) * 64).astype(np.int16)


def tiled(tile: NDArray, height: int, width: int, shift: int) -> NDArray:
    """The tile repeated over the size, started `shift` px further."""
    rolled = np.roll(tile, (shift, shift * 3), (0, 1))
    repeats = (-(-height // TILE), -(-width // TILE)) + (1,) * (tile.ndim - 2)
    return np.tile(rolled, repeats)[:height, :width]


def roughen(area: Floats, cover: Floats, *, seed: int, strength: float) -> None:
    """Add pores where the mask `cover` is: the brightness varies by the share `strength`.

    Changes `area` in place.
    """
    height, width = area.shape[:2]
    area *= (1 + strength * cover * tiled(grain(seed % 8), height, width, seed % TILE))[..., None]


def expose(scene: Floats, *, seed: int) -> Pixels:
    """The scene (float RGB 0..1) through lens and sensor as 8-bit RGB."""
    height, width = scene.shape[:2]
    levels = cv2.convertScaleAbs(scene, alpha=255)
    levels = cv2.GaussianBlur(levels, (0, 0), max(0.45, width / 2600))
    noise = tiled(sensor_noise(seed % 4), height, width, seed % 499)
    return np.clip(levels.astype(np.int16) + (noise >> 6), 0, 255).astype(np.uint8)


def jpeg(portrait: Image.Image, quality: int = 90) -> bytes:
    """The picture as the bytes of a JPEG file."""
    target = io.BytesIO()
    portrait.save(target, "JPEG", quality=quality)
    return target.getvalue()

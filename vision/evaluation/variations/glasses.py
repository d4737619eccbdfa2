"""Glasses with what their lenses mirror.

A lens mirrors some 4% of the light at each of its two surfaces; with a coating about 0.5%, and
rather green. A window is 10 to 20 times as bright as white paper in the room. So a coated lens
shows a faint green window, a plain one a white spot.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.crops.face import IRIS_LEFT, IRIS_RIGHT
from vision.evaluation.variations.original import Original, developed

BLACK, BROWN, BLUE = (0.02, 0.02, 0.02), (0.10, 0.04, 0.02), (0.05, 0.05, 0.09)
WINDOW = 12.0  # times white paper
COATED = (0.002, 0.005, 0.003)  # share of the light that is mirrored, in red, green, blue
PLAIN = (0.08, 0.08, 0.08)
PANES = ((-1.0, -0.08), (0.08, 1.0))  # of a window, over its half width


def worn(
    original: Original,
    *,
    half: tuple[float, float],
    thick: float,
    dye: tuple[float, ...],
    mirrors: tuple[float, ...],
    window: tuple[float, float, float],
) -> np.ndarray:
    """Two lenses of half sizes `half` with rims of `thick`, in eye distances, each mirroring a
    `window`: its place across and down from the iris and its half width, likewise.
    """
    light = original.with_pixels(framed(original, half=half, thick=thick, dye=dye, down=0.06)).linear
    across, down, width = window
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        seen = _window(original, original.at(iris[0], across, down), (width, 0.7 * width))
        light = light + WINDOW * seen[..., None] * np.array(mirrors, np.float32)
    return developed(light)


def framed(
    original: Original, *, half: tuple[float, float], thick: float, dye: tuple[float, ...], down: float
) -> np.ndarray:
    """Two rims and a bridge; `down` is their middle below the irises, all in eye distances."""
    width, reach = max(1, round(thick * original.unit)), half[0] - 0.01
    rim = np.zeros(original.rgb.shape[:2], np.float32)
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        draw_ellipse(original, rim, original.at(iris[0], down=down), half, width)
    left, right = (
        np.round(original.at(iris[0], side * reach, down - 0.05)).astype(int).tolist()
        for iris, side in ((IRIS_LEFT, 1), (IRIS_RIGHT, -1))
    )
    cv2.line(rim, left, right, 1.0, width)
    rim = cv2.GaussianBlur(rim, (0, 0), 0.8)
    shadow = 1 - 0.35 * np.roll(cv2.GaussianBlur(rim, (0, 0), 2.5), int(0.04 * original.unit), axis=0)
    lit = np.array(dye, np.float32) * np.clip(original.shading(0.03), 0.4, 1.6)[..., None]
    return developed(original.linear * shadow[..., None] * (1 - rim[..., None]) + lit * rim[..., None])


def draw_ellipse(
    original: Original, mask: np.ndarray, centre: np.ndarray, half: tuple[float, float], thick: int
) -> None:
    """Into `mask`, along the axes of the face; `thick` in px, filled when negative."""
    middle = tuple(np.round(centre).astype(int).tolist())
    lengths = tuple(int(part * original.unit) for part in half)
    cv2.ellipse(mask, middle, lengths, original.face.roll, 0, 360, 1.0, thick, cv2.LINE_AA)


def _window(original: Original, centre: np.ndarray, half: tuple[float, float]) -> np.ndarray:
    """Soft mask of two panes that lean a little, as a curved lens shows them."""
    across, down = (axis * size * original.unit for axis, size in zip(original.axes, half, strict=True))
    seen = np.zeros(original.rgb.shape[:2], np.float32)
    for left, right in PANES:
        corners = [(left, -1.0), (right, -0.9), (right - 0.1, 0.9), (left - 0.1, 1.0)]
        places = np.array([centre + x * across + y * down for x, y in corners])
        seen = np.maximum(seen, original.polygon(places, max(0.7, 0.008 * original.unit)))
    return seen

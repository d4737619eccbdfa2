"""The part of the portrait that lies beyond the source. A missing wall is replaced anyway; a person
who is cut off cannot be completed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from vision.portrait.crop import HEIGHT, WIDTH, Crop

Cut = Sequence[Sequence[float] | None]
"""For the top, bottom, left and right border of the source where the person meets it, [from, to] as fractions."""

EVERYWHERE: Cut = ((0.0, 1.0),) * 4
WEIGHTS = (3.0, 1.0, 1.0, 1.0)  # a head without its crown is worse than a shorter sleeve
CORNER = 0.03  # nearer to a corner the person goes on beyond it to the side too
FAR = 9.0


def cut_of(measures: Mapping[str, Any]) -> Cut:
    """The measure `cut`. EVERYWHERE when it was not measured, as in photos before engine version
    1.1.
    """
    return measures.get("cut") or EVERYWHERE


def missing_share(crop: Crop, size: np.ndarray, cut: Cut) -> float:
    """The share of the portrait in which the person continues beyond the source, 0 to 1. A missing
    crown counts three times.
    """
    portrait = _corners(crop.matrix(size))
    if _is_shown(portrait, size):
        return 0.0
    lost = sum(
        weight * _common_area(portrait, area)
        for weight, area in zip(WEIGHTS, missing_rectangles(cut, size), strict=True)
    )
    return min(1.0, lost * crop.scale**2 / (WIDTH * HEIGHT))


def _is_shown(places: np.ndarray, size: np.ndarray) -> bool:
    return bool((places >= 0).all() and (places <= size).all())


def _corners(matrix: np.ndarray) -> np.ndarray:
    """(4, 2): the corners of the portrait, in px of the source."""
    back = cv2.invertAffineTransform(matrix)
    return _box(0, WIDTH, 0, HEIGHT) @ back[:, :2].T + back[:, 2]


def missing_rectangles(cut: Cut, size: np.ndarray) -> list[np.ndarray | None]:
    """For top, bottom, left and right the rectangle (4, 2), in px of the source, in which the
    person continues; None where the border does not cut the person.
    """
    top, bottom, left, right = cut
    strips = (
        top and _box(*_past_corners(*top), -FAR, 0),
        bottom and _box(*_past_corners(*bottom), 1, 1 + FAR),
        left and _box(-FAR, 0, *left),
        right and _box(1, 1 + FAR, *right),
    )
    return [None if strip is None else strip * size for strip in strips]


def _past_corners(start: float, end: float) -> tuple[float, float]:
    return -FAR if start < CORNER else start, 1 + FAR if end > 1 - CORNER else end


def _box(left: float, right: float, top: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _common_area(a: np.ndarray, b: np.ndarray | None) -> float:
    return 0.0 if b is None else float(cv2.intersectConvexConvex(a.astype(np.float32), b.astype(np.float32))[0])

"""Lids, gaze, red pupils, and reflections in glasses."""

from __future__ import annotations

import cv2
import numpy as np

from vision.face_crop import EYE_DISTANCE, EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, FaceCrop

LIDS_LEFT, LIDS_RIGHT = (159, 145), (386, 374)
LID_PAIRS_LEFT = ((160, 144), (158, 153))
LID_PAIRS_RIGHT = ((385, 380), (387, 373))
SIDES = ((EYE_LEFT, LIDS_LEFT, LID_PAIRS_LEFT, IRIS_LEFT), (EYE_RIGHT, LIDS_RIGHT, LID_PAIRS_RIGHT, IRIS_RIGHT))
GLARE = 215
BOX_HALF_WIDTH, BOX_HALF_HEIGHT = 42, 26


def measure(crop: FaceCrop) -> dict[str, object]:
    opening = [_opening(crop.points, lids, iris) for _, lids, _, iris in SIDES]
    aspect = [_aspect(crop.points, corners, pairs) for corners, _, pairs, _ in SIDES]
    return {
        "eye_opening": float(min(opening)),
        "eye_aspect": float(min(aspect)),
        "gaze": float(np.mean([_gaze(crop.points, corners, iris) for corners, _, _, iris in SIDES])),
        "red_eye": float(max(_redness(crop, iris) for *_, iris in SIDES)),
        "lens_glare": float(max(_glare(crop, iris) for *_, iris in SIDES)),
        "eye_boxes": [_box(crop, iris) for *_, iris in SIDES],
    }


def _length(points: np.ndarray, a: int, b: int) -> float:
    return float(np.linalg.norm(points[a] - points[b]))


def _opening(points: np.ndarray, lids: tuple[int, int], iris: tuple[int, ...]) -> float:
    """Gap between the lids divided by the diameter of the iris, which makes it independent of the
    size of the eye.
    """
    diameter = (_length(points, iris[1], iris[3]) + _length(points, iris[2], iris[4])) / 2
    return _length(points, *lids) / max(diameter, 1e-6)


def _aspect(points: np.ndarray, corners: tuple[int, int], pairs: tuple[tuple[int, int], ...]) -> float:
    gap = sum(_length(points, *pair) for pair in pairs) / len(pairs)
    return gap / max(_length(points, *corners), 1e-6)


def _gaze(points: np.ndarray, corners: tuple[int, int], iris: tuple[int, ...]) -> float:
    """Position of the iris between the corners of the eye, from -0.5 (left end in the picture) to
    0.5.
    """
    first, last = sorted(corners, key=lambda index: points[index, 0])
    axis = points[last] - points[first]
    return float((points[iris[0]] - points[first]) @ axis / max(axis @ axis, 1e-6)) - 0.5


def _redness(crop: FaceCrop, iris: tuple[int, ...]) -> float:
    """Median of (R - max(G, B)) / R over the inner iris. R is taken as at least 40, because dark
    pixels have no reliable colour.
    """
    radius = max(2.0, 0.35 * _length(crop.points, iris[1], iris[3]))
    patch = crop.rgb[crop.window(crop.points[iris[0]], radius, radius)].reshape(-1, 3).astype(np.float32)
    red = patch[:, 0]
    return float(np.median((red - patch[:, 1:].max(1)) / np.maximum(red, 40)))


def _glare(crop: FaceCrop, iris: tuple[int, ...]) -> float:
    """Area of the largest bright blob in the eye box over the squared eye distance."""
    bright = crop.darkest[crop.window(crop.points[iris[0]], BOX_HALF_WIDTH, BOX_HALF_HEIGHT)] >= GLARE
    areas = cv2.connectedComponentsWithStats(bright.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return float(areas.max(initial=0)) / EYE_DISTANCE**2


def _box(crop: FaceCrop, iris: tuple[int, ...]) -> list[list[float]]:
    half = np.array([BOX_HALF_WIDTH, BOX_HALF_HEIGHT])
    return crop.to_fractions(np.array([crop.points[iris[0]] - half, crop.points[iris[0]] + half]))

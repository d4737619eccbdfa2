"""Lids, gaze and red pupils, of each eye."""

from __future__ import annotations

import cv2
import numpy as np

from vision.crops.face import EYE_LEFT, EYE_RIGHT, IRIS_LEFT, IRIS_RIGHT, FaceCrop
from vision.measures.light import EYE_WHITES

LIDS_LEFT, LIDS_RIGHT = (159, 145), (386, 374)
LID_PAIRS_LEFT = ((160, 144), (158, 153))
LID_PAIRS_RIGHT = ((385, 380), (387, 373))
SIDES = ((EYE_LEFT, LIDS_LEFT, LID_PAIRS_LEFT, IRIS_LEFT), (EYE_RIGHT, LIDS_RIGHT, LID_PAIRS_RIGHT, IRIS_RIGHT))
PUPIL, IRIS_RING = 0.5, (0.65, 0.95)  # in radii of the iris
RED_QUANTILE = 0.75  # a red pupil may be partly hidden by the lid or a reflection
LINEAR = (np.arange(256, dtype=np.float32) / 255) ** 2.2  # of 8-bit sRGB
TURNED_IN = 0.04  # median of 172 faces: how much nearer to the nose than the middle of the eye an iris lies
BOX_HALF_WIDTH, BOX_HALF_HEIGHT = 42, 26


def measure(crop: FaceCrop) -> dict[str, object]:
    opening = [_opening(crop.points, lids, iris) for _, lids, _, iris in SIDES]
    aspect = [_aspect(crop.points, corners, pairs) for corners, _, pairs, _ in SIDES]
    gaze = [_gaze(crop.points, corners, iris) for corners, _, _, iris in SIDES]
    light = lamp_colour(crop)
    redness = [pupil_redness(crop, iris, light) for *_, iris in SIDES]
    contrast = [_iris_contrast(crop, iris, white) for (*_, iris), white in zip(SIDES, EYE_WHITES, strict=True)]
    return {
        "eye_openings": opening,
        "eye_opening": min(opening),
        "wider_eye": max(opening),
        "eye_aspect": min(aspect),
        "gazes": gaze,
        "gaze": float(np.mean(gaze)),
        "gaze_shared": shared(gaze[0] + TURNED_IN, gaze[1] - TURNED_IN),
        "iris_contrast": min(contrast),
        "wider_eye_contrast": contrast[int(np.argmax(opening))],
        "red_eye": max(redness),
        "red_eyes": min(redness),
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


def _iris_contrast(crop: FaceCrop, iris: tuple[int, ...], white: tuple[int, ...]) -> float:
    """How much darker (L) the middle of the iris is than the white beside it. About 0 where a lid, a patch or a bandage covers
    the eye: the landmarks are guessed there.
    """
    radius = max(2.0, _length(crop.points, iris[1], iris[3]) / 4)
    middle = crop.lab[crop.window(crop.points[iris[0]], radius, radius)][..., 0]
    return float(np.percentile(crop.patch_lab(white)[:, 0], 85) - np.median(middle))


def shared(first: float, second: float) -> float:
    """What two deviations have in common: the smaller one, or 0 where they point to different sides."""
    return min(first, second, key=abs) if first * second > 0 else 0.0


def lamp_colour(crop: FaceCrop) -> np.ndarray:
    """Linear RGB (3,) by which the eyes are divided: as light as the skin, and halfway between grey and the colour of
    the skin. Without it brown irises and pale pupils look red in warm light; divided by the whole colour of the skin,
    pale red pupils would look grey.
    """
    skin = cv2.cvtColor(crop.skin.reshape(1, 1, 3), cv2.COLOR_Lab2LRGB)[0, 0].clip(0.01)
    return np.sqrt(skin * skin.mean())


def pupil_redness(crop: FaceCrop, iris: tuple[int, ...], light: np.ndarray) -> float:
    """How much redder the pupil is than the ring of the iris: R - max(G, B) of linear RGB over `light`.

    A pupil is black, so this is 0 or less, however brown the iris. The flash comes back from the retina through the
    pupil alone.
    """
    centre = crop.points[iris[0]]
    radius = (_length(crop.points, iris[1], iris[3]) + _length(crop.points, iris[2], iris[4])) / 4
    rows, columns = crop.window(centre, radius + 1, radius + 1)
    red, green, blue = np.moveaxis(LINEAR[crop.rgb[rows, columns]] / light, 2, 0)
    y, x = np.mgrid[rows, columns]
    away = np.hypot(x - centre[0], y - centre[1]) / max(radius, 1e-6)
    redness = red - np.maximum(green, blue)
    pupil, ring = redness[away < PUPIL], redness[(away > IRIS_RING[0]) & (away < IRIS_RING[1])]
    if not pupil.size or not ring.size:
        return 0.0
    return float(np.quantile(pupil, RED_QUANTILE) - max(np.quantile(ring, RED_QUANTILE), 0.0))


def _box(crop: FaceCrop, iris: tuple[int, ...]) -> list[list[float]]:
    half = np.array([BOX_HALF_WIDTH, BOX_HALF_HEIGHT])
    return crop.to_fractions(np.array([crop.points[iris[0]] - half, crop.points[iris[0]] + half]))

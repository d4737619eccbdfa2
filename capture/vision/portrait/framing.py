"""Where the portrait is cut: geometry of the national standard (480 x 640 px)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

WIDTH, HEIGHT = 480, 640
# Aimed at, a few px inside the standard: hair top 50-110, eyes 200-300, face width 180-300.
FACE_WIDTH = (190.0, 285.0)
HAIR_TOP = (55.0, 105.0)
EYE_LINE = (205.0, 295.0)
EYE_LINE_AIM = 255.0
HAIR_TOP_AIM = 80.0
STANDARD_FACE_WIDTH = (181.0, 299.0)
STANDARD_HAIR_TOP = (51.0, 109.0)
STANDARD_EYE_LINE = (201.0, 299.0)
LEVELLED_UP_TO = 15.0  # degrees; a head tilted further was not meant to be upright


@dataclass(frozen=True)
class Crop:
    """The source px (x, y) that lands in the middle of the portrait, as fractions of the source; portrait px per source
    px; degrees by which the picture is turned clockwise to level the eyes."""

    x: float
    y: float
    scale: float
    angle: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)

    def matrix(self, size: np.ndarray) -> np.ndarray:
        """2 x 3, from px of a source of `size` (width, height) to px of the portrait."""
        x, y = self.x * size[0], self.y * size[1]
        matrix = cv2.getRotationMatrix2D((x, y), self.angle, self.scale)
        matrix[:, 2] += np.array([WIDTH / 2 - x, HEIGHT / 2 - y])
        return matrix


@dataclass(frozen=True)
class Head:
    """px of the source: middle of the eyes, middle of the face, hair top, width, tilt."""

    eyes: np.ndarray
    axis: np.ndarray
    hair_rise: float
    width: float
    tilt: float


def read_head(measures: dict[str, Any], size: np.ndarray) -> Head:
    left_eye, right_eye = np.array(measures["eyes"]) * size
    cheeks = np.array(measures["cheeks"]) * size
    tilt = float(np.degrees(np.arctan2(*(right_eye - left_eye)[::-1])))
    if abs(tilt) > LEVELLED_UP_TO:
        tilt = 0.0
    eyes = (left_eye + right_eye) / 2
    down = np.array([-np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
    rise = float((eyes - np.array(measures["hair_top"]) * size) @ down)
    return Head(eyes, (eyes + cheeks.mean(0)) / 2, rise, float(np.linalg.norm(cheeks[1] - cheeks[0])), tilt)


def frame(measures: dict[str, Any], size: np.ndarray) -> tuple[Crop, bool]:
    """The crop for these measures, and whether the head fits the standard with something to spare.

    Of all places inside the comfortable ranges the one is taken that shows least beyond the source, then the one nearest to
    what is aimed at: a photo that ends at the chest gets a larger face instead of a refusal.
    """
    head = read_head(measures, size)
    placings = _placings(head)
    if not placings:
        return _crop(head, *_place_tall_head(head), size), False
    crops = [(_crop(head, scale, eye_line, size), scale, eye_line) for scale, eye_line in placings]
    costs = [_cost(head, crop, scale, eye_line, size) for crop, scale, eye_line in crops]
    return crops[costs.index(min(costs))][0], True


def _placings(head: Head) -> list[tuple[float, float]]:
    """(scale, eye line) on a grid over the comfortable ranges."""
    least, most = (
        FACE_WIDTH[0] / head.width,
        min(FACE_WIDTH[1] / head.width, (EYE_LINE[1] - HAIR_TOP[0]) / head.hair_rise),
    )
    aim = (EYE_LINE_AIM - HAIR_TOP_AIM) / head.hair_rise
    scales = {float(np.clip(aim, least, most)), *np.linspace(least, most, 12).tolist()} if least <= most else set()
    placings = []
    for scale in sorted(scales):
        highest = max(EYE_LINE[0], HAIR_TOP[0] + scale * head.hair_rise)
        lowest = min(EYE_LINE[1], HAIR_TOP[1] + scale * head.hair_rise)
        if highest <= lowest:
            lines = {float(np.clip(EYE_LINE_AIM, highest, lowest)), highest, lowest}
            placings += [(scale, line) for line in sorted(lines)]
    return placings


def _cost(head: Head, crop: Crop, scale: float, eye_line: float, size: np.ndarray) -> float:
    return 100 * outside(crop, size, step=40) + _away(head, scale, eye_line)


def _away(head: Head, scale: float, eye_line: float) -> float:
    """How far from what is aimed at, in hundreds of px."""
    return abs(eye_line - EYE_LINE_AIM) / 100 + abs(eye_line - scale * head.hair_rise - HAIR_TOP_AIM) / 100


def _place_tall_head(head: Head) -> tuple[float, float]:
    """Hair so tall that the face must become as small as the standard allows; what still sticks out is flagged."""
    tallest = STANDARD_EYE_LINE[1] - STANDARD_HAIR_TOP[0]
    return max(tallest / head.hair_rise, STANDARD_FACE_WIDTH[0] / head.width), STANDARD_EYE_LINE[1]


def _crop(head: Head, scale: float, eye_line: float, size: np.ndarray) -> Crop:
    down = np.array([-np.sin(np.radians(head.tilt)), np.cos(np.radians(head.tilt))])
    across = np.array([down[1], -down[0]])
    sideways = ((head.axis - head.eyes) @ across) * across
    middle = (head.eyes + sideways + down * (HEIGHT / 2 - eye_line) / scale) / size
    return Crop(float(middle[0]), float(middle[1]), scale, head.tilt)


def describe(crop: Crop, measures: dict[str, Any], size: np.ndarray) -> dict[str, Any]:
    """Where the head lies in the portrait, in px, for the reviewer and for the record."""
    matrix = crop.matrix(size)
    eyes, cheeks, hair = (_project(measures[name], size, matrix) for name in ("eyes", "cheeks", "hair_top"))
    return {
        "size": [WIDTH, HEIGHT],
        "crop": crop.as_dict(),
        "face_width": round(float(np.linalg.norm(cheeks[1] - cheeks[0])), 1),
        "eye_line": round(float(eyes[:, 1].mean()), 1),
        "hair_top": round(float(hair[0, 1]), 1),
        "outside": round(outside(crop, size), 4),
    }


def is_standard(geometry: dict[str, Any]) -> bool:
    ranges = {"face_width": (180, 300), "eye_line": (200, 300), "hair_top": (50, 110)}
    return all(low <= geometry[name] <= high for name, (low, high) in ranges.items())


def outside(crop: Crop, size: np.ndarray, *, step: int = 4) -> float:
    """Share of the portrait that would show what lies outside the source, sampled every `step` px."""
    back = cv2.invertAffineTransform(crop.matrix(size))
    columns, rows = np.meshgrid(np.arange(0, WIDTH, step) + step / 2, np.arange(0, HEIGHT, step) + step / 2)
    places = np.stack([columns.ravel(), rows.ravel()], 1) @ back[:, :2].T + back[:, 2]
    return float(1 - np.all((places >= 0) & (places < size), axis=1).mean())


def _project(fractions: Any, size: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    points = np.atleast_2d(np.array(fractions)) * size
    return points @ matrix[:, :2].T + matrix[:, 2]

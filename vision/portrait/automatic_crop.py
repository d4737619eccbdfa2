"""The automatic crop of the portrait, by the geometry of the national standard (480 x 640 px)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vision.portrait.crop import HEIGHT, WIDTH, Crop
from vision.portrait.missing_area import Cut, cut_of, missing_share

EYE_LINE_AIM = 255.0
HAIR_TOP_AIM = 80.0
FACE_WIDTH_AIM = 240.0  # at most: without hair the face would come out large
ENOUGH = 0.002  # share outside the source that is not worth leaving the comfortable ranges
LEVELLED_UP_TO = 15.0  # degrees; a head tilted further was not meant to be upright


@dataclass(frozen=True)
class Head:
    """The head in px of the source: middle of the eyes, middle of the face, height of the hair
    above the eyes, width; tilt in degrees.
    """

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


def choose_crop(measures: dict[str, Any], size: np.ndarray) -> tuple[Crop, bool]:
    """The crop for these measures, and whether the head fits the standard.

    Of all candidates inside the comfortable ranges it takes the one that shows least beyond the
    source, then the one nearest to the aim: a photo that ends at the chest gets a larger face and
    is not refused. When the comfortable ranges are not enough, the full ranges of the standard are
    searched.
    """
    head, cut = read_head(measures, size), cut_of(measures)
    best, fits = _crop(head, *_fit_tall_head(head), size), False
    for ranges in (COMFORTABLE, STANDARD):
        candidates = ranges.candidates(head)
        if candidates:
            best, fits = _best(head, candidates, size, cut), True
        if fits and missing_share(best, size, cut) <= ENOUGH:
            break
    return best, fits


def _best(head: Head, candidates: list[tuple[float, float]], size: np.ndarray, cut: Cut) -> Crop:
    """The candidate with the lowest cost: 100 times the missing share plus the distance from the
    aim.

    Candidates are sorted by distance, and no cost is below the distance, so the search can end
    early.
    """
    best, least = None, np.inf
    for away, candidate in sorted((_distance_from_aim(head, *candidate), candidate) for candidate in candidates):
        if away >= least:
            break
        crop = _crop(head, *candidate, size)
        lost = missing_share(crop, size, cut)
        if lost <= ENOUGH and best is None:
            return crop
        if 100 * lost + away < least:
            best, least = crop, 100 * lost + away
    assert best is not None
    return best


def _distance_from_aim(head: Head, scale: float, eye_line: float) -> float:
    """The distance of a candidate from the aim, in hundreds of px."""
    hair_top = eye_line - scale * head.hair_rise
    too_large = max(0.0, scale * head.width - FACE_WIDTH_AIM)
    return (abs(eye_line - EYE_LINE_AIM) + abs(hair_top - HAIR_TOP_AIM) + too_large) / 100


@dataclass(frozen=True)
class Ranges:
    """Least and most of face width, hair top and eye line, in px of the portrait."""

    face_width: tuple[float, float]
    hair_top: tuple[float, float]
    eye_line: tuple[float, float]

    def candidates(self, head: Head) -> list[tuple[float, float]]:
        """(scale, eye line) on a grid over the ranges, with the aim; empty when the head does not
        fit.
        """
        least = self.face_width[0] / head.width
        most = min(self.face_width[1] / head.width, (self.eye_line[1] - self.hair_top[0]) / head.hair_rise)
        if least > most:
            return []
        aim = min((EYE_LINE_AIM - HAIR_TOP_AIM) / head.hair_rise, FACE_WIDTH_AIM / head.width)
        scales = sorted({float(np.clip(aim, least, most)), *np.linspace(least, most, 16).tolist()})
        return [(scale, line) for scale in scales for line in self._eye_lines(scale * head.hair_rise)]

    def _eye_lines(self, rise: float) -> list[float]:
        highest = max(self.eye_line[0], self.hair_top[0] + rise)
        lowest = min(self.eye_line[1], self.hair_top[1] + rise)
        return sorted({float(np.clip(EYE_LINE_AIM, highest, lowest)), highest, lowest}) if highest <= lowest else []


# The national standard a px inside its ends, and what leaves something to spare.
STANDARD = Ranges(face_width=(181.0, 299.0), hair_top=(51.0, 109.0), eye_line=(201.0, 299.0))
COMFORTABLE = Ranges(face_width=(190.0, 285.0), hair_top=(55.0, 105.0), eye_line=(205.0, 295.0))


def _fit_tall_head(head: Head) -> tuple[float, float]:
    """The scale and eye line for hair so tall that the face gets the least width of the standard.
    The rule `framing` warns when the hair still does not fit.
    """
    tallest = STANDARD.eye_line[1] - STANDARD.hair_top[0]
    return max(tallest / head.hair_rise, STANDARD.face_width[0] / head.width), STANDARD.eye_line[1]


def _crop(head: Head, scale: float, eye_line: float, size: np.ndarray) -> Crop:
    down = np.array([-np.sin(np.radians(head.tilt)), np.cos(np.radians(head.tilt))])
    across = np.array([down[1], -down[0]])
    sideways = ((head.axis - head.eyes) @ across) * across
    middle = (head.eyes + sideways + down * (HEIGHT / 2 - eye_line) / scale) / size
    return Crop(float(middle[0]), float(middle[1]), scale, head.tilt)


def portrait_geometry(crop: Crop, measures: dict[str, Any], size: np.ndarray) -> dict[str, Any]:
    """Where the head lies in the portrait, in px. Shown to the reviewer and stored."""
    matrix = crop.matrix(size)
    eyes, cheeks, hair = (_project(measures[name], size, matrix) for name in ("eyes", "cheeks", "hair_top"))
    return {
        "size": [WIDTH, HEIGHT],
        "crop": crop.as_dict(),
        "face_width": round(float(np.linalg.norm(cheeks[1] - cheeks[0])), 1),
        "eye_line": round(float(eyes[:, 1].mean()), 1),
        "hair_top": round(float(hair[0, 1]), 1),
        "outside": round(missing_share(crop, size, cut_of(measures)), 4),
    }


def _project(fractions: Any, size: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    points = np.atleast_2d(np.array(fractions)) * size
    return points @ matrix[:, :2].T + matrix[:, 2]

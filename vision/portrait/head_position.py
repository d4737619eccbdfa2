"""The crop as a reviewer sets it: where the head lies in the portrait, in the px and degrees of the
standard.

Four numbers of the standard stand for the point, scale and angle of a crop. The measures hold every
place that is needed, so no picture is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vision import standard
from vision.portrait.automatic_crop import portrait_geometry
from vision.portrait.crop import HEIGHT, WIDTH, Crop

# "Centred" and "upright" have no number in the standard: what an eye begins to see, px and degrees.
RANGES = standard.RANGES | {"sideways": (-40.0, 40.0), "tilt": (-5.0, 5.0)}


@dataclass(frozen=True)
class HeadPosition:
    """`face_width`: px from cheek to cheek. `eye_line`: px from the upper edge to the eyes.
    `sideways`: px by which the middle of the eyes lies right of the middle of the portrait. `tilt`:
    degrees clockwise of the line through the eyes.
    """

    face_width: float
    eye_line: float
    sideways: float
    tilt: float

    def as_dict(self) -> dict[str, float]:
        """As shown and typed, rounded to a tenth."""
        return {name: round(value, 1) + 0.0 for name, value in asdict(self).items()}


def crop_for(position: HeadPosition, measures: Mapping[str, Any], size: np.ndarray) -> Crop:
    """The crop of a source of `size` (width, height) px that gives the head this position."""
    eyes, width, tilt = _head(measures, size)
    angle, scale = tilt - position.tilt, position.face_width / width
    offset = np.array([position.sideways, position.eye_line - HEIGHT / 2])
    middle = (eyes - _turned(offset, -angle) / scale) / size
    return Crop(float(middle[0]), float(middle[1]), scale, angle)


def position_of(crop: Crop, measures: Mapping[str, Any], size: np.ndarray) -> HeadPosition:
    """The position that a crop gives the head."""
    eyes, width, tilt = _head(measures, size)
    matrix = crop.matrix(size)
    x, y = matrix[:, :2] @ eyes + matrix[:, 2]
    return HeadPosition(width * crop.scale, float(y), float(x) - WIDTH / 2, tilt - crop.angle)


def _head(measures: Mapping[str, Any], size: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Middle of the eyes and width of the face, in px of the source; tilt of the eyes, in degrees
    clockwise.
    """
    eyes, cheeks = np.array(measures["eyes"]) * size, np.array(measures["cheeks"]) * size
    across = eyes[1] - eyes[0]
    tilt = float(np.degrees(np.arctan2(across[1], across[0])))
    return eyes.mean(0), float(np.linalg.norm(cheeks[1] - cheeks[0])), tilt


def _turned(offset: np.ndarray, angle: float) -> np.ndarray:
    """`offset` turned in the same direction as `Crop.matrix` turns."""
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    return np.array([[cosine, sine], [-sine, cosine]]) @ offset


def frame_numbers(crop: Crop, measures: Mapping[str, Any], size: np.ndarray) -> dict[str, float]:
    """All numbers by which a crop is judged: the head position, the hair top in px, and the missing
    share.
    """
    found = portrait_geometry(crop, dict(measures), size)
    return position_of(crop, measures, size).as_dict() | {name: found[name] for name in ("hair_top", "outside")}


def out_of_range(found: Mapping[str, float], *, outside: float | None) -> list[str]:
    """The names of the numbers outside the standard. `outside` is the most that the season allows;
    None allows any.
    """
    wrong = [name for name, (low, high) in RANGES.items() if not low <= found[name] <= high]
    return wrong + (["outside"] if outside is not None and found["outside"] > outside else [])

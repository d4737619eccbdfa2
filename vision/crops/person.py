"""The person apart from the wall: a level crop of fixed size around head and shoulders, with a
mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vision.colour import Lab
from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, CHIN, Face
from vision.networks import mediapipe_graphs
from vision.source import Source

SIDE = 384
FACE_WIDTH = 100  # px in the crop: 3.84 face widths each way
EYE_LINE = 150
PERSON = 0.5
HAIR_TOP_SHARE = 0.35
HAIR_TOP_HALF = 0.22


@dataclass(frozen=True)
class PersonCrop:
    """384 x 384 px; 100 px from cheek to cheek.

    `mask` (h, w) is the probability of a person. `inside` (h, w) is true where the source has
    pixels. `points` are the landmarks in crop px. `back` (2, 3) maps crop px to fractions of the
    source.
    """

    rgb: np.ndarray
    mask: np.ndarray
    inside: np.ndarray
    points: np.ndarray
    back: np.ndarray

    @cached_property
    def lab(self) -> Lab:
        return Lab(self.rgb)

    @cached_property
    def is_person(self) -> np.ndarray:
        return (self.mask > PERSON) & self.inside

    @property
    def middle(self) -> float:
        """Column of the middle of the face."""
        return float(self.points[[CHEEK_LEFT, CHEEK_RIGHT], 0].mean())

    @property
    def chin(self) -> float:
        return float(self.points[CHIN, 1])

    @cached_property
    def hair_top(self) -> int:
        """The first row where the person fills 35% of a vertical strip above the face."""
        half = int(HAIR_TOP_HALF * FACE_WIDTH)
        strip = self.mask[:, int(self.middle) - half : int(self.middle) + half] > PERSON
        rows = strip.mean(1) > HAIR_TOP_SHARE
        return int(np.argmax(rows)) if rows.any() else 0

    def to_fractions(self, points: np.ndarray) -> list[list[float]]:
        """Crop px (n, 2) as fractions of the upright source."""
        return (np.atleast_2d(points) @ self.back[:, :2].T + self.back[:, 2]).tolist()


def crop_person(source: Source, face: Face) -> PersonCrop:
    """Cut the crop and run the segmentation network on it."""
    forward = _alignment(face)
    has_pixels = face.width * source.small.shape[1] / source.width >= FACE_WIDTH
    picture = source.small if has_pixels else source.work
    into_crop = forward / np.array([picture.shape[1] / source.width] * 2 + [1.0])
    rgb = _warp(picture, into_crop)
    inside = _shown(source, forward)
    points = face.xy @ forward[:, :2].T + forward[:, 2]
    back = cv2.invertAffineTransform(forward) / source.size[:, None]
    return PersonCrop(rgb, mediapipe_graphs.person_mask(rgb), inside, points, back)


def _alignment(face: Face) -> np.ndarray:
    """2 x 3 matrix from source px to crop px. The eyes lie level on row 150, the face in the middle
    column.
    """
    x, y = (float(value) for value in face.eyes.mean(0))
    matrix = cv2.getRotationMatrix2D((x, y), face.roll, FACE_WIDTH / face.width)
    matrix[:, 2] += np.array([SIDE / 2, EYE_LINE]) - (x, y)
    return matrix


def _shown(source: Source, forward: np.ndarray) -> np.ndarray:
    """Boolean mask of the crop px that lie inside the source."""
    width, height = source.size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ forward[:, :2].T + forward[:, 2]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1)
    return mask.astype(bool)


def _warp(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    shrinkage = np.hypot(*matrix[:, 0])
    if shrinkage < 0.5:
        factor = 1 / np.floor(1 / shrinkage)
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        matrix = matrix / np.array([factor, factor, 1.0])
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

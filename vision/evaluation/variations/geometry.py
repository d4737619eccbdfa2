"""How the head lies in the picture, and from how near it was taken."""

from __future__ import annotations

import cv2
import numpy as np

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, CHIN, EYE_LEFT, EYE_RIGHT, FOREHEAD, OVAL
from vision.evaluation.variations.original import Original

FACE_WIDTH = 14.0  # cm from cheek to cheek, of grown people
STUDIO = 150.0  # cm between the camera and the eyes in the photos that are changed
RINGS = (1.2, 1.45, 1.7)  # of the outline of the face: where ears and hair are


def from_near(original: Original, distance: float) -> np.ndarray:
    """As a camera sees the head that is `distance` cm before the eyes: the nose grows, the ears
    shrink. The rim of the picture stays.
    """
    points = original.face.points
    eyes = points[[*EYE_LEFT, *EYE_RIGHT]].mean(0)
    middle = original.face.box.reshape(2, 2).mean(0)
    head = np.vstack([points, round_the_face(points)])
    depth = (head[:, 2] - eyes[2]) * FACE_WIDTH / original.face.width
    scale = distance / (distance + depth) * (STUDIO + depth) / STUDIO
    return original.moved(head[:, :2], middle + (head[:, :2] - middle) * scale[:, None])


def round_the_face(points: np.ndarray) -> np.ndarray:
    """Places (n, 3) of hair and ears, at the depth of the ears. Not those of the neck."""
    centre = points[[CHEEK_LEFT, CHEEK_RIGHT]].mean(0)
    centre[1] = points[[FOREHEAD, CHIN], 1].mean()
    rim = points[list(OVAL)] - centre
    rim[:, 2] = 0
    rim = rim[rim[:, 1] < 0.25 * np.abs(rim[:, 1]).max()]
    return np.vstack([centre + rim * part for part in RINGS])


def mirrored(original: Original) -> np.ndarray:
    return np.ascontiguousarray(original.rgb[:, ::-1])


def tilted_to(original: Original, degrees: float) -> np.ndarray:
    """Turned about the eyes until the head is tilted by `degrees`; the wall goes on at the rim."""
    centre = tuple(map(float, original.face.eyes.mean(0)))
    return _warped(original, cv2.getRotationMatrix2D(centre, original.face.roll - degrees, 1.0))


def shifted(original: Original, across: float) -> np.ndarray:
    """Moved to the right by `across` face widths; the wall goes on at the rim."""
    return _warped(original, np.array([[1, 0, across * original.face.width], [0, 1, 0]], np.float64))


def with_wall_above(original: Original, height: float) -> np.ndarray:
    """`height` is that of the added wall, in face widths."""
    rows = round(height * original.face.width)
    return cv2.copyMakeBorder(original.rgb, rows, 0, 0, 0, cv2.BORDER_REPLICATE)


def _warped(original: Original, matrix: np.ndarray) -> np.ndarray:
    height, width = original.rgb.shape[:2]
    return cv2.warpAffine(original.rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

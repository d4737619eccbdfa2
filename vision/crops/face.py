"""One face: its landmarks in the picture, and the aligned crop in which the rules measure.

Numbers in capitals are indices of mediapipe's 478 face-mesh landmarks. Left and right are those of
the picture, not of the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from vision.colour import Lab

CHEEK_LEFT, CHEEK_RIGHT = 234, 454
FOREHEAD, CHIN = 10, 152
EYE_LEFT = (33, 133)  # outer and inner corner
EYE_RIGHT = (263, 362)
IRIS_LEFT = (468, 469, 470, 471, 472)  # centre, then right, top, left, bottom of the rim
IRIS_RIGHT = (473, 474, 475, 476, 477)
CHEEK_PATCH_LEFT = (117, 118, 101, 36, 205, 187, 123, 116)
CHEEK_PATCH_RIGHT = (346, 347, 330, 266, 425, 411, 352, 345)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

CROP_WIDTH, CROP_HEIGHT = 320, 400
CROP_EYES = (160, 170)  # where the middle of the eyes lies in the crop
EYE_DISTANCE = 100  # px between the eye centres in the crop


@dataclass(frozen=True)
class Face:
    """Landmarks (478, 3) in pixels of the upright source; z in the same unit."""

    points: np.ndarray

    @property
    def xy(self) -> np.ndarray:
        return self.points[:, :2]

    @cached_property
    def eyes(self) -> np.ndarray:
        """(2, 2): centre of the left and of the right eye."""
        return np.array([self.xy[list(EYE_LEFT)].mean(0), self.xy[list(EYE_RIGHT)].mean(0)])

    @cached_property
    def eye_distance(self) -> float:
        return float(np.linalg.norm(self.eyes[1] - self.eyes[0]))

    @cached_property
    def width(self) -> float:
        """Cheek to cheek in px of the source."""
        return float(np.linalg.norm(self.xy[CHEEK_RIGHT] - self.xy[CHEEK_LEFT]))

    @cached_property
    def roll(self) -> float:
        """Degrees; positive when the right eye of the picture is lower."""
        dx, dy = self.eyes[1] - self.eyes[0]
        return float(np.degrees(np.arctan2(dy, dx)))

    @cached_property
    def box(self) -> np.ndarray:
        """(x0, y0, x1, y1) round all landmarks."""
        return np.concatenate([self.xy.min(0), self.xy.max(0)])


@dataclass(frozen=True)
class FaceCrop:
    """320 x 400 px; the eyes are level and 100 px apart.

    `points` are the landmarks in crop px. `back` (2, 3) maps crop px to fractions of the source.
    `enlarged` is crop px per px of the decoded picture; above 1, the crop was enlarged.
    """

    rgb: np.ndarray
    points: np.ndarray
    back: np.ndarray
    enlarged: float

    @cached_property
    def lab(self) -> Lab:
        return Lab(self.rgb)

    @cached_property
    def grey(self) -> np.ndarray:
        return cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)

    @cached_property
    def darkest(self) -> np.ndarray:
        """The smallest of the three channels. It is high only where a pixel is white, overexposed
        or shining.
        """
        return cv2.min(cv2.min(self.rgb[..., 0], self.rgb[..., 1]), self.rgb[..., 2])

    @cached_property
    def oval(self) -> np.ndarray:
        """Boolean mask of the face."""
        return self.polygon(OVAL)

    @cached_property
    def skin(self) -> np.ndarray:
        """Mean Lab of both cheeks."""
        return (self.cheeks[0] + self.cheeks[1]) / 2

    @cached_property
    def cheeks(self) -> np.ndarray:
        """(2, 3): Lab of the left and of the right cheek."""
        patches = (CHEEK_PATCH_LEFT, CHEEK_PATCH_RIGHT)
        return np.array([self.mean_lab(patch) for patch in patches])

    def mean_lab(self, indices: tuple[int, ...]) -> np.ndarray:
        """Mean Lab (3,) inside the convex hull of some landmarks."""
        patch, mask = self._patch(indices)
        return np.array(cv2.mean(patch, mask)[:3], np.float32)

    def patch_lab(self, indices: tuple[int, ...]) -> np.ndarray:
        """Lab (n, 3) of the pixels inside the convex hull of some landmarks."""
        patch, mask = self._patch(indices)
        return patch[mask.astype(bool)]

    def _patch(self, indices: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The bounding box of a hull in Lab, and the uint8 mask of the hull in it. A mask of the
        whole crop would cost fifty times more.
        """
        hull = self._hull(indices)
        x, y, width, height = cv2.boundingRect(hull)
        patch = self.lab[y : y + height, x : x + width]
        return patch, _filled(hull - (x, y), patch.shape[:2])

    def polygon(self, indices: tuple[int, ...]) -> np.ndarray:
        """Boolean mask of the convex hull of some landmarks."""
        return _filled(self._hull(indices), self.rgb.shape[:2]).astype(bool)

    def _hull(self, indices: tuple[int, ...]) -> np.ndarray:
        """Convex hull, clipped to the crop so that it contains at least one pixel."""
        points = np.clip(self.points[list(indices)], 0, (CROP_WIDTH - 1, CROP_HEIGHT - 1))
        return cv2.convexHull(np.round(points).astype(np.int32))

    def window(self, centre: np.ndarray, half_width: float, half_height: float) -> tuple[slice, slice]:
        """Rows and columns of a box around a point, clipped to the crop; never empty."""
        x = int(np.clip(round(centre[0]), 1, CROP_WIDTH - 2))
        y = int(np.clip(round(centre[1]), 1, CROP_HEIGHT - 2))
        rows = slice(max(0, y - int(half_height)), min(CROP_HEIGHT, y + int(half_height) + 1))
        return rows, slice(max(0, x - int(half_width)), min(CROP_WIDTH, x + int(half_width) + 1))

    def to_fractions(self, points: np.ndarray) -> list[list[float]]:
        """Crop px (n, 2) as fractions of the upright source."""
        return (np.atleast_2d(points) @ self.back[:, :2].T + self.back[:, 2]).tolist()


def _filled(hull: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """uint8 mask, 1 inside the hull."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, hull.astype(np.int32), 1)
    return mask


def align_face(picture: np.ndarray, size: np.ndarray, face: Face) -> FaceCrop:
    """Cut the aligned crop from `picture`, which is a decode of a source of `size` (width, height)
    px.
    """
    scale = picture.shape[1] / size[0]
    forward = _alignment(face)
    into_crop = forward / np.array([scale, scale, 1.0])
    shrinkage = np.hypot(*into_crop[:, 0])
    if shrinkage < 0.5:  # warping by more than half would alias and raise the sharpness measure
        factor = 1 / np.floor(1 / shrinkage)
        picture = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        into_crop = into_crop / np.array([factor, factor, 1.0])
    shape = (CROP_WIDTH, CROP_HEIGHT)
    rgb = cv2.warpAffine(picture, into_crop, shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    points = face.xy @ forward[:, :2].T + forward[:, 2]
    back = cv2.invertAffineTransform(forward) / size[:, None]
    return FaceCrop(rgb, points, back, float(shrinkage))


def _alignment(face: Face) -> np.ndarray:
    """2 x 3 matrix from source px to crop px."""
    centre = face.eyes.mean(0)
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), face.roll, EYE_DISTANCE / face.eye_distance)
    matrix[:, 2] += np.array(CROP_EYES) - centre
    return matrix

"""A photo whose face is known, and what a change of it needs: light, places, masks, warps."""

from __future__ import annotations

import copy
from functools import cached_property

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from vision.crops.face import OVAL, Face
from vision.measures import face_detection
from vision.source import Source, open_photo

MAP_STEP = 4  # px: warps are smooth, so they are worked out on a coarse grid
GAMMA = 2.2  # close to the curve of sRGB
WHOLE = 20_000  # px: more than any photo has, so that it is decoded whole
QUALITY = 92  # of a JPEG that a change is saved as


class Original:
    """`rgb` is uint8 (h, w, 3). Raises ValueError when there is no face, Unreadable when there is no
    photo.
    """

    def __init__(self, data: bytes) -> None:
        self.source: Source = open_photo(data)
        found = face_detection.detect_faces(self.source).main
        if found is None:
            raise ValueError("no face")
        self.rgb: np.ndarray = self.source.at_least(WHOLE)
        self.face: Face = found

    def with_pixels(self, rgb: np.ndarray) -> Original:
        """The same face in other pixels of the same size."""
        changed = copy.copy(self)
        changed.rgb = rgb
        return changed

    @property
    def linear(self) -> np.ndarray:
        """Light, float32 from 0 to 1."""
        return to_linear(self.rgb)

    @property
    def xy(self) -> np.ndarray:
        return self.face.xy

    @property
    def unit(self) -> float:
        """The distance of the eyes in px."""
        return self.face.eye_distance

    @cached_property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Columns and rows of every px, float32."""
        rows, columns = np.mgrid[: self.rgb.shape[0], : self.rgb.shape[1]].astype(np.float32)
        return columns, rows

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors of the face: across towards the right of the picture, and down."""
        across = np.diff(self.face.eyes, axis=0)[0] / self.unit
        return across, np.array([-across[1], across[0]])

    def at(self, index: int, across: float = 0.0, down: float = 0.0) -> np.ndarray:
        """A landmark, moved by eye distances along the axes of the face."""
        place: np.ndarray = self.xy[index] + self.unit * (across * self.axes[0] + down * self.axes[1])
        return place

    def area(self, indices: tuple[int, ...], feather: float = 0.02) -> np.ndarray:
        """Soft mask of the hull of some landmarks; feather in face widths."""
        return self.polygon(cv2.convexHull(self.xy[list(indices)].astype(np.float32))[:, 0], feather * self.face.width)

    def polygon(self, corners: np.ndarray, feather: float) -> np.ndarray:
        """Soft mask of a polygon in px; feather in px."""
        mask = np.zeros(self.rgb.shape[:2], np.float32)
        cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 1.0, shift=4)
        return cv2.GaussianBlur(mask, (0, 0), feather)

    def shading(self, sigma: float) -> np.ndarray:
        """Light on the scene, 1 in the middle of the face, blurred by `sigma` face widths."""
        light = cv2.GaussianBlur(self.linear.mean(2), (0, 0), sigma * self.face.width)
        return light / max(float(light[self.area(OVAL, 0.01) > 0.5].mean()), 1e-3)

    def remapped(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Every px from where x and y say."""
        where = (np.asarray(x, np.float32), np.asarray(y, np.float32))
        return cv2.remap(self.rgb, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    def moved(self, origins: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """The picture pulled so that `origins` land on `targets` (n, 2), straight in between, held at
        its rim.
        """
        height, width = self.rgb.shape[:2]
        rim = np.array([(x, y) for x in np.linspace(0, width, 9) for y in np.linspace(0, height, 9)])
        rim = rim[(rim[:, 0] % width == 0) | (rim[:, 1] % height == 0)]
        to, pull = np.vstack([targets, rim]), np.vstack([origins - targets, np.zeros_like(rim)])
        rows, columns = np.mgrid[0 : height + MAP_STEP : MAP_STEP, 0 : width + MAP_STEP : MAP_STEP]
        coarse = np.nan_to_num(LinearNDInterpolator(to, pull)(columns, rows)).astype(np.float32)
        x, y = self.grid
        fine = cv2.remap(coarse, x / MAP_STEP, y / MAP_STEP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self.remapped(x + fine[..., 0], y + fine[..., 1])


def to_linear(rgb: np.ndarray) -> np.ndarray:
    light: np.ndarray = (rgb.astype(np.float32) / 255) ** GAMMA
    return light


def developed(linear: np.ndarray) -> np.ndarray:
    """Light back to uint8 RGB; what is brighter than white is cut off."""
    rgb: np.ndarray = np.clip(np.clip(linear, 0, 1) ** (1 / GAMMA) * 255, 0, 255).astype(np.uint8)
    return rgb


def encode_jpeg(rgb: np.ndarray, quality: int = QUALITY) -> bytes:
    """With colour at half the resolution (4:2:0), as cameras and messengers store it."""
    done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()

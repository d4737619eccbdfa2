"""One photo that keeps the rules, and what every maker of a violation needs of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from vision import measure, networks, open_photo
from vision.face_crop import OVAL, Face
from vision.measures import face_detection

STRENGTHS = ("weak", "middle", "strong")
MAP_STEP = 4  # px: warps are smooth, so they are worked out on a coarse grid

Picture = np.ndarray


class Subject:
    """uint8 RGB, its landmarks and its person mask; `chance` is seeded per photo, `strength` is a third of the way from
    what just breaks a rule to what nobody overlooks."""

    def __init__(self, data: bytes, seed: int) -> None:
        source = open_photo(data)
        found = face_detection.detect_faces(source).main
        if found is None:
            raise ValueError("no face")
        self.rgb = source.at_least(10_000)
        self.face: Face = found
        self.seed = seed
        self.mask = cv2.resize(networks.person_mask(source.work), self.rgb.shape[1::-1])
        self.measures = measure(source)
        self.begin(0)

    def begin(self, strength: int) -> None:
        self.strength = strength
        self.chance = np.random.default_rng((self.seed, strength))

    def amount(self, weak: float, strong: float) -> float:
        """A number in this strength's third of the range."""
        return weak + (strong - weak) * (self.strength + self.chance.uniform()) / len(STRENGTHS)

    @property
    def linear(self) -> np.ndarray:
        return (self.rgb.astype(np.float32) / 255) ** 2.2

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
        return self.xy[index] + self.unit * (across * self.axes[0] + down * self.axes[1])

    def area(self, indices: tuple[int, ...], feather: float = 0.02) -> np.ndarray:
        """Soft mask of the hull of some landmarks; feather in face widths."""
        return self.polygon(cv2.convexHull(self.xy[list(indices)].astype(np.float32))[:, 0], feather * self.face.width)

    def polygon(self, corners: np.ndarray, feather: float) -> np.ndarray:
        """Soft mask of a polygon in px; feather in px."""
        mask = np.zeros(self.rgb.shape[:2], np.float32)
        cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 1.0, shift=4)
        return cv2.GaussianBlur(mask, (0, 0), feather)

    def lobe(self, centre: np.ndarray, radius: float) -> np.ndarray:
        x, y = self.grid
        away = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * (radius / 1.5) ** 2)
        return np.exp(-(away**1.5)).astype(np.float32)

    def shading(self, sigma: float) -> np.ndarray:
        """Light on the scene, 1 in the middle of the face, blurred by `sigma` face widths."""
        light = cv2.GaussianBlur(self.linear.mean(2), (0, 0), sigma * self.face.width)
        return light / max(float(light[self.area(OVAL, 0.01) > 0.5].mean()), 1e-3)

    @cached_property
    def wall(self) -> np.ndarray:
        """Median linear colour of what is nobody."""
        free = self.linear[self.mask < 0.05]
        return np.median(free, axis=0) if len(free) else np.full(3, 0.6, np.float32)

    def clothes(self) -> np.ndarray:
        """Soft mask of the person below the neck that is not skin."""
        lab = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
        face = lab[self.area(OVAL, 0.001) > 0.9].mean(0)
        unlike = np.linalg.norm((lab - face) * [0.15, 1, 1], axis=2) > 11
        area = (self.mask > 0.6) & unlike
        area[: int(self.xy[152, 1] + 0.25 * self.face.width)] = False
        area = cv2.morphologyEx(area.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9)))
        return cv2.GaussianBlur(cv2.morphologyEx(area, cv2.MORPH_OPEN, np.ones((21, 21))).astype(np.float32), (0, 0), 2)

    def remapped(self, x: np.ndarray, y: np.ndarray) -> Picture:
        """Every px from where x and y say."""
        where = (np.asarray(x, np.float32), np.asarray(y, np.float32))
        return cv2.remap(self.rgb, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    def moved(self, origins: np.ndarray, targets: np.ndarray) -> Picture:
        """The picture pulled so that `origins` land on `targets` (n, 2), straight in between, held at its rim."""
        height, width = self.rgb.shape[:2]
        rim = np.array([(x, y) for x in np.linspace(0, width, 9) for y in np.linspace(0, height, 9)])
        rim = rim[(rim[:, 0] % width == 0) | (rim[:, 1] % height == 0)]
        to, pull = np.vstack([targets, rim]), np.vstack([origins - targets, np.zeros_like(rim)])
        rows, columns = np.mgrid[0 : height + MAP_STEP : MAP_STEP, 0 : width + MAP_STEP : MAP_STEP]
        coarse = np.nan_to_num(LinearNDInterpolator(to, pull)(columns, rows)).astype(np.float32)
        x, y = self.grid
        fine = cv2.remap(coarse, x / MAP_STEP, y / MAP_STEP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self.remapped(x + fine[..., 0], y + fine[..., 1])


Make = Callable[[Subject], Picture]


def developed(linear: np.ndarray) -> Picture:
    return np.clip(np.clip(linear, 0, 1) ** (1 / 2.2) * 255, 0, 255).astype(np.uint8)


def laid_over(subject: Subject, linear: np.ndarray, area: np.ndarray) -> Picture:
    """`linear` where the soft mask `area` is 1."""
    return developed(subject.linear * (1 - area[..., None]) + linear * area[..., None])

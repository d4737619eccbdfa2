"""One photo that keeps the rules, and what every maker of a violation needs of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import cv2
import numpy as np

from vision import measure
from vision.crops.face import OVAL
from vision.evaluation.variations.original import Original, developed
from vision.networks import mediapipe_graphs

STRENGTHS = ("weak", "middle", "strong")

Picture = np.ndarray


class Subject(Original):
    """uint8 RGB, its landmarks and its person mask; `chance` is seeded per photo, `strength` is a third of the way from
    what just breaks a rule to what nobody overlooks."""

    def __init__(self, data: bytes, seed: int) -> None:
        super().__init__(data)
        self.seed = seed
        self.mask = cv2.resize(mediapipe_graphs.person_mask(self.source.work), self.rgb.shape[1::-1])
        self.measures = measure(self.source)
        self.begin(0)

    def begin(self, strength: int) -> None:
        self.strength = strength
        self.chance = np.random.default_rng((self.seed, strength))

    def amount(self, weak: float, strong: float) -> float:
        """A number in this strength's third of the range."""
        return weak + (strong - weak) * (self.strength + self.chance.uniform()) / len(STRENGTHS)

    def lobe(self, centre: np.ndarray, radius: float) -> np.ndarray:
        x, y = self.grid
        away = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * (radius / 1.5) ** 2)
        return np.exp(-(away**1.5)).astype(np.float32)

    @cached_property
    def wall(self) -> np.ndarray:
        """Median linear colour of what is nobody."""
        free = self.linear[self.mask < 0.05]
        return np.median(free, axis=0) if len(free) else np.full(3, 0.6, np.float32)

    def clothes(self) -> np.ndarray:
        """Soft mask of the person below the neck, and below the chin beside it, that is not skin."""
        lab = cv2.cvtColor(self.rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
        face = lab[self.area(OVAL, 0.001) > 0.9].mean(0)
        unlike = np.linalg.norm((lab - face) * [0.15, 1, 1], axis=2) > 11
        area = (self.mask > 0.6) & unlike
        chin, middle, wide = *self.xy[152, ::-1], self.face.width
        area[: int(chin)] = False
        area[: int(chin + 0.25 * wide), max(0, int(middle - 0.45 * wide)) : int(middle + 0.45 * wide)] = False
        area = cv2.morphologyEx(area.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9)))
        return cv2.GaussianBlur(cv2.morphologyEx(area, cv2.MORPH_OPEN, np.ones((21, 21))).astype(np.float32), (0, 0), 2)


Make = Callable[[Subject], Picture]


def laid_over(subject: Subject, linear: np.ndarray, area: np.ndarray) -> Picture:
    """`linear` where the soft mask `area` is 1."""
    return developed(subject.linear * (1 - area[..., None]) + linear * area[..., None])


__all__ = ["STRENGTHS", "Make", "Picture", "Subject", "developed", "laid_over"]

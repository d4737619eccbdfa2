"""The place of the portrait in the source."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np

WIDTH, HEIGHT = 480, 640


@dataclass(frozen=True)
class Crop:
    """(x, y): the point of the source in the middle of the portrait, as fractions. `scale`:
    portrait px per source px. `angle`: degrees by which the picture is turned clockwise to level
    the eyes.
    """

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

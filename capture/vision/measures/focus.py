"""Sharpness, measured on the eyes: hair and clothes may be anything, eyes always have edges."""

from __future__ import annotations

import cv2
import numpy as np

from ..face import IRIS_LEFT, IRIS_RIGHT, FaceCrop

HALF_WIDTH, HALF_HEIGHT = 34, 20


def measure(crop: FaceCrop) -> dict[str, object]:
    patches = [
        crop.grey[crop.window(crop.points[iris[0]], HALF_WIDTH, HALF_HEIGHT)] for iris in (IRIS_LEFT, IRIS_RIGHT)
    ]
    return {
        "sharpness": float(np.mean([edge_loss(patch) for patch in patches])),
        "texture": float(np.mean([texture(patch) for patch in patches])),
        "enlarged": crop.enlarged,
    }


def edge_loss(grey: np.ndarray) -> float:
    """Gradient energy over that after a blur of sigma 1.5: near 1 when the picture was blurred already."""
    return energy(grey) / max(energy(cv2.GaussianBlur(grey, (0, 0), 1.5)), 1e-6)


def energy(grey: np.ndarray) -> float:
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    return float(np.mean(across**2 + down**2))


def texture(grey: np.ndarray) -> float:
    """std(Laplacian) / std: falls also for motion blur, which keeps the edges along its direction."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(grey.std(), 1e-6))

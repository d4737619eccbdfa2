"""Sharpness, measured where faces have edges: eyes, brows, lips, nostrils, hairline.

The second best of these places counts. Narrow eyes, fair brows, a beard or a shaved head leave some places
without edges; blur and a shaken hand leave none.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from vision.crops.face import FOREHEAD, IRIS_LEFT, IRIS_RIGHT, FaceCrop

# Landmarks whose middle is looked at, how far above it, half width and half height in crop px.
PLACES: tuple[tuple[tuple[int, ...], int, int, int], ...] = (
    ((IRIS_LEFT[0],), 0, 40, 28),
    ((IRIS_RIGHT[0],), 0, 40, 28),
    ((105, 66), 0, 26, 12),  # brows
    ((334, 296), 0, 26, 12),
    ((13,), 0, 34, 16),  # lips
    ((2,), 2, 24, 12),  # nostrils
    ((FOREHEAD,), 12, 50, 22),  # hairline
)
SOFTER = 1.5  # px, sigma of the blur that a sharp picture must feel


def measure(crop: FaceCrop) -> dict[str, object]:
    patches = [
        crop.grey[crop.window(crop.points[list(landmarks)].mean(0) - (0, above), half_width, half_height)]
        for landmarks, above, half_width, half_height in PLACES
    ]
    return {
        "sharpness": second_best(edge_loss(patch) for patch in patches),
        "texture": second_best(texture(patch) for patch in patches),
        "enlarged": crop.enlarged,
    }


def second_best(values: Iterable[float]) -> float:
    return sorted(values)[-2]


def edge_loss(grey: np.ndarray) -> float:
    """How much gradient energy a blur removes, in the direction where it removes least: energy
    before divided by energy after.

    Near 1 when the picture was blurred already. A shaken hand blurs one direction only; the others
    still look sharp.

    The minimum of u'Au / u'Bu over directions u is the smaller eigenvalue of inverse(B) A, where A
    and B are the structure tensors of the patch before and after the blur.
    """
    sharp, soft = structure(grey), structure(cv2.GaussianBlur(grey, (0, 0), SOFTER))
    quotient = np.linalg.solve(soft + 1e-6 * np.eye(2), sharp)
    half_trace = np.trace(quotient) / 2
    return float(half_trace - np.sqrt(max(half_trace**2 - np.linalg.det(quotient), 0.0)))


def structure(grey: np.ndarray) -> np.ndarray:
    """(2, 2) structure tensor: mean products of the horizontal and vertical gradient."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0).ravel()
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1).ravel()
    mixed = across @ down
    return np.array([[across @ across, mixed], [mixed, down @ down]], np.float64) / grey.size


def texture(grey: np.ndarray) -> float:
    """std(Laplacian) / std. Every blur lowers it, a lens out of focus most."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(grey.std(), 1e-6))

"""Sharpness, measured on the eyes: they always have edges, while hair and clothes may have none."""

from __future__ import annotations

import cv2
import numpy as np

from vision.face_crop import IRIS_LEFT, IRIS_RIGHT, FaceCrop

HALF_WIDTH, HALF_HEIGHT = 40, 28
SOFTER = 1.5  # px, sigma of the blur that a sharp picture must feel


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

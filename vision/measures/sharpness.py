"""Sharpness, measured on the eyes: hair and clothes may be anything, eyes always have edges."""

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
    """Gradient energy over that after a blur, in the direction in which the blur takes least: near 1 where the picture was
    blurred already. A shaken hand blurs one direction only, and the others still look sharp.

    The least of u'Au / u'Bu over directions u is the smaller eigenvalue of inverse(B) A, A and B being the structure tensors
    of the patch before and after.
    """
    sharp, soft = structure(grey), structure(cv2.GaussianBlur(grey, (0, 0), SOFTER))
    quotient = np.linalg.solve(soft + 1e-6 * np.eye(2), sharp)
    half_trace = np.trace(quotient) / 2
    return float(half_trace - np.sqrt(max(half_trace**2 - np.linalg.det(quotient), 0.0)))


def structure(grey: np.ndarray) -> np.ndarray:
    """(2, 2): mean products of the gradient across and down."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0).ravel()
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1).ravel()
    mixed = across @ down
    return np.array([[across @ across, mixed], [mixed, down @ down]], np.float64) / grey.size


def texture(grey: np.ndarray) -> float:
    """std(Laplacian) / std: falls for every blur, most for a lens out of focus."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(grey.std(), 1e-6))

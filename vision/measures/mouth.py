"""Mouth: parted lips, teeth, a smile."""

from __future__ import annotations

import numpy as np

from vision.crops.face import EYE_DISTANCE, FaceCrop

INNER_LIPS = (13, 14)
CORNERS = (61, 291)
EYE_CORNERS = (33, 263)
OUTLINE = (61, 0, 291, 17, 40, 270, 91, 321)


def measure(crop: FaceCrop) -> dict[str, object]:
    points = crop.points
    gap = np.linalg.norm(points[INNER_LIPS[0]] - points[INNER_LIPS[1]])
    breadth = np.linalg.norm(points[CORNERS[0]] - points[CORNERS[1]])
    eyes = np.linalg.norm(points[EYE_CORNERS[0]] - points[EYE_CORNERS[1]])
    outline = points[list(OUTLINE)]
    return {
        "mouth_gap": float(gap) / EYE_DISTANCE,
        "smile": float(breadth) / max(float(eyes), 1e-6),
        "mouth_box": crop.to_fractions(np.array([outline.min(0), outline.max(0)])),
    }

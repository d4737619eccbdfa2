"""Size and pose of the head, from the landmarks alone."""

from __future__ import annotations

import numpy as np

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, CHIN, FOREHEAD, OVAL, Face
from vision.source import Source

# Landmarks that mirror each other on a symmetric head: (left, right) of the picture.
MIRRORED = (
    (33, 263), (133, 362), (159, 386), (145, 374), (70, 300), (63, 293), (105, 334), (66, 296), (107, 336),
    (109, 338), (67, 297), (103, 332), (54, 284), (21, 251), (162, 389), (127, 356), (234, 454), (93, 323),
    (132, 361), (58, 288), (172, 397), (136, 365), (150, 379), (61, 291), (117, 346), (101, 330), (205, 425),
    (187, 411), (123, 352), (116, 345), (50, 280), (49, 279), (98, 327), (129, 358),
)  # fmt: skip
# The middle between the ends of 130 upright heads under harmless changes; the means of three sets are -2.9, -5.1 and -7.5.
UPRIGHT_PITCH = -4.0


def measure(face: Face, source: Source) -> dict[str, object]:
    return {
        "face_width": face.width,
        "eye_distance": face.eye_distance,
        "roll": face.roll,
        "yaw": yaw(face.points),
        "pitch": pitch(face.points),
        "box": _fractions(face.box.reshape(2, 2), source),
        "eyes": _fractions(face.eyes, source),
        "cheeks": _fractions(face.xy[[CHEEK_LEFT, CHEEK_RIGHT]], source),
        "forehead": _fractions(face.xy[FOREHEAD], source),
        "chin": _fractions(face.xy[CHIN], source),
        "oval": _fractions(face.xy[list(OVAL)], source),
    }


def yaw(points: np.ndarray) -> float:
    """Degrees by which the head is turned; positive towards the right of the picture.

    The lines between mirrored landmarks are parallel to the normal of the head's plane of symmetry.
    """
    left, right = np.array(MIRRORED).T
    normal = (points[right] - points[left]).sum(0)
    return float(np.degrees(np.arctan2(normal[2], normal[0])))


def pitch(points: np.ndarray) -> float:
    """Degrees by which the chin is raised; 0 is how upright heads are held; the landmarks read lower."""
    x, y, z = points[FOREHEAD] - points[CHIN]
    return float(np.degrees(np.arctan2(z, np.hypot(x, y)))) - UPRIGHT_PITCH


def _fractions(points: np.ndarray, source: Source) -> list[object]:
    return (points / source.size).tolist()

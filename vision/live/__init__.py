"""Whether what stood before the camera in the second before the shutter was flat: read from a few small frames.

    measures = measure(film.read(data))  # plain numbers, named live_...; no verdict

What each number can say and what not stands in docs/judging.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT
from vision.live import motion
from vision.live.film import Frame, pixels
from vision.networks.mediapipe_graphs import face_meshes


def measure(frames: Sequence[Frame]) -> dict[str, float]:
    """Without a face or with too little to follow only `live_distinct`. Raises NotAFilm."""
    pictures = pixels(frames)
    found: dict[str, float] = {"live_distinct": len({picture.tobytes() for picture in pictures})}
    reference = len(pictures) // 2
    faces = face_meshes(pictures[reference])
    if not faces:
        return found
    face = max(faces, key=_width)
    greys = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
    tracks = motion.follow(greys, face, reference)
    if tracks is not None:
        found |= motion.measure(tracks, reference)
    return found


def _width(face: np.ndarray) -> float:
    return float(np.linalg.norm(face[CHEEK_RIGHT, :2] - face[CHEEK_LEFT, :2]))

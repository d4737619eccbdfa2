"""Whether the photo lies on its side or stands on its head, and which turn sets it right.

The landmarks do not always tell: the network fits them to a face upside down as if it were upright. The face
detector does: of 41 faces it was sure of the upright one by 0.82 and more, of the others by 0.86 at most,
and always by less than of the upright one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vision.crops.face import Face
from vision.measures.face_detection import DetectedFaces
from vision.networks import mediapipe_graphs
from vision.source import Source

ROLLED = 45.0  # degrees; nobody holds the head so
LYING = 60.0  # degrees; such a photo lies, even if no turn shows a face
UPRIGHT = 30.0  # degrees; a face that is held at most so is upright
CUT = 0.04  # of the portrait; such a photo is rejected anyway
SURE = 0.8  # score of the detector for an upright face
CLEAR = 0.05  # by how much that score is above those of the other turns


def may_lie(found: DetectedFaces) -> bool:
    """Whether it is worth to look: no face was found, one that no neck can hold, or one that the
    detector did not clearly see.
    """
    return found.main is None or abs(found.main.roll) > ROLLED or found.best_score < SURE


def is_cut(measures: Mapping[str, Any]) -> bool:
    """Whether so much of the person seems to lie beyond the photo that it is worth to look: a head
    upside down reads so, before a plain wall too, where the detector was not asked.
    """
    return measures.get("outside", 0.0) > CUT


def measure(source: Source, found: DetectedFaces) -> dict[str, object]:
    """`turn`: how many quarter turns clockwise set the photo upright, 0 when that is not clear.
    `lies`: 1 when the photo is not upright.
    """
    turned = [np.ascontiguousarray(np.rot90(source.small, -quarters)) for quarters in range(4)]
    scores = np.array([upright_score(picture) for picture in turned])
    roll = None if found.main is None else found.main.roll
    best, is_clear = likely_turn(scores, roll)
    if best == 0:
        return {"turn": 0, "lies": float(roll is not None and abs(roll) > LYING)}
    shows_face = any(abs(Face(points).roll) <= UPRIGHT for points in mediapipe_graphs.face_meshes(turned[best]))
    return {"turn": best if is_clear and shows_face else 0, "lies": 1.0}


def likely_turn(scores: np.ndarray, roll: float | None) -> tuple[int, bool]:
    """The turn of the best of four scores, and whether it is clear. `roll` is that of the landmarks,
    None without a face. (0, True) when the photo is upright, as far as can be told.
    """
    best = int(scores.argmax())
    if best == 0 or scores[best] < SURE:
        return 0, True
    is_clear = scores[best] - np.delete(scores, best).max() >= CLEAR
    if roll is None:
        return best, is_clear
    # The landmarks of a face that lies on its side do tell to which; of one upside down they may not.
    if abs(roll) <= ROLLED and (best != 2 or not is_clear):
        return 0, True
    return best, is_clear or best == round(-roll / 90) % 4


def upright_score(picture: np.ndarray) -> float:
    """The best score of a face in RGB whose mouth is below its eyes; 0 when there is none."""
    found = mediapipe_graphs.face_detections(picture)
    return max((face.score for face in found if abs(face.tilt) <= UPRIGHT), default=0.0)

"""Finds the main face and all other faces in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, CHIN, FOREHEAD, Face
from vision.networks import mediapipe_graphs
from vision.source import Source

NEAR_WIDTH = 110  # px in the searched picture; below it the landmarks are found again in an enlarged crop
CROP_SIDE = 640
MARGIN = 1.1  # of the face size, on every side of a crop
# What belongs to the one, in face widths from the middle of the face: hair to the sides, shoulders, hair above the forehead.
HAIR_REACH, SHOULDER_REACH, HAIR_HEIGHT, BELOW_CHIN = 1.0, 1.5, 0.9, 0.3
# px of edge a face width, at 320 px. Measured: a blurred stranger of 20% of the width leaves 3.0, a wall less than 1.0 (93% of faces).
MOST_EDGES = 0.75


@dataclass(frozen=True)
class DetectedFaces:
    """`faces` have landmarks, the largest first. `extra_boxes` are boxes, in px of the source, of
    faces that only the detector found. `best_score` is how sure it is (0-1) of the face that it saw
    best; 1 when it was not asked.
    """

    faces: tuple[Face, ...]
    extra_boxes: tuple[np.ndarray, ...]
    best_score: float = 1.0

    @property
    def main(self) -> Face | None:
        return self.faces[0] if self.faces else None

    @property
    def other_boxes(self) -> list[np.ndarray]:
        return [face.box for face in self.faces[1:]] + list(self.extra_boxes)


def detect_faces(source: Source) -> DetectedFaces:
    picture = source.small
    scale = source.width / picture.shape[1]
    faces = [Face(points * scale) for points in mediapipe_graphs.face_meshes(picture)]
    boxes, best_score = [], 1.0
    if len(faces) != 1 or not is_alone(source, faces[0]):
        detections = mediapipe_graphs.face_detections(picture)
        boxes = [detection.box * scale for detection in detections]
        best_score = max((detection.score for detection in detections), default=0.0)
    if not faces:
        faces = _find_in_boxes(source, boxes)
    faces.sort(key=lambda face: face.width, reverse=True)
    if faces and faces[0].width / scale < NEAR_WIDTH:
        faces[:1] = _find_in_crop(source, faces[0].box) or faces[:1]
    extra_boxes = [box for box in boxes if not any(_overlaps(box, face.box) for face in faces)]
    return DetectedFaces(tuple(faces), tuple(extra_boxes), best_score)


def measure(found: DetectedFaces, source: Source) -> dict[str, object]:
    if found.main is None:
        return {"faces": 0, "other_face": 0.0, "other_boxes": []}
    shares = [float(box[2] - box[0]) / found.main.width for box in found.other_boxes]
    return {
        "faces": 1 + len(found.other_boxes),
        "other_face": max(shares, default=0.0),
        "other_boxes": [(box / np.tile(source.size, 2)).tolist() for box in found.other_boxes],
    }


def is_alone(source: Source, face: Face) -> bool:
    """Whether there are nearly no edges around the person. Nobody can stand unseen before a plain
    wall, so the detector need not run.
    """
    picture = source.outlines
    edges = cv2.Canny(cv2.GaussianBlur(picture, (0, 0), 1), 20, 60)
    width = face.width * picture.shape[1] / source.width
    parts = _surroundings(edges, face.xy * (picture.shape[1] / source.width), width)
    return sum(cv2.countNonZero(part) for part in parts) < MOST_EDGES * width


def _surroundings(edges: np.ndarray, xy: np.ndarray, width: float) -> list[np.ndarray]:
    """The parts of the picture beside and above a face with its hair and shoulders, without empty
    parts.
    """
    middle = (xy[CHEEK_LEFT, 0] + xy[CHEEK_RIGHT, 0]) / 2
    reaches = (-SHOULDER_REACH, -HAIR_REACH, HAIR_REACH, SHOULDER_REACH)
    left, near_left, near_right, right = (max(0, int(middle + reach * width)) for reach in reaches)
    chin, hair = (max(0, int(y)) for y in (xy[CHIN, 1] + BELOW_CHIN * width, xy[FOREHEAD, 1] - HAIR_HEIGHT * width))
    parts = (
        edges[:, :left],
        edges[:, right:],
        edges[:chin, left:near_left],
        edges[:chin, near_right:right],
        edges[:hair, near_left:near_right],
    )
    return [part for part in parts if part.size]


def _find_in_boxes(source: Source, boxes: list[np.ndarray]) -> list[Face]:
    """Landmarks of the three largest boxes. The face mesh finds only faces that fill a good part of
    its input.
    """
    largest_first = sorted(boxes, key=lambda box: box[0] - box[2])
    return [face for box in largest_first[:3] for face in _find_in_crop(source, box)]


def _find_in_crop(source: Source, box: np.ndarray) -> list[Face]:
    """Landmarks of the largest face in a crop around `box` (px of the source), at up to 640 px."""
    x0, y0, x1, y1 = box
    margin = MARGIN * max(x1 - x0, y1 - y0)
    picture = source.at_least(max(source.width, source.height) * CROP_SIDE / (x1 - x0 + 2 * margin))
    scale = picture.shape[1] / source.width
    left, top = np.maximum(0, np.floor((np.array([x0, y0]) - margin) * scale)).astype(int)
    right, bottom = np.ceil((np.array([x1, y1]) + margin) * scale).astype(int)
    meshes = mediapipe_graphs.face_meshes(picture[top:bottom, left:right])
    if not meshes:
        return []
    largest = max(meshes, key=lambda points: np.ptp(points[:, 0]))
    return [Face((largest + np.array([left, top, 0])) / scale)]


def _overlaps(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the centre of one box lies inside the other."""
    return _contains(a, (b[:2] + b[2:]) / 2) or _contains(b, (a[:2] + a[2:]) / 2)


def _contains(box: np.ndarray, point: np.ndarray) -> bool:
    return bool(np.all(box[:2] <= point) and np.all(point <= box[2:]))

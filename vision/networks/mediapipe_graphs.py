"""The neural networks. Each process makes its own on first use: a mediapipe graph that was made
before fork() hangs in the child.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LEAST_FACE_SCORE = 0.5
# Names of glibc's malloc.h, and the values set: arenas, bytes.
MALLOC_OPTIONS = {
    "M_ARENA_MAX": (-8, 2),
    "M_MMAP_THRESHOLD": (-3, 4 << 20),
    "M_TRIM_THRESHOLD": (-1, 8 << 20),
}
_lock = threading.Lock()  # a graph processes one picture at a time
_quiet_until_found = {"mesh", "pose"}


def face_meshes(rgb: np.ndarray) -> list[np.ndarray]:
    """Up to 3 faces, each (478, 3): x and y in px of `rgb`, z in the same unit, negative towards
    the camera.
    """
    picture = pad_to_square(rgb)
    result = _run("mesh", picture)
    return [_points(face.landmark) * picture.shape[0] for face in result.multi_face_landmarks or ()]


class Detection(NamedTuple):
    """A face: its box (x0, y0, x1, y1) in px, how sure the detector is (0-1), and the direction from
    the eyes to the mouth, in degrees from straight down.
    """

    box: np.ndarray
    score: float
    tilt: float


def face_detections(rgb: np.ndarray) -> list[Detection]:
    """Every face up to about 5 m away, small faces included."""
    height, width = rgb.shape[:2]
    scale = np.array([width, height, width, height], np.float64)
    found = []
    for detection in _run("face_boxes", rgb).detections or ():
        b = detection.location_data.relative_bounding_box
        box = np.array([b.xmin, b.ymin, b.xmin + b.width, b.ymin + b.height]) * scale
        eyes, mouth = _eyes_and_mouth(detection, scale[:2])
        tilt = float(np.degrees(np.arctan2(*(mouth - eyes))))
        found.append(Detection(box, float(detection.score[0]), tilt))
    return found


def _eyes_and_mouth(detection: Any, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([(point.x, point.y) for point in detection.location_data.relative_keypoints]) * size
    return points[:2].mean(0), points[3]


def person_mask(rgb: np.ndarray) -> np.ndarray:
    """Probability of a person per pixel, float32 (h, w) of the size of `rgb`."""
    return _run("person", rgb).segmentation_mask


def pose_landmarks(rgb: np.ndarray) -> np.ndarray | None:
    """(33, 4): x, y, z in px, and visibility; None when no body is found."""
    picture = pad_to_square(rgb)
    landmarks = _run("pose", picture).pose_landmarks
    if landmarks is None:
        return None
    side = picture.shape[0]
    return np.array([(p.x * side, p.y * side, p.z * side, p.visibility) for p in landmarks.landmark], np.float64)


def pad_to_square(rgb: np.ndarray) -> np.ndarray:
    """`rgb` with grey added below or at the right. mediapipe places the landmarks of a tilted face
    wrongly in an oblong picture.
    """
    height, width = rgb.shape[:2]
    side = max(height, width)
    return cv2.copyMakeBorder(rgb, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT, value=(128, 128, 128))


def warm_up() -> None:
    """Make the networks that every photo needs and run them once, so that the first student does
    not wait for them.
    """
    blank = np.full((256, 256, 3), 128, np.uint8)
    face_meshes(blank)
    face_detections(blank)
    person_mask(blank)


def _points(landmarks: Any) -> np.ndarray:
    return np.array([(p.x, p.y, p.z) for p in landmarks], np.float64)


def _run(name: str, rgb: np.ndarray) -> Any:
    with _lock:
        model = _model(name, os.getpid())
        if name in _quiet_until_found:  # the first face makes the C++ side write one more line to stderr
            with _quiet():
                result = model.process(np.ascontiguousarray(rgb))
            if getattr(result, "multi_face_landmarks", None) or getattr(result, "pose_landmarks", None):
                _quiet_until_found.discard(name)
            return result
        return model.process(np.ascontiguousarray(rgb))


@lru_cache(maxsize=8)
def _model(name: str, pid: int) -> Any:
    """`pid` is part of the cache key, so that a child of fork() makes its own models."""
    # One photo is one task on one core. OpenCV's own threads would slow down the other workers.
    cv2.setNumThreads(1)
    _limit_kept_memory()
    with _quiet():
        model = MAKERS[name]()
        model.process(np.zeros((256, 256, 3), np.uint8))
    return model


def _limit_kept_memory() -> None:
    """Make malloc return what a photo needed (glibc only).

    One arena for each of the dozen threads would keep 20 MB more in every worker. The thresholds
    would grow with the largest picture; fixed, they keep 20 MB less.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        for option, value in MALLOC_OPTIONS.values():
            mallopt(option, value)


def _solution(name: str) -> Any:
    """A module of mediapipe.python.solutions.

    The packages around it are entered without their own imports, which would load all solutions,
    the task library and matplotlib: 30 MB that no network needs.
    """
    for package in ("mediapipe", "mediapipe.python", "mediapipe.python.solutions"):
        if package not in sys.modules:
            spec = importlib.util.find_spec(package)
            assert spec is not None
            sys.modules[package] = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # protobuf prints deprecation warnings
        return importlib.import_module(f"mediapipe.python.solutions.{name}")


def _mesh() -> Any:
    return _solution("face_mesh").FaceMesh(
        static_image_mode=True, max_num_faces=3, refine_landmarks=True, min_detection_confidence=0.5
    )


def _face_boxes() -> Any:
    return _solution("face_detection").FaceDetection(model_selection=1, min_detection_confidence=LEAST_FACE_SCORE)


def _person() -> Any:
    return _solution("selfie_segmentation").SelfieSegmentation(model_selection=0)


def _pose() -> Any:
    return _without_xnnpack(_solution("pose").Pose)(static_image_mode=True, model_complexity=1)


def _without_xnnpack(solution: Any) -> Any:
    """The solution on TensorFlow Lite's own kernels, for a large network that few photos need.

    XNNPACK is 2.5 times as fast but keeps all weights a second time, 42 MB of the pose network. The
    results differ by rounding only.
    """
    from mediapipe.calculators.tensor.inference_calculator_pb2 import InferenceCalculatorOptions

    class OwnKernels(solution):
        def _initialize_graph_interface(self, *args: Any) -> Any:
            graph = super()._initialize_graph_interface(*args)
            for node in graph.node:
                if node.calculator.startswith("InferenceCalculator"):
                    node.options.Extensions[InferenceCalculatorOptions.ext].delegate.tflite.SetInParent()
            return graph

    return OwnKernels


MAKERS: dict[str, Callable[[], Any]] = {"mesh": _mesh, "face_boxes": _face_boxes, "person": _person, "pose": _pose}


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence stderr. The C++ side writes to it before any log level applies, and nothing of it
    helps an operator.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    void = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(void, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(void)

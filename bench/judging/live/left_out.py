"""Measures that were tried and left out of the product, because they do not separate (docs/judging.md).

`live_light_sure`: whether the face follows the light of the page: a screen shines by itself, a wall is too far away to become
brighter. `mesh_share`: how far the landmarks of the face network move otherwise than a plane, over their motion. `moving_colour`:
how much the fine colours of the skin change while the face is held still by its landmarks: moiré moves.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, OVAL
from vision.live import motion
from vision.networks.mediapipe_graphs import face_meshes

BURNT, DARK = 245, 12
MOST_LATE = 2  # frames
AWAY = 0.75  # face widths from the face's middle from which the surroundings count


def measure(pictures: list[np.ndarray], lights: list[float]) -> dict[str, float]:
    faces = [face_meshes(picture) for picture in pictures]
    reference = len(pictures) // 2
    if not all(faces):
        return {}
    points = np.array([found[0][:, :2] for found in faces], np.float32)
    face = points[reference]
    width = float(np.linalg.norm(face[CHEEK_RIGHT] - face[CHEEK_LEFT]))
    tracks = motion.Tracks(points, width)
    return {
        "mesh_share": motion.measure(tracks, reference).get("live_share", float("nan")),
        "moving_colour": _moving_colour(pictures, points, reference),
        **_light(pictures, face, width, lights),
    }


def _moving_colour(pictures: list[np.ndarray], points: np.ndarray, reference: int) -> float:
    mask = _oval(pictures[0].shape, points[reference], 0.08)
    shown = []
    for picture, places in zip(pictures, points, strict=True):
        matrix, _ = cv2.estimateAffine2D(places, points[reference])
        colours = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(np.float32)
        held = cv2.warpAffine(colours, matrix, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        shown.append(cv2.GaussianBlur(held, (0, 0), 1.5) - cv2.GaussianBlur(held, (0, 0), 8))
    return round(float(np.std(np.array(shown), axis=0)[mask].mean()), 4)


def _oval(shape: tuple[int, ...], face: np.ndarray, rim: float) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(face[list(OVAL)]).astype(np.int32)), 1)
    width = np.linalg.norm(face[CHEEK_RIGHT] - face[CHEEK_LEFT])
    return cv2.erode(mask, np.ones((3, 3)), iterations=max(1, round(width * rim))).astype(bool)


def _light(pictures: list[np.ndarray], face: np.ndarray, width: float, lights: list[float]) -> dict[str, float]:
    """`live_light`: how many percent brighter the face became against its surroundings while the page was brightest;
    `live_light_sure`: the same in its own spread."""
    light = np.array(lights)
    if light.max() - light.min() < 0.3:
        return {}
    oval = _oval(pictures[0].shape, face, 0.06)
    middle = face.mean(0)
    y, x = np.mgrid[0 : oval.shape[0], 0 : oval.shape[1]]
    beside = (np.abs(x - middle[0]) > AWAY * width) & (y < middle[1] + 0.5 * width) | (y < middle[1] - 1.3 * width)
    values = np.array([_ratio(picture, oval, beside) for picture in pictures])
    if np.isnan(values).any():
        return {}
    best = max(
        (_slope(values, _late(light, frames)) for frames in range(MOST_LATE + 1)), key=lambda found: found[0] / found[1]
    )
    return {"live_light": round(best[0] * 100, 3), "live_light_sure": round(best[0] / best[1], 2)}


def _late(light: np.ndarray, frames: int) -> np.ndarray:
    """A camera shows the light of the page some frames later."""
    return np.concatenate([np.repeat(light[:1], frames), light[: len(light) - frames]])


def _slope(values: np.ndarray, light: np.ndarray) -> tuple[float, float]:
    """(slope, its spread) of the values on the light, beside a steady drift."""
    known = np.stack([light - light.mean(), np.ones_like(light), np.linspace(-1, 1, len(light))], 1)
    found, *_ = np.linalg.lstsq(known, values, rcond=None)
    left = values - known @ found
    spread = np.sqrt((left**2).sum() / max(1, len(values) - 3) / max(1e-9, ((light - light.mean()) ** 2).sum()))
    return float(found[0]), float(max(spread, 1e-6))


def _ratio(picture: np.ndarray, face: np.ndarray, beside: np.ndarray) -> float:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    means = []
    for area in (face, beside):
        seen = grey[area & (grey < BURNT) & (grey > DARK)]
        if len(seen) < 200:
            return float("nan")
        means.append(np.log(((seen / 255.0) ** 2.2).mean()))
    return float(means[0] - means[1])

"""Whether what moves is a flat picture: points on and round the face are followed from frame to frame.

All points of a plane move by one homography. A head before a wall does not: its nose is nearer than its ears, its hair nearer
than the wall, and it turns. What the best homography leaves over is therefore relief, once it is more than the noise of the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT

MOST_POINTS = 220
LEAST_POINTS = 40
AROUND = (0.85, 0.95, 1.05)  # face widths beside, above and below the face's middle within which points are followed
BACK = 0.4  # px: a point that does not find back to where it was is lost
WINDOW, LEVELS, STEPS = (15, 15), 2, (3, 30, 0.003)


@dataclass(frozen=True)
class Tracks:
    """`places`: (frames, points, 2) px. `width`: of the face, px."""

    places: np.ndarray
    width: float


def follow(greys: list[np.ndarray], face: np.ndarray, reference: int) -> Tracks | None:
    """None where too little can be followed. `face`: landmarks in the frame number `reference`."""
    width = float(np.linalg.norm(face[CHEEK_RIGHT, :2] - face[CHEEK_LEFT, :2]))
    middle = face[:, :2].mean(0)
    area = np.zeros(greys[0].shape, np.uint8)
    beside, above, below = (share * width for share in AROUND)
    x0, x1, y0, y1 = middle[0] - beside, middle[0] + beside, middle[1] - above, middle[1] + below
    area[max(2, int(y0)) : max(0, int(y1)), max(2, int(x0)) : max(0, int(x1))] = 255
    found = cv2.goodFeaturesToTrack(greys[reference], MOST_POINTS, 0.004, 3, mask=area, blockSize=5)
    if found is None or len(found) < LEAST_POINTS:
        return None
    places = np.zeros((len(greys), len(found), 2), np.float32)
    kept = np.ones(len(found), bool)
    for way in (range(reference - 1, -1, -1), range(reference + 1, len(greys))):
        start = found
        for number in way:  # the last place is the first guess of the next
            moved, good = _flow(greys[reference], greys[number], found, start)
            back, again = _flow(greys[number], greys[reference], moved, found)
            away = np.linalg.norm((back - found)[:, 0], axis=1)
            kept &= (good[:, 0] == 1) & (again[:, 0] == 1) & (away < BACK)
            places[number] = moved[:, 0]
            start = moved
    places[reference] = found[:, 0]
    if kept.sum() < LEAST_POINTS:
        return None
    return Tracks(places[:, kept], width)


def _flow(start: np.ndarray, end: np.ndarray, points: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(where the points are in `end`, whether each was found)."""
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        start,
        end,
        points,
        guess.copy(),
        winSize=WINDOW,
        maxLevel=LEVELS,
        criteria=STEPS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return moved, found


def measure(tracks: Tracks, reference: int) -> dict[str, float]:
    """`live_motion`: how far the points moved; `live_relief`: how far they moved otherwise than one plane, and went together in
    it; `live_noise`: the rest. All are root mean squares in parts of the face's width. `live_share`: relief over motion."""
    first = tracks.places[reference]
    moved, left = [], []
    for number, places in enumerate(tracks.places):
        if number == reference:
            continue
        matrix = _homography(first, places)
        if matrix is None:
            return {}
        expected = cv2.perspectiveTransform(first[None], matrix)[0]
        moved.append(expected - first)
        left.append(places - expected)
    relief, noise = _common(np.array(left))
    rms = float(np.sqrt((np.array(moved) ** 2).sum(2).mean()))
    return {
        "live_motion": round(rms / tracks.width, 6),
        "live_relief": round(relief / tracks.width, 6),
        "live_share": round(relief / max(rms, 1e-6), 5),
        "live_noise": round(noise / tracks.width, 6),
    }


def _homography(start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    matrix, _ = cv2.findHomography(start.astype(np.float64), end.astype(np.float64), 0)
    return matrix


def _common(left: np.ndarray) -> tuple[float, float]:
    """(what of the remainders goes together over time, what does not): rms in px a point. Relief moves all points by one course
    of time each of its own strength; noise has no course."""
    frames, points, _ = left.shape
    values = np.linalg.svd(left.reshape(frames, points * 2), compute_uv=False)
    each = values**2 / (frames * points)
    return float(np.sqrt(each[0])), float(np.sqrt(each[1:].sum()))

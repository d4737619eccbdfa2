"""Signs that the photo shows a screen or a print, or was smoothed by a beauty filter. These
measures only lead to warnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import cv2
import numpy as np

from vision.face_crop import CHEEK_PATCH_LEFT, CHEEK_PATCH_RIGHT, CROP_HEIGHT, CROP_WIDTH, Face, FaceCrop
from vision.source import Source

SPECTRUM = 256
LEFT, TOP = 32, 72  # of the patch in the crop
ONE_TO_ONE = 0.85  # shrunk less, the crop shows what the decode shows
NOSE = 1
RING_FROM, RING_TO = 0.12, 0.5  # cycles a pixel: below lies the face itself
ON_AXIS = 3  # rows and columns of the spectrum where JPEG blocks and picture borders put their energy
BORDER = 3  # px at the rim of the picture, where decoding leaves lines
LONG_LINE = 0.3  # of the shorter side
SLANT = 0.2
ROOM = 0.3  # face widths
FINE, REACH = 2.0, 8  # px: sigma of the blur that detail is measured against, and how far it looks


def measure_face(crop: FaceCrop) -> dict[str, object]:
    return {"skin_detail": skin_detail(crop)}


def measure_screen(picture: np.ndarray, source: Source, face: Face, crop: FaceCrop) -> dict[str, object]:
    """`picture` is the decode that the crop was cut from. A fine grid is lost in the crop, and a
    coarse one shows better in it; so both are measured.
    """
    shown = spectral_peak(crop.grey[TOP : TOP + SPECTRUM, LEFT : LEFT + SPECTRUM])
    patch = (
        _round_the_nose(picture, face.xy[NOSE] * picture.shape[1] / source.width)
        if crop.enlarged < ONE_TO_ONE
        else None
    )
    return {"screen": shown if patch is None else max(shown, spectral_peak(patch))}


def _round_the_nose(picture: np.ndarray, nose: np.ndarray) -> np.ndarray | None:
    """A grey square around the nose in decoded px; None when the picture is smaller than the
    square.
    """
    height, width = picture.shape[:2]
    if min(height, width) < SPECTRUM:
        return None
    x, y = (nose - SPECTRUM / 2).clip(0, (width - SPECTRUM, height - SPECTRUM)).astype(int)
    return cv2.cvtColor(picture[y : y + SPECTRUM, x : x + SPECTRUM], cv2.COLOR_RGB2GRAY).astype(np.float32)


def spectral_peak(patch: np.ndarray) -> float:
    """The strongest peak of the log spectrum over its surroundings, axes left out. The grid of a
    screen makes such a peak.

    `patch` is 256 x 256. Half of the spectrum is enough, because the other half mirrors it.
    """
    transformed = cv2.dft((patch - patch.mean()) * _window(), flags=cv2.DFT_COMPLEX_OUTPUT)[:, : SPECTRUM // 2 + 1]
    spectrum = np.roll(np.log1p(np.hypot(transformed[..., 0], transformed[..., 1])), SPECTRUM // 2, axis=0)
    ratio = spectrum / np.maximum(cv2.blur(spectrum, (15, 15)), 1.0)
    return float(ratio[_ring()].max())


@cache
def _window() -> np.ndarray:
    return np.outer(np.hanning(SPECTRUM), np.hanning(SPECTRUM)).astype(np.float32)


@cache
def _ring() -> np.ndarray:
    rows, columns = np.abs(np.arange(SPECTRUM) - SPECTRUM // 2), np.arange(SPECTRUM // 2 + 1)
    radius = np.hypot(rows[:, None], columns[None, :]) / SPECTRUM
    off_axis = (rows[:, None] > ON_AXIS) & (columns[None, :] > ON_AXIS)
    return (radius > RING_FROM) & (radius < RING_TO) & off_axis


def skin_detail(crop: FaceCrop) -> float:
    """Standard deviation of the fine detail of the cheeks, in grey levels: pores and noise, which
    beauty filters remove.
    """
    return float(np.concatenate([fine_detail(crop, CHEEK_PATCH_LEFT), fine_detail(crop, CHEEK_PATCH_RIGHT)]).std())


def fine_detail(crop: FaceCrop, indices: tuple[int, ...]) -> np.ndarray:
    """Grey levels (n,) inside the hull of some landmarks, minus those of the blurred picture."""
    points = np.clip(crop.points[list(indices)], 0, (CROP_WIDTH - 1, CROP_HEIGHT - 1))
    hull = cv2.convexHull(np.round(points).astype(np.int32))
    x, y, width, height = cv2.boundingRect(hull)
    left, top = max(0, x - REACH), max(0, y - REACH)
    grey = crop.grey[top : y + height + REACH, left : x + width + REACH]
    mask = np.zeros(grey.shape, np.uint8)
    cv2.fillConvexPoly(mask, hull - (left, top), 1)
    return (grey - cv2.GaussianBlur(grey, (0, 0), FINE))[mask.astype(bool)]


def measure_frame(source: Source, face: Face) -> dict[str, object]:
    """On how many of its four sides a long straight line frames the face: the border of a screen or
    of a print.

    A door or a window makes one or two such lines.
    """
    picture = source.outlines
    box = face.box * (picture.shape[1] / source.width)
    edges = cv2.Canny(picture, 60, 160)
    left, top, right, bottom = np.maximum(_with_room(box), 0).astype(int)
    edges[top:bottom, left:right] = 0  # no side runs there, and the face would cost the search half of its time
    edges = cv2.dilate(edges, np.ones((2, 2), np.uint8))  # a line seen at a slant climbs in steps
    edges[:BORDER] = edges[-BORDER:] = 0
    edges[:, :BORDER] = edges[:, -BORDER:] = 0
    least = int(LONG_LINE * min(picture.shape[:2]))
    lines = cv2.HoughLinesP(edges, 1, np.pi / 90, 45, minLineLength=least, maxLineGap=8)
    found = _longest_by_side([] if lines is None else lines[:, 0], box)
    size = np.array(picture.shape[1::-1])
    return {"frame_sides": len(found), "frame_lines": [(line.reshape(2, 2) / size).tolist() for line in found]}


def _longest_by_side(lines: Iterable[np.ndarray], box: np.ndarray) -> list[np.ndarray]:
    """The longest of the lines (x0, y0, x1, y1) along each side of the face."""
    longest: dict[str | None, np.ndarray] = {}
    for line in sorted(lines, key=lambda line: np.hypot(line[2] - line[0], line[3] - line[1])):
        longest[_side(line, box)] = line
    return [line for side, line in longest.items() if side]


def _with_room(box: np.ndarray) -> np.ndarray:
    """The box (x0, y0, x1, y1), enlarged by the distance that a line must keep from the face."""
    room = ROOM * (box[2] - box[0])
    return box + np.array([-room, -room, room, room])


def _side(line: np.ndarray, box: np.ndarray) -> str | None:
    """The side of the face along which a level or upright line runs; None when it runs through the
    face or at a slant.
    """
    x0, y0, x1, y1 = (float(value) for value in line)
    left, top, right, bottom = _with_room(box)
    if abs(y1 - y0) <= SLANT * abs(x1 - x0):
        middle = (y0 + y1) / 2
        return "above" if middle < top else "below" if middle > bottom else None
    if abs(x1 - x0) <= SLANT * abs(y1 - y0):
        middle = (x0 + x1) / 2
        return "left" if middle < left else "right" if middle > right else None
    return None

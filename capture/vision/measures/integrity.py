"""Signs that the photo was taken from a screen or a print, or smoothed by a beauty filter. They only warn."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from ..face import CHEEK_PATCH_LEFT, CHEEK_PATCH_RIGHT, Face, FaceCrop
from ..source import Source, shrink

SPECTRUM = 256
RING_FROM, RING_TO = 0.12, 0.5  # cycles a pixel: below lies the face itself
ON_AXIS = 3  # rows and columns of the spectrum where JPEG blocks and picture borders put their energy
FRAME_SIDE = 340
BORDER = 3  # px at the rim of the picture, where decoding leaves lines
LONG_LINE = 0.3  # of the shorter side
SLANT = 0.2
ROOM = 0.3  # face widths


def measure_face(crop: FaceCrop) -> dict[str, object]:
    return {"screen": spectral_peak(crop.grey), "skin_detail": skin_detail(crop)}


def spectral_peak(grey: np.ndarray) -> float:
    """Strongest off-axis peak of the log spectrum over its surroundings: the grid of a screen makes one."""
    patch = grey[72 : 72 + SPECTRUM, 32 : 32 + SPECTRUM]
    window = _window()
    real, imaginary = cv2.split(cv2.dft((patch - patch.mean()) * window, flags=cv2.DFT_COMPLEX_OUTPUT))
    spectrum = np.log1p(np.fft.fftshift(cv2.magnitude(real, imaginary)))
    ratio = spectrum / np.maximum(cv2.blur(spectrum, (15, 15)), 1.0)
    return float(ratio[_ring()].max())


@cache
def _window() -> np.ndarray:
    return np.outer(np.hanning(SPECTRUM), np.hanning(SPECTRUM)).astype(np.float32)


@cache
def _ring() -> np.ndarray:
    steps = np.abs(np.arange(SPECTRUM) - SPECTRUM // 2)
    radius = np.hypot(steps[:, None], steps[None, :]) / SPECTRUM
    off_axis = (steps[:, None] > ON_AXIS) & (steps[None, :] > ON_AXIS)
    return (radius > RING_FROM) & (radius < RING_TO) & off_axis


def skin_detail(crop: FaceCrop) -> float:
    """Standard deviation of the fine detail of the cheeks over grey levels: pores and noise that filters wipe away."""
    detail = crop.grey - cv2.GaussianBlur(crop.grey, (0, 0), 2)
    cheeks = crop.polygon(CHEEK_PATCH_LEFT) | crop.polygon(CHEEK_PATCH_RIGHT)
    return float(detail[cheeks].std())


def measure_frame(source: Source, face: Face) -> dict[str, object]:
    """On how many of its four sides the face is framed by a long straight line: a bezel, or the border of a print.

    A door or a window frame makes one or two.
    """
    picture = shrink(source.small, max(1, round(max(source.small.shape[:2]) / FRAME_SIDE)))
    box = face.box * (picture.shape[1] / source.width)
    edges = cv2.Canny(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 60, 160)
    left, top, right, bottom = np.maximum(_with_room(box), 0).astype(int)
    edges[top:bottom, left:right] = 0  # no side runs there, and the face would cost the search half of its time
    edges = cv2.dilate(edges, np.ones((2, 2), np.uint8))  # a line seen at a slant climbs in steps
    edges[:BORDER] = edges[-BORDER:] = 0
    edges[:, :BORDER] = edges[:, -BORDER:] = 0
    least = int(LONG_LINE * min(picture.shape[:2]))
    lines = cv2.HoughLinesP(edges, 1, np.pi / 180, 45, minLineLength=least, maxLineGap=8)
    sides = set() if lines is None else {_side(line, box) for line in lines[:, 0]}
    return {"frame_sides": len(sides - {None})}


def _with_room(box: np.ndarray) -> np.ndarray:
    """The box (x0, y0, x1, y1) grown by what a side must stay away from the face."""
    room = ROOM * (box[2] - box[0])
    return box + np.array([-room, -room, room, room])


def _side(line: np.ndarray, box: np.ndarray) -> str | None:
    """Which side of the face a level or upright line runs along, well away from it."""
    x0, y0, x1, y1 = (float(value) for value in line)
    left, top, right, bottom = _with_room(box)
    if abs(y1 - y0) <= SLANT * abs(x1 - x0):
        middle = (y0 + y1) / 2
        return "above" if middle < top else "below" if middle > bottom else None
    if abs(x1 - x0) <= SLANT * abs(y1 - y0):
        middle = (x0 + x1) / 2
        return "left" if middle < left else "right" if middle > right else None
    return None

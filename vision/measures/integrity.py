"""Signs that the photo shows a screen or a print, or was smoothed by a beauty filter. These
measures only lead to warnings.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from vision.colour import Lab
from vision.crops.face import CHEEK_PATCH_LEFT, CHEEK_PATCH_RIGHT, CROP_HEIGHT, CROP_WIDTH, Face, FaceCrop
from vision.source import Source

SPECTRUM = 256
LEFT, TOP = 32, 72  # of the patch in the crop
ONE_TO_ONE = 0.85  # shrunk less, the crop shows what the decode shows
NOSE = 1
RING_FROM, RING_TO = 0.12, 0.5  # cycles a pixel: below lies the face itself
ON_AXIS = 3  # rows and columns of the spectrum where JPEG blocks and picture borders put their energy
BORDER = 3  # px at the rim of the picture, where decoding leaves lines
LONG_LINE = 0.25  # of the shorter side
SLANT = 0.2
COARSE, STRONGEST = 3, 98.0
ROOM, ROOM_BELOW = 0.3, 0.18  # face widths
STRAIGHT, GAP, CORNER, INSIDE = 0.012, 0.12, 0.035, 0.02  # of the shorter side
BELOW_FACE = 0.3  # face widths that a line below must reach to both sides of the face's middle
FINE, REACH = 2.0, 8  # px: sigma of the blur that detail is measured against, and how far it looks


def measure_picture(source: Source) -> dict[str, object]:
    """How strong the strongest colours of the whole picture are: the 98th percentile of chroma."""
    colours = Lab(np.ascontiguousarray(source.small[::COARSE, ::COARSE]))[:]
    return {"picture_chroma": float(np.percentile(np.hypot(colours[..., 1], colours[..., 2]), STRONGEST))}


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
    """How many lower corners (0-2) of the border of a print or screen are seen, and its lines.

    The line below runs across the middle of the face, where the wall behind a person is hidden, and
    ends where an upright line at the side of the face ends. Doors, shelves and tables have no such
    corner.
    """
    picture = source.outlines
    box = face.box * (picture.shape[1] / source.width)
    size = np.array(picture.shape[1::-1])
    found = _border(_long_lines(picture, box), box, size)
    lines = [(line.reshape(2, 2) / size).tolist() for line in found]
    return {"frame_corners": max(0, len(found) - 1), "frame_lines": lines}


def _long_lines(picture: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Long straight lines (n, 4) of a grey picture: x0, y0, x1, y1. Around the face none is looked
    for.
    """
    edges = cv2.Canny(picture, 60, 160)
    room = np.array([-ROOM, -ROOM, ROOM, ROOM_BELOW]) * (box[2] - box[0])
    left, top, right, bottom = np.maximum(box + room, 0).astype(int)
    edges[top:bottom, left:right] = 0  # no side runs there, and the face would cost the search half of its time
    edges = cv2.dilate(edges, np.ones((2, 2), np.uint8))  # a line seen at a slant climbs in steps
    edges[:BORDER] = edges[-BORDER:] = 0
    edges[:, :BORDER] = edges[:, -BORDER:] = 0
    least = int(LONG_LINE * min(picture.shape[:2]))
    lines = cv2.HoughLinesP(edges, 1, np.pi / 90, 45, minLineLength=least, maxLineGap=8)
    return np.empty((0, 4)) if lines is None else lines[:, 0].astype(float)


def _border(lines: np.ndarray, box: np.ndarray, size: np.ndarray) -> list[np.ndarray]:
    """The line below the face with the most closed corners, then the upright lines that close them."""
    shorter = float(size.min())
    run = np.abs(lines[:, 2:] - lines[:, :2])
    below = _joined(lines[(run[:, 1] <= SLANT * run[:, 0]) & (lines[:, [1, 3]].mean(1) > box[3])], 0, shorter)
    upright = _joined(lines[run[:, 0] <= SLANT * run[:, 1]], 1, shorter)
    middle, reach = (box[0] + box[2]) / 2, BELOW_FACE * (box[2] - box[0])
    best: list[np.ndarray] = []
    for line in below:
        if line[0] > middle - reach or line[2] < middle + reach:
            continue
        sides = [_side_at(end, upright, box, size) for end in (line[:2], line[2:])]
        closed = [side for side in sides if side is not None]
        if len(closed) >= max(1, len(best)):
            best = [line, *closed]
    return best


def _side_at(corner: np.ndarray, upright: list[np.ndarray], box: np.ndarray, size: np.ndarray) -> np.ndarray | None:
    """The upright line beside the face that ends at this corner; None when there is none, or when
    the corner lies at the rim of the picture.
    """
    shorter = float(size.min())
    if (corner < INSIDE * shorter).any() or (corner > size - INSIDE * shorter).any():
        return None
    for line in upright:
        if np.hypot(*(line[2:] - corner)) <= CORNER * shorter and not box[0] <= line[2] <= box[2]:
            return line
    return None


def _joined(lines: np.ndarray, axis: int, shorter: float) -> list[np.ndarray]:
    """Pieces of the same straight line joined, longest first; each runs towards higher values of
    `axis`.
    """
    found: list[np.ndarray] = []
    backwards = lines[:, axis] > lines[:, axis + 2]
    lines = np.where(backwards[:, None], lines[:, [2, 3, 0, 1]], lines)
    for line in lines[np.argsort(lines[:, axis] - lines[:, axis + 2], kind="stable")]:
        for other in found:
            slope = (other[3 - axis] - other[1 - axis]) / (other[axis + 2] - other[axis])
            along, across = line[[axis, axis + 2]], line[[1 - axis, 3 - axis]]
            off = across - other[1 - axis] - slope * (along - other[axis])
            near = along[0] <= other[axis + 2] + GAP * shorter and along[1] >= other[axis] - GAP * shorter
            if near and np.abs(off).max() <= STRAIGHT * shorter:
                if along[0] < other[axis]:
                    other[:2] = line[:2]
                if along[1] > other[axis + 2]:
                    other[2:] = line[2:]
                break
        else:
            found.append(line.copy())
    return found

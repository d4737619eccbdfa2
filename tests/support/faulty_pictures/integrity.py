"""Photos of screens and prints, and what beauty filters do."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject, developed
from vision.crops.face import IRIS_LEFT, IRIS_RIGHT
from vision.evaluation.variations import processing

FINER = 3  # samples a camera px, so that the grid of a display aliases as it does on a sensor


def near_screen(subject: Subject) -> Picture:
    """A display photographed from near: its sub-pixels are wider than the camera's."""
    return _screen(subject, pitch=subject.amount(2.2, 3.6), side=1400)


def moire_screen(subject: Subject) -> Picture:
    """A display from arm's length: its grid is finer than the camera can show and beats against it."""
    return _screen(subject, pitch=subject.amount(1.2, 2.0), side=1000)


def far_screen(subject: Subject) -> Picture:
    """A good display from afar: the lens has averaged its grid, what is left is the second camera and the second JPEG."""
    return _screen(subject, pitch=subject.amount(0.5, 0.9), side=1000)


def _screen(subject: Subject, pitch: float, side: int) -> Picture:
    """Sub-pixels of the display, seen in perspective through a lens, averaged over each px of the sensor."""
    rgb = _shown(subject, side * FINER)
    height, width = rgb.shape[:2]
    columns = np.stack([_lamps(width, pitch, shift, 0.42) for shift in (0, 1 / 3, 2 / 3)], -1)
    rows = _lamps(height, pitch, 0, 0.82)
    lit = (rgb.astype(np.float32) / 255) ** 2.2 * columns[None] * rows[:, None, None]
    return _rephotographed(subject, lit * 2.6 + 0.004, blur=0.55 * FINER, finer=FINER)


def _lamps(length: int, pitch: float, shift: float, share: float) -> np.ndarray:
    """How much of each sample lies on a lamp: lamps fill `share` of every `pitch` camera px."""
    edges = np.arange(length + 1) / FINER / pitch + shift
    lit = np.floor(edges) * share + np.minimum(edges % 1, share)
    return (np.diff(lit) * FINER * pitch).astype(np.float32)


def from_print(subject: Subject) -> Picture:
    """A paper print on a table, its borders in view, under a lamp that shines on one corner."""
    paper = cv2.copyMakeBorder(_paper(subject), 25, 25, 25, 25, cv2.BORDER_CONSTANT, value=(0.8, 0.8, 0.78))
    height, width = paper.shape[:2]
    room = round(subject.amount(120, 40))
    table = np.full((height + 2 * room, width + 2 * room, 3), subject.chance.uniform(0.05, 0.3, 3), np.float32)
    grain = cv2.GaussianBlur(subject.chance.normal(0, 0.5, table.shape[:2]), (0, 0), 3)
    table += 0.05 * grain.astype(np.float32)[..., None]
    table[room:-room, room:-room] = paper
    return _rephotographed(subject, np.clip(table, 0, 1), blur=0.7)


def borderless_print(subject: Subject) -> Picture:
    """The same, so near that nothing but the print is in view."""
    return _rephotographed(subject, _paper(subject), blur=0.7)


def _paper(subject: Subject) -> np.ndarray:
    return (_shown(subject, 1000).astype(np.float32) / 255) ** 2.2 * 0.85 + 0.02


def _shown(subject: Subject, side: int) -> np.ndarray:
    factor = side / max(subject.rgb.shape[:2])
    return cv2.resize(
        subject.rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )


def _rephotographed(subject: Subject, linear: np.ndarray, blur: float, finer: int = 1) -> Picture:
    """Seen at a slant, darker towards the corners, noisy, and saved as JPEG once more."""
    height, width = linear.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    bent = corners + subject.chance.uniform(-0.02, 0.02, (4, 2)).astype(np.float32) * width
    matrix = cv2.getPerspectiveTransform(corners, bent)
    seen = cv2.warpPerspective(linear, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.GaussianBlur(seen, (0, 0), blur)
    if finer > 1:
        seen = cv2.resize(seen, (width // finer, height // finer), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[-1 : 1 : seen.shape[0] * 1j, -1 : 1 : seen.shape[1] * 1j]
    seen = seen * (1 - 0.18 * (x**2 + y**2))[..., None].astype(np.float32)
    picture = developed(seen + subject.chance.normal(0, 0.004, seen.shape).astype(np.float32))
    again = cv2.imdecode(cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_COLOR)
    return np.ascontiguousarray(again[..., ::-1])


def smoothed(subject: Subject) -> Picture:
    """A beauty filter."""
    return processing.smoothed(subject, subject.amount(0.6, 1.0))


def airbrushed(subject: Subject) -> Picture:
    """The other kind: low and high frequencies apart, the middle ones taken out, some grain left as in dear apps."""
    rgb = subject.rgb.astype(np.float32)
    low = cv2.GaussianBlur(rgb, (0, 0), 0.02 * subject.face.width)
    fine = rgb - cv2.GaussianBlur(rgb, (0, 0), 1.0)
    return processing.on_skin(subject, np.clip(low * 1.03 + 0.15 * fine, 0, 255), subject.amount(0.6, 1.0))


def reshaped(subject: Subject) -> Picture:
    """Eyes enlarged and cheeks slimmed; the skin left as it is."""
    x, y = subject.grid
    part = subject.amount(0.06, 0.18)
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        centre = subject.xy[iris[0]]
        near = np.clip(1 - np.hypot(x - centre[0], y - centre[1]) / (0.45 * subject.unit), 0, 1)
        x, y = x - part * near * (x - centre[0]), y - part * near * (y - centre[1])
    middle, jaw = subject.xy[1, 0], subject.xy[[172, 397], 1].mean()
    beside = (x - middle) / subject.face.width
    slim = (
        1.2
        * part
        * beside
        * np.exp(-((np.abs(beside) - 0.45) ** 2) / 0.03 - ((y - jaw) / subject.face.width) ** 2 / 0.1)
    )
    return subject.remapped(x + slim * subject.face.width * 0.5, y)

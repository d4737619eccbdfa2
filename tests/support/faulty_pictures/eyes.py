"""Violations of eyes, glasses and mouth."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject, developed, laid_over
from vision.crops.face import IRIS_LEFT, IRIS_RIGHT
from vision.evaluation.variations import glasses

# Upper lid, lower lid and the lower rim of the brow, each from the outer to the inner corner.
LIDS = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), (46, 53, 52, 65, 55)),
    (
        (263, 466, 388, 387, 386, 385, 384, 398, 362),
        (263, 249, 390, 373, 374, 380, 381, 382, 362),
        (276, 283, 282, 295, 285),
    ),
)
LASHES = 0.03  # eye distances: the rim of the lid that moves along as it is
INNER_LIPS_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LIPS_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)


def shut(subject: Subject) -> Picture:
    """The upper lids drawn down over the irises: the lid's own skin and shading stretches, its lashes move along."""
    return _with_lids(subject, subject.amount(0.88, 1.0))


def half_shut(subject: Subject) -> Picture:
    return _with_lids(subject, subject.amount(0.55, 0.8))


def _with_lids(subject: Subject, closed: float) -> Picture:
    x, source = subject.grid
    for lids in LIDS:
        source = _drawn_down(subject, source, lids, closed)
    return subject.remapped(x, source)


def _drawn_down(subject: Subject, source: np.ndarray, lids: tuple[tuple[int, ...], ...], closed: float) -> np.ndarray:
    """Rows of the source for one eye: between brow and new lid edge the lid is stretched, below it nothing moves."""
    _, y = subject.grid
    upper, lower, brow = (_curve(subject, indices) for indices in lids)
    first, last = sorted(subject.xy[[lids[0][0], lids[0][-1]], 0])
    columns = np.arange(int(first), int(last) + 1)
    up, low, top = upper(columns), lower(columns), brow(columns)
    top = top + 0.35 * (up - top)  # the brow itself stays
    edge, rim = up + closed * (low - up), LASHES * subject.unit
    part = y[:, columns]
    stretched = top + (part - top) * np.maximum(up - rim - top, 1) / np.maximum(edge - rim - top, 1)
    rows = np.where(part < edge - rim, stretched, part - (edge - up))
    covered = (part > top) & (part < edge)
    out = source.copy()
    out[:, columns] = np.where(covered, rows, part)
    return out


def _curve(subject: Subject, indices: tuple[int, ...]):
    points = subject.xy[list(indices)]
    points = points[np.argsort(points[:, 0])]
    return lambda columns: np.interp(columns, points[:, 0], points[:, 1])


def looking_aside(subject: Subject) -> Picture:
    """Both irises moved along their eyes by warping inside the lids."""
    x, y = subject.grid
    side, part = subject.chance.choice([-1, 1]), subject.amount(0.25, 0.32)
    for iris, corners in ((IRIS_LEFT, (33, 133)), (IRIS_RIGHT, (263, 362))):
        length = np.linalg.norm(subject.xy[corners[0]] - subject.xy[corners[1]])
        centre = subject.xy[iris[0]]
        away = np.hypot(x - centre[0], (y - centre[1]) * 1.7) / (0.55 * length)
        pull = np.clip(1 - away, 0, 1) ** 0.7 * side * part * length
        x, y = x - pull * subject.axes[0][0], y - pull * subject.axes[0][1]
    return subject.remapped(x, y)


def red_eyed(subject: Subject) -> Picture:
    """Light of the flash from the retina: additive red inside the pupils."""
    out = subject.linear.copy()
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        radius = np.linalg.norm(subject.xy[iris[1]] - subject.xy[iris[3]]) / 2
        pupil = subject.lobe(subject.xy[iris[0]], radius * 0.55)
        out += pupil[..., None] * np.array([0.75, 0.05, 0.04], np.float32) * subject.amount(0.8, 1.2)
    return developed(out)


FLASH = ((0.30, 0.02, 0.02), (0.80, 0.08, 0.07), (0.85, 0.26, 0.07), (0.95, 0.22, 0.18))
"""What comes back from the retina, linear RGB: deep, bright, orange and pale red."""


def flash_red(subject: Subject) -> Picture:
    """Pupils that the dark has widened, in one of four reds. Every third time only a part of the pupil is red, every
    third time only one eye; the reflection of the flash stays white."""
    chance, out = subject.chance, subject.linear.copy()
    x, y = subject.grid
    size, form = chance.uniform(0.4, 0.62), chance.integers(3)
    red = np.array(FLASH[chance.integers(len(FLASH))], np.float32) * subject.amount(0.8, 1.2)
    turn = chance.uniform(0, 2 * np.pi)
    for iris, (upper, lower, _) in zip((IRIS_LEFT, IRIS_RIGHT), LIDS, strict=True):
        if form == 1 and iris is IRIS_RIGHT:
            continue
        centre = subject.xy[iris[0]]
        radius = size * np.linalg.norm(subject.xy[iris[1]] - subject.xy[iris[3]]) / 2
        across, down = (x - centre[0]) / radius, (y - centre[1]) / radius
        seen = np.clip(3.5 - 3 * np.hypot(across, down), 0, 1) * subject.area(upper + lower, 0.003)
        if form == 2:
            seen = seen * np.clip(3 * (across * np.cos(turn) + down * np.sin(turn)) + 0.6, 0, 1)
        white = np.clip(4 * out.min(2) - 1.2, 0, 1)
        seen = (0.9 * seen * (1 - white))[..., None]
        out = out * (1 - seen) + red * seen
    return developed(out)


def lens_flare(subject: Subject) -> Picture:
    """A tube mirrored by the flat lenses of glasses: an additive, slightly curved bar before both eyes."""
    out, (x, y) = subject.with_pixels(in_glasses(subject)).linear, subject.grid
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        centre = subject.xy[iris[0]] + subject.chance.uniform(-0.08, 0.08, 2) * subject.unit
        half = subject.unit * np.array([subject.amount(0.12, 0.2), subject.amount(0.05, 0.09)])
        across = (x - centre[0]) / half[0]
        bar = np.exp(-(across**4) - ((y - centre[1] - across**2 * 3) / half[1]) ** 4)
        out += 0.9 * bar[..., None]
    return developed(out)


def window_mirrored(subject: Subject) -> Picture:
    """A window in uncoated lenses, near or over the irises."""
    chance = subject.chance
    return glasses.worn(
        subject,
        half=(chance.uniform(0.37, 0.42), chance.uniform(0.25, 0.3)),
        thick=chance.uniform(0.015, 0.05),
        dye=glasses.BLACK,
        mirrors=glasses.PLAIN,
        window=(chance.uniform(-0.15, 0.15), chance.uniform(-0.08, 0.05), subject.amount(0.07, 0.18)),
    )


def lamp_mirrored(subject: Subject) -> Picture:
    """A round lamp in the lenses, with the haze that it throws over them."""
    out, (x, y) = subject.with_pixels(in_glasses(subject)).linear, subject.grid
    size, place = subject.unit * subject.amount(0.05, 0.08), subject.chance.uniform(-0.12, 0.12, 2)
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        centre = subject.at(iris[0], *place)
        away = np.hypot(x - centre[0], y - centre[1]) / size
        out += (1.2 * np.clip(4 * (1 - away), 0, 1) + 0.12 * np.exp(-away))[..., None]
    return developed(out)


def screen_mirrored(subject: Subject) -> Picture:
    """A bluish display in both lenses: a veil through which the eyes are seen."""
    out = subject.with_pixels(in_glasses(subject)).linear
    veil = np.array([0.13, 0.19, 0.26], np.float32) * subject.amount(0.7, 1.3)
    across, down = (axis * subject.unit for axis in subject.axes)
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        middle = subject.at(iris[0], 0.03, -0.02)
        corners = [
            middle + x * 0.24 * across + y * 0.13 * down for x, y in ((-1, -1), (1, -0.9), (0.95, 1), (-0.95, 0.9))
        ]
        out += subject.polygon(np.array(corners), max(0.7, 0.01 * subject.unit))[..., None] * veil
    return developed(out)


def tinted(subject: Subject) -> Picture:
    """Grey or brown glass that lets 20 to 40% through, over both eyes."""
    glass = sum(_lens(subject, iris[0], 1.0) for iris in (IRIS_LEFT, IRIS_RIGHT))
    colour = np.array([1, subject.chance.uniform(0.8, 1), subject.chance.uniform(0.6, 1)], np.float32)
    return laid_over(subject, subject.linear * subject.amount(0.4, 0.2) * colour, np.clip(glass, 0, 1))


def sunglasses(subject: Subject) -> Picture:
    """Dark glass in a black frame: next to nothing of the eyes is seen."""
    dark = laid_over(
        subject,
        subject.linear * subject.amount(0.12, 0.02),
        np.clip(sum(_lens(subject, iris[0], 1.05) for iris in (IRIS_LEFT, IRIS_RIGHT)), 0, 1),
    )
    lenses = subject.with_pixels(dark)
    return glasses.framed(lenses, half=(0.38, 0.31), thick=0.035, dye=glasses.BLACK, down=0.08)


def framed(subject: Subject) -> Picture:
    """A dark frame that slid down, so that its upper rim crosses the irises; with its shadow on the cheeks."""
    return _in_glasses(subject, down=subject.amount(0.31, 0.25), half=(0.38, 0.29), thick=subject.amount(0.045, 0.075))


def in_glasses(subject: Subject) -> Picture:
    """No violation: the same frames, worn as they should be, of several sizes. What they must not be taken for."""
    chance = subject.chance
    half = (chance.uniform(0.35, 0.43), chance.uniform(0.24, 0.32))
    return _in_glasses(subject, down=chance.uniform(0.02, 0.1), half=half, thick=subject.amount(0.03, 0.075))


def _in_glasses(subject: Subject, down: float, half: tuple[float, float], thick: float) -> Picture:
    dye = (glasses.BLACK, glasses.BROWN, glasses.BLUE)[subject.chance.integers(3)]
    return glasses.framed(subject, half=half, thick=thick, dye=dye, down=down)


def _lens(subject: Subject, index: int, size: float) -> np.ndarray:
    glass = np.zeros(subject.rgb.shape[:2], np.float32)
    glasses.draw_ellipse(subject, glass, subject.at(index, down=0.08), (0.36 * size, 0.3 * size), -1)
    return cv2.GaussianBlur(glass, (0, 0), 1.5)


def opened(subject: Subject) -> Picture:
    """The jaw let down: lower lip and chin move, and between the lips it is dark, half the time with teeth."""
    drop = subject.unit * subject.amount(0.12, 0.3)
    moved, area = _jaw(subject, drop), _gap(subject, drop)
    _, y = subject.grid
    top = subject.xy[13, 1]
    depth = np.clip((y - top) / drop, 0, 1)
    inside = np.array([0.09, 0.018, 0.016], np.float32) * (1 - 0.6 * depth[..., None])
    if subject.chance.uniform() < 0.5:
        inside = np.where((depth < 0.45)[..., None], np.array([0.55, 0.5, 0.42], np.float32), inside)
    linear = (moved.astype(np.float32) / 255) ** 2.2
    return developed(linear * (1 - area[..., None]) + inside * area[..., None])


def _jaw(subject: Subject, drop: float) -> Picture:
    """What lies below the line between the lips, moved down; less and less towards cheeks and neck."""
    x, y = subject.grid
    corners = subject.xy[[78, 308], 0]
    across = np.clip(1 - np.abs(x - corners.mean()) / (1.15 * np.ptp(corners)), 0, 1) ** 0.5
    line = subject.xy[14, 1] + drop * across
    fade = np.clip(1 - (y - line) / (1.4 * subject.unit), 0, 1)
    return subject.remapped(x, np.where(y > line, y - drop * across * fade, np.minimum(y, subject.xy[13, 1] + 0 * y)))


def _gap(subject: Subject, drop: float) -> np.ndarray:
    upper, lower = subject.xy[list(INNER_LIPS_UPPER)], subject.xy[list(INNER_LIPS_LOWER)].copy()
    along = np.linspace(-1, 1, len(lower))
    lower[:, 1] += drop * np.sqrt(1 - along**2)
    return subject.polygon(np.vstack([upper, lower[::-1]]), 1.0)

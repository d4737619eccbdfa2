"""Violations by what covers the face: hair, caps and scarves, masks."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject, developed, laid_over
from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, OVAL

LEAST_HAIR = 0.12  # face widths above the forehead; with less the hair is drawn
BROW_LINE = (70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300)
CAP_COLOURS = ((0.75, 0.05, 0.07), (0.03, 0.35, 0.12), (0.8, 0.45, 0.02), (0.45, 0.03, 0.35))
DARK_COLOURS = ((0.02, 0.02, 0.02), (0.05, 0.05, 0.06), (0.03, 0.03, 0.09))


def fringe(subject: Subject) -> Picture:
    """The person's own hair over forehead and brows, with ragged ends."""
    line = subject.xy[list(BROW_LINE)]
    ends = np.interp(np.arange(subject.rgb.shape[1]), line[:, 0], line[:, 1]) + subject.unit * subject.amount(0.1, 0.3)
    ends += subject.unit * 0.08 * _noise(subject, subject.rgb.shape[1])
    left, right = subject.at(21, across=-0.1)[0], subject.at(251, across=0.1)[0]
    x, y = subject.grid
    inside = np.clip(np.minimum(x - left, right - x) / (0.1 * subject.unit), 0, 1)
    above = np.clip((ends[None, :] - y) / 2, 0, 1) * (y > subject.at(10, down=-0.45)[1])
    return laid_over(subject, hair_texture(subject), (inside * above * (subject.mask > 0.5)).astype(np.float32))


def strands(subject: Subject) -> Picture:
    """Thin strands that hang over the brows: most of the forehead stays free."""
    area = np.zeros(subject.rgb.shape[:2], np.float32)
    for _ in range(round(subject.amount(6, 26))):
        start = subject.at(10, subject.chance.uniform(-0.7, 0.7), -0.1)
        end = start + subject.unit * np.array([subject.chance.uniform(-0.4, 0.4), subject.chance.uniform(0.9, 1.2)])
        bend = subject.unit * subject.chance.uniform(-0.1, 0.1)
        t = np.linspace(0, 1, 30)[:, None]
        path = start * (1 - t) + end * t + np.array([bend, 0]) * np.sin(np.pi * t)
        thick = max(1, round(subject.unit * subject.chance.uniform(0.008, 0.025)))
        cv2.polylines(area, [np.round(path).astype(np.int32)], False, 1.0, thick, cv2.LINE_AA)
    return laid_over(subject, hair_texture(subject), cv2.GaussianBlur(area, (0, 0), 0.6))


def hair_over_ears(subject: Subject) -> Picture:
    """The person's own hair hanging from the temples over both ears, to the lobe or to the shoulder."""
    area = np.zeros(subject.rgb.shape[:2], np.float32)
    for index, side in ((CHEEK_LEFT, -1), (CHEEK_RIGHT, 1)):
        area = np.maximum(area, _curtain(subject, index, side, subject.amount(0.75, 1.6)))
    return laid_over(subject, hair_texture(subject), area)


def _curtain(subject: Subject, index: int, side: int, length: float) -> np.ndarray:
    """From the temple outwards round the ear and down, uneven at its rim."""
    t = np.linspace(0, 1, 60)[:, None]
    outwards, down = side * subject.axes[0] * subject.unit, subject.axes[1] * subject.unit
    along = subject.at(index, down=-1.0) + t * (0.45 + length) * down
    inner = along + outwards * (-0.03 - 0.12 * (1 - t) + 0.02 * _noise(subject, len(t))[:, None])
    outer = along + outwards * (
        0.3 * np.sin(np.pi * np.clip(0.15 + t, 0, 0.9)) + 0.05 * _noise(subject, len(t))[:, None]
    )
    return subject.polygon(np.vstack([inner, outer[::-1]]), 1.2)


def hair_texture(subject: Subject) -> np.ndarray:
    """Linear picture full of the person's hair, strands downwards: what grows on top of the head, mirrored on and on."""
    patch = _hair(subject)
    if patch is None:
        return _drawn_hair(subject)
    height, width = subject.rgb.shape[:2]
    tall, wide = -(-height // len(patch)), -(-width // patch.shape[1])
    columns = np.concatenate([patch if n % 2 else patch[::-1] for n in range(tall)])
    return np.concatenate([columns if n % 2 else columns[:, ::-1] for n in range(wide)], 1)[:height, :width]


def _hair(subject: Subject) -> np.ndarray | None:
    """The upper part of what lies between hair top and forehead; None where the head is bald or the hair too short."""
    top = int(subject.measures["hair_top"][1] * subject.rgb.shape[0])
    high = subject.at(10)[1] - top
    middle, half = int(subject.xy[10, 0]), int(0.25 * subject.face.width)
    patch = subject.linear[top + int(0.12 * high) : top + int(0.5 * high), middle - half : middle + half]
    if high < LEAST_HAIR * subject.face.width or _is_skin(subject, patch):
        return None
    grey = patch.mean(2)
    across, down = (float(np.abs(np.diff(grey, axis=axis)).mean()) for axis in (1, 0))
    return patch if across > down else patch.transpose(1, 0, 2)


def _is_skin(subject: Subject, patch: np.ndarray) -> bool:
    """A bald head: no darker than the face and of its colour."""
    hair, skin = (
        cv2.cvtColor(developed(part), cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0) for part in (patch, _face(subject))
    )
    return bool(hair[0] > skin[0] - 30 and np.hypot(*(hair - skin)[1:]) < 6)


def _face(subject: Subject) -> np.ndarray:
    return subject.linear[subject.area(OVAL, 0.001) > 0.9][:, None]


def _drawn_hair(subject: Subject) -> np.ndarray:
    """Dark brown streaks, for who has next to no hair."""
    height, width = subject.rgb.shape[:2]
    streaks = cv2.GaussianBlur(subject.chance.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 0.7, sigmaY=25)
    brown = np.array([0.045, 0.028, 0.02], np.float32)
    return brown * np.clip(1 + 0.5 * streaks / streaks.std(), 0.2, 3)[..., None]


def _noise(subject: Subject, length: int) -> np.ndarray:
    """Smooth and fine unevenness along a line, about -1 to 1."""
    fine = subject.chance.normal(0, 0.25, length)
    knots = subject.chance.normal(0, 0.5, 12)
    return fine + np.interp(np.linspace(0, 11, length), np.arange(12), knots)


def capped(subject: Subject) -> Picture:
    """A cap or scarf of a clear colour, with the shading of its curve, folds and its shadow on the forehead."""
    return _covered(subject, CAP_COLOURS[subject.chance.integers(len(CAP_COLOURS))])


def banded(subject: Subject) -> Picture:
    """A hair band of a clear colour, from ear to ear over the hair."""
    return _band(subject, (*CAP_COLOURS, (0.05, 0.12, 0.5))[subject.chance.integers(5)])


def dark_banded(subject: Subject) -> Picture:
    """The same in black or nearly black."""
    return _band(subject, DARK_COLOURS[subject.chance.integers(len(DARK_COLOURS))])


def _band(subject: Subject, colour: tuple[float, float, float]) -> Picture:
    """Cloth of 10 to 25 mm on a face of 140 mm, with the light of a round head."""
    top = subject.measures["hair_top"][1] * subject.rgb.shape[0]
    ends = [subject.at(index, across, -0.05) for index, across in ((127, -0.06), (356, 0.06))]
    middle, half = (ends[0] + ends[1]) / 2, abs(ends[1][0] - ends[0][0]) / 2
    high = 0.75 * (middle[1] - top)
    angles = np.linspace(0, np.pi, 90)
    path = np.stack([middle[0] + half * np.cos(angles), middle[1] - high * np.sin(angles) ** 0.8], 1)
    area = np.zeros(subject.rgb.shape[:2], np.float32)
    thick = max(2, round(subject.face.width * subject.amount(10, 25) / 140))
    cv2.polylines(area, [np.round(path).astype(np.int32)], False, 1.0, thick, cv2.LINE_AA)
    area = cv2.GaussianBlur(area, (0, 0), 0.8) * (subject.mask > 0.5)
    across = np.clip((subject.grid[0] - middle[0]) / max(half, 1.0), -1, 1)
    light = 0.45 + 0.55 * np.sqrt(1 - across**2)
    grain = 1 + 0.15 * cv2.GaussianBlur(subject.chance.normal(0, 1, area.shape).astype(np.float32), (0, 0), 0.8)
    return laid_over(subject, np.array(colour, np.float32) * (light * grain)[..., None], area.astype(np.float32))


def dark_capped(subject: Subject) -> Picture:
    """The same in black or nearly black."""
    return _covered(subject, DARK_COLOURS[subject.chance.integers(len(DARK_COLOURS))])


def _covered(subject: Subject, colour: tuple[float, float, float]) -> Picture:
    area, (x, y) = _cap(subject), subject.grid
    middle = subject.at(10)
    across = (x - middle[0]) / (0.75 * subject.face.width)
    up = (middle[1] - y) / (0.6 * subject.face.width)
    light = np.clip(0.35 + 0.65 * np.sqrt(np.clip(1 - across**2 - 0.5 * (up - 0.5) ** 2, 0, 1)), 0, 1)
    folds = 1 + subject.amount(0.25, 0.05) * np.sin(subject.chance.uniform(8, 16) * up + 3 * across)
    cloth = np.array(colour, np.float32) * (light * folds)[..., None]
    grain = cv2.GaussianBlur(subject.chance.normal(0, 0.25, x.shape).astype(np.float32), (0, 0), 0.8)
    shadow = 1 - 0.4 * np.roll(cv2.GaussianBlur(area, (0, 0), 5), int(0.06 * subject.face.width), axis=0)
    dimmed = subject.linear * shadow[..., None] * (1 - area[..., None])
    return developed(dimmed + cloth * (1 + grain[..., None]) * area[..., None])


def _cap(subject: Subject) -> np.ndarray:
    """Soft mask from the middle of the forehead over the whole hair."""
    brim = np.array([subject.at(127, -0.25, -0.3), subject.at(54, -0.1), subject.at(10, 0, 0.28), subject.at(284, 0.1), subject.at(356, 0.25, -0.3)])  # fmt: skip
    top = (subject.measures["hair_top"][1] * subject.rgb.shape[0]) - 0.04 * subject.face.width
    angles = np.linspace(0, np.pi, 40)
    middle, half = brim[[0, -1]].mean(0), np.ptp(brim[:, 0]) / 2
    dome = np.stack([middle[0] + half * np.cos(angles), middle[1] - (middle[1] - top) * np.sin(angles) ** 0.7], 1)
    return subject.polygon(np.vstack([_bent(brim), dome]), 1.5)


def _bent(brim: np.ndarray) -> np.ndarray:
    t = np.linspace(0, len(brim) - 1, 40)
    return np.stack([np.interp(t, np.arange(len(brim)), brim[:, axis]) for axis in (0, 1)], 1)


def masked(subject: Subject) -> Picture:
    """A surgical or black mask that follows the landmarks of the lower face, with the face's own shading."""
    rim = (93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323)
    area = subject.polygon(subject.xy[[*rim, 346, 197, 117]], 2)
    dyes = ((0.55, 0.75, 0.85), (0.9, 0.9, 0.92), (0.05, 0.05, 0.06))
    dye = np.array(dyes[subject.chance.integers(3)], np.float32) ** 2.2
    shade = cv2.GaussianBlur(subject.linear.mean(2), (0, 0), 0.05 * subject.face.width)
    shade = shade / max(float(shade[area > 0.5].mean()), 1e-3)
    return laid_over(subject, dye * np.clip(shade, 0.5, 1.4)[..., None], area)

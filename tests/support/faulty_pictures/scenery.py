"""People before walls with lines. They break no rule that a check can see: the school asks for a plain wall, the portrait gets one."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject

Wall = np.ndarray
"""(h, w, 3) in 0-1."""
LIGHT, WOOD, DARK = (0.86, 0.85, 0.82), (0.5, 0.36, 0.25), (0.16, 0.17, 0.18)


def before_panels(subject: Subject) -> Picture:
    """Upright grooves in a light wall, now and then a moulding across."""
    x, y = _face_widths(subject)
    pitch = subject.amount(1.4, 0.5)
    grooves = (x / pitch + 0.3) % 1 < 0.05
    mouldings = np.abs(y % 2.6 - 1.0) < 0.04
    return _before(subject, np.where((grooves | mouldings)[..., None], 0.55, np.array(LIGHT)))


def before_tiles(subject: Subject) -> Picture:
    x, y = _face_widths(subject)
    pitch = subject.amount(0.9, 0.4)
    joints = ((x / pitch) % 1 < 0.06) | ((y / pitch) % 1 < 0.06)
    return _before(subject, np.where(joints[..., None], 0.5, np.array((0.82, 0.86, 0.87))))


def before_curtain(subject: Subject) -> Picture:
    x, y = _face_widths(subject)
    folds = 0.75 + 0.25 * np.sin(x * subject.amount(8, 20) + np.sin(1.5 * x) + 0.1 * y)
    return _before(subject, folds[..., None] * np.array((0.62, 0.55, 0.5)))


def before_bookshelf(subject: Subject) -> Picture:
    x, y = _face_widths(subject)
    height = subject.amount(1.4, 0.9)
    books = subject.chance.uniform(0.1, 0.9, (9, 97, 3))
    colours = books[np.floor(y / height).astype(int) % 9, np.floor(x * 7).astype(int) % 97]
    return _before(subject, np.where(((y / height) % 1 < 0.1)[..., None], np.array(WOOD), 0.85 * colours))


def before_door(subject: Subject) -> Picture:
    """A wooden door in its frame: two uprights and a lintel around the head."""
    return _before(subject, _opening(subject, WOOD, (0.93, 0.92, 0.9), lowest=99))


def before_window(subject: Subject) -> Picture:
    """A window with bars behind the head, its sill at the height of the shoulders."""
    x, y = _face_widths(subject)
    wall = _opening(subject, (0.75, 0.85, 0.95), (0.97, 0.97, 0.97), lowest=0.9)
    bars = (np.abs(x) < 0.05) | (np.abs(y + 0.2) < 0.04)
    return _before(subject, np.where((bars & _within(x, y, 0.9, subject))[..., None], 0.97, wall))


def before_blackboard(subject: Subject) -> Picture:
    """A dark board with a light frame, wider than the shoulders, its ledge behind them."""
    return _before(subject, _opening(subject, (0.13, 0.25, 0.2), (0.7, 0.6, 0.45), lowest=1.1))


def before_pictures(subject: Subject) -> Picture:
    """Framed pictures hang at both sides and above the head."""
    x, y = _face_widths(subject)
    wall = np.broadcast_to(np.array(LIGHT), (*x.shape, 3)).copy()
    for left, top, wide, high in ((-2.3, -1.4, 1.4, 1.8), (0.95, -1.2, 1.3, 1.6), (-0.5, -2.6, 1.0, 1.2)):
        frame = (x > left) & (x < left + wide) & (y > top) & (y < top + high)
        inner = (x > left + 0.1) & (x < left + wide - 0.1) & (y > top + 0.1) & (y < top + high - 0.1)
        wall[frame], wall[inner] = DARK, subject.chance.uniform(0.3, 0.9, 3)
    return _before(subject, wall)


def behind_a_desk(subject: Subject) -> Picture:
    """A desk in front of the chest, from one side of the photo to the other."""
    y = _face_widths(subject)[1]
    chin = (subject.xy[152, 1] - subject.face.eyes[:, 1].mean()) / subject.face.width
    desk = (y > chin + subject.amount(0.75, 0.45)).astype(np.float32)[..., None]
    return _mixed(subject, np.broadcast_to(np.array(WOOD), subject.rgb.shape), desk)


def _face_widths(subject: Subject) -> tuple[np.ndarray, np.ndarray]:
    """Columns and rows of every px in face widths from between the eyes."""
    x, y = subject.grid
    middle = subject.face.eyes.mean(0)
    return (x - middle[0]) / subject.face.width, (y - middle[1]) / subject.face.width


def _within(x: np.ndarray, y: np.ndarray, lowest: float, subject: Subject) -> np.ndarray:
    half = 0.95 + 0.3 * ((subject.seed % 5) / 4)
    return (np.abs(x) < half) & (y > -1.15) & (y < lowest)


def _opening(subject: Subject, inner: tuple[float, ...], frame: tuple[float, ...], lowest: float) -> Wall:
    """A rectangle behind the head with a frame around it, in a light wall."""
    x, y = _face_widths(subject)
    within = _within(x, y, lowest, subject)
    around = cv2.dilate(within.astype(np.uint8), np.ones((2 * int(0.09 * subject.face.width) + 1,) * 2)) > 0
    return np.where(within[..., None], np.array(inner), np.where(around[..., None], np.array(frame), 0.72))


def _before(subject: Subject, wall: Wall) -> Picture:
    """The person before the wall, which is a little out of focus."""
    soft = cv2.GaussianBlur(
        wall.astype(np.float32), (0, 0), max(0.5, subject.amount(0.012, 0.002) * subject.face.width)
    )
    return _mixed(subject, soft, 1 - np.clip((subject.mask - 0.3) / 0.4, 0, 1)[..., None])


def _mixed(subject: Subject, linear: Wall, area: np.ndarray) -> Picture:
    """`linear`, which is in display values, where `area` is 1; with the grain of a camera."""
    grain = subject.chance.normal(0, 2.0, subject.rgb.shape)
    return np.clip(subject.rgb * (1 - area) + (linear * 255 + grain) * area, 0, 255).astype(np.uint8)


MAKERS = (
    before_panels,
    before_tiles,
    before_curtain,
    before_bookshelf,
    before_door,
    before_window,
    before_blackboard,
    before_pictures,
    behind_a_desk,
)

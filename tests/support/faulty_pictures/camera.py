"""Violations of the camera and of who holds it: focus, shake, attitude, distance."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.spatial import Delaunay

from tests.support.faulty_pictures.subject import Picture, Subject, developed
from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT
from vision.evaluation.variations.geometry import round_the_face

STEPS = 400  # of the path of a shaken hand


def defocus(subject: Subject) -> Picture:
    """A disc, as an open lens makes it, in linear light."""
    radius = subject.unit * subject.amount(0.03, 0.06)
    size = int(2 * np.ceil(radius) + 1)
    y, x = np.mgrid[:size, :size] - size // 2
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return developed(cv2.filter2D(subject.linear, -1, disc / disc.sum()))


def motion(subject: Subject) -> Picture:
    """A shaken hand: a drift that bends, with the tremor of the fingers on it."""
    return developed(cv2.filter2D(subject.linear, -1, _shake(subject, subject.unit * subject.amount(0.10, 0.2))))


def _shake(subject: Subject, length: float) -> np.ndarray:
    """Where the light of one point falls while the shutter is open; slow at its ends, so brighter there."""
    chance, t = subject.chance, np.linspace(0, 1, STEPS)
    along = (t - np.sin(2 * np.pi * t) / (2 * np.pi) * chance.uniform(0, 0.8)) - 0.5
    across = chance.uniform(-0.5, 0.5) * (along**2 - 0.1) + 0.03 * np.sin(2 * np.pi * (t * chance.uniform(2, 5)))
    angle = chance.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    path = length * turn @ np.stack([along, across])
    size = int(2 * np.ceil(length) + 7)
    kernel = np.histogram2d(*(path[::-1] + size / 2), bins=size, range=[[0, size]] * 2)[0].astype(np.float32)
    kernel = cv2.GaussianBlur(kernel, (0, 0), 0.6)
    return kernel / kernel.sum()


def tilted(subject: Subject) -> Picture:
    angle = subject.chance.choice([-1, 1]) * subject.amount(10, 15) + subject.face.roll
    height, width = subject.rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D(tuple(map(float, subject.face.eyes.mean(0))), angle, 1.0)
    return cv2.warpAffine(subject.rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def turned(subject: Subject) -> Picture:
    """The head turned to a side, in the relief of its landmarks."""
    return rotated(subject, yaw=subject.chance.choice([-1, 1]) * subject.amount(16, 28))


def tipped(subject: Subject) -> Picture:
    """Chin up or down, in the relief of the landmarks."""
    return rotated(subject, pitch=subject.chance.choice([-1, 1]) * subject.amount(22, 34))


def rotated(subject: Subject, yaw: float = 0.0, pitch: float = 0.0) -> Picture:
    """The landmarks turned about the axis between the ears; hair and ears go along, the shoulders stay."""
    points = subject.face.points.copy()
    centre = points[[CHEEK_LEFT, CHEEK_RIGHT]].mean(0)
    centre[1] = points[[10, 152], 1].mean()
    head = np.vstack([points, round_the_face(points)])
    a, b = np.radians(yaw), np.radians(pitch)
    x, y, z = (head - centre).T
    x, z = x * np.cos(a) - z * np.sin(a), x * np.sin(a) + z * np.cos(a)
    y, z = y * np.cos(b) + z * np.sin(b), z * np.cos(b) - y * np.sin(b)
    targets = np.stack([x, y], 1) + centre[:2]
    seen = _seen(head[:, :2], targets, z)
    return subject.moved(head[seen, :2], targets[seen])


def _seen(before: np.ndarray, after: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Indices of the points that no nearer part hides after the turn: of every triangle that folds over, the farthest
    corner goes, until none does."""
    kept = np.arange(len(before))
    while True:
        corners = kept[Delaunay(before[kept]).simplices]
        folded = corners[_area(before, corners) * _area(after, corners) <= 0]
        if not len(folded):
            return kept
        hidden = folded[np.arange(len(folded)), depth[folded].argmax(1)]
        kept = np.setdiff1d(kept, hidden)


def _area(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    a, b, c = (points[corners[:, n]] for n in range(3))
    return (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]


def small(subject: Subject) -> Picture:
    """The face at 150 to 220 px of the file, from far away: the same wall round it."""
    scale = subject.amount(220, 150) / subject.face.width
    return cv2.resize(subject.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def close(subject: Subject) -> Picture:
    """Cut off tightly round the head, then enlarged as a camera would have taken it."""
    x0, y0, x1, y1 = subject.face.box
    w, h = x1 - x0, y1 - y0
    room = subject.amount(1.3, 0.7)
    top, left = max(0, int(y0 - 0.22 * room * h)), max(0, int(x0 - 0.25 * room * w))
    cut = subject.rgb[top : int(y1 + 0.12 * room * h), left : int(x1 + 0.25 * room * w)]
    return cv2.resize(cut, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)


def beside_somebody(subject: Subject) -> Picture:
    """The same person again, smaller, behind the shoulder."""
    height, width = subject.rgb.shape[:2]
    scale = subject.amount(0.5, 0.8)
    other = cv2.resize(subject.rgb[:, ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    canvas = cv2.copyMakeBorder(subject.rgb, 0, 0, 0, int(width * 0.45), cv2.BORDER_REPLICATE)
    mask = cv2.resize(subject.mask[:, ::-1], other.shape[1::-1])[..., None]
    y, x = height - other.shape[0], canvas.shape[1] - other.shape[1]
    part = canvas[y:, x:]
    front = np.zeros(canvas.shape[:2], np.float32)
    front[:, :width] = subject.mask
    weight = mask * (1 - front[y:, x:, None])
    canvas[y:, x:] = (part * (1 - weight) + other * weight).astype(np.uint8)
    return canvas

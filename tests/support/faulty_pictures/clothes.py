"""Violations of clothes and posture."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject, developed, laid_over


def blue_top(subject: Subject) -> Picture:
    """Royal to sky blue, through the shading of the shirt."""
    chance = subject.chance
    return _dyed(subject, (chance.uniform(0.05, 0.25), chance.uniform(0.2, 0.45), subject.amount(0.75, 0.95)))


def background_top(subject: Subject) -> Picture:
    """The colour of the portrait's background, ever nearer."""
    off = subject.amount(0.06, 0.0) * subject.chance.choice([-1, 1], 3)
    return _dyed(subject, tuple(np.clip(np.array([100, 197, 255]) / 255 + off, 0.1, 1)))


def _dyed(subject: Subject, colour: tuple[float, float, float]) -> Picture:
    """The shading of the cloth in another colour: a dark jacket and a white shirt below it get the same."""
    area = subject.clothes()
    light = subject.linear.mean(2)
    reach = 0.08 * subject.face.width
    near = cv2.GaussianBlur(light * area, (0, 0), reach) / np.maximum(cv2.GaussianBlur(area, (0, 0), reach), 1e-3)
    folds = np.clip(light / np.maximum(near, 1e-3), 0.4, 1.3)[..., None]
    return laid_over(subject, folds * np.array(colour, np.float32) ** 2.2, area)


def checks(subject: Subject) -> Picture:
    """A check printed on the cloth, through its shading."""
    pitch = subject.face.width * subject.amount(0.16, 0.08)
    angle = subject.chance.uniform(0, 0.3)
    x, y = subject.grid
    u, v = (x * np.cos(angle) + y * np.sin(angle)) / pitch, (y * np.cos(angle) - x * np.sin(angle)) / pitch
    return _printed(subject, np.where((u % 1 < 0.45) ^ (v % 1 < 0.45), 0.15, 1.0))


def stripes(subject: Subject) -> Picture:
    """Stripes across the cloth, which bend with its folds."""
    pitch = subject.face.width * subject.amount(0.14, 0.07)
    x, y = subject.grid
    folds = 0.03 * subject.face.width * np.sin(x / (0.3 * subject.face.width))
    return _printed(subject, np.where(((y + folds) / pitch) % 1 < 0.5, 0.2, 1.0))


def _printed(subject: Subject, pattern: np.ndarray) -> Picture:
    return developed(subject.linear * (1 - subject.clothes() * (1 - pattern))[..., None].astype(np.float32))


def sloping(subject: Subject) -> Picture:
    """The body bent under a level head, to the side to which its shoulders slope already: bent to the other they might
    become level.
    """
    side = np.sign(subject.measures["shoulders"] or 0) or subject.chance.choice([-1, 1])
    slope = np.tan(np.radians(side * subject.amount(9, 14)))
    x, y = subject.grid
    chin = subject.xy[152]
    bend = np.clip((y - chin[1]) / (0.25 * subject.face.width), 0, 1)
    return subject.remapped(x, y - bend * (x - chin[0]) * slope)

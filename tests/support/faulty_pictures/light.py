"""Violations of light and colour, made in linear light."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject, developed

CHEEKS = (117, 118, 101, 346, 347, 330)


def side_lit(subject: Subject) -> Picture:
    """One side of the face 2 to 3 stops darker, across the nose."""
    across = (np.arange(subject.rgb.shape[1], dtype=np.float32) - subject.xy[1, 0]) / subject.face.width
    step = 1 / (1 + np.exp(-subject.chance.choice([-1, 1]) * across * 7))
    return developed(subject.linear * (2 ** (-subject.amount(2.2, 3.2) * step))[None, :, None] * 1.15)


def burnt(subject: Subject) -> Picture:
    """Exposed until the cheeks clip: a phone that measured the dark clothes."""
    cheeks = subject.linear[subject.area(CHEEKS, 0.01) > 0.5].mean()
    return developed(subject.linear * subject.amount(1.15, 1.6) / max(cheeks, 0.02))


def dim(subject: Subject) -> Picture:
    """Three to four stops too dark, with the noise that this brings."""
    dark = subject.linear * 2 ** -subject.amount(3.2, 4.2)
    return developed(dark + subject.chance.normal(0, 0.0012, dark.shape))


def shiny(subject: Subject) -> Picture:
    """Additive specular lobes on forehead, nose and cheeks."""
    size = subject.face.width * subject.amount(0.8, 1.2)
    light = sum(
        subject.lobe(subject.xy[index], part * size)
        for index, part in ((151, 0.16), (4, 0.06), (117, 0.09), (346, 0.09))
    )
    return developed(subject.linear + 1.1 * light[..., None])


def grey(subject: Subject) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(subject.rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def cast(subject: Subject) -> Picture:
    """A lamp or filter of a strong colour."""
    colours = np.array([[0.45, 0.8, 1.6], [0.55, 1.5, 0.55], [1.5, 0.5, 1.3]], np.float32)
    return developed(subject.linear * colours[subject.chance.integers(3)] ** subject.amount(0.7, 1.1))

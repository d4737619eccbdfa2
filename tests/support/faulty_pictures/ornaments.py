"""Earrings and necklaces, drawn as small bodies of metal or pearl under a lamp from the upper left."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.subject import Picture, Subject, developed
from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT, OVAL

GOLD, SILVER, PEARL = (0.85, 0.52, 0.12), (0.75, 0.76, 0.78), (0.8, 0.76, 0.7)
LAMP = np.array([-0.45, -0.6, 0.66])
SMALL = 3  # bodies of a few px are drawn this much larger and averaged


def studs(subject: Subject) -> Picture:
    """A ball of metal or pearl on each lobe, 4 to 9 mm wide on a face of 140 mm."""
    radius = subject.face.width * subject.amount(4, 9) / 280
    colour = (GOLD, SILVER, PEARL)[subject.chance.integers(3)]
    out = subject.linear.copy()
    for index, side in ((CHEEK_LEFT, -1), (CHEEK_RIGHT, 1)):
        out = _ball(out, _lobe_of_ear(subject, index, side), radius, colour, 0.3 if colour == PEARL else 1.0)
    return developed(out)


def hoops(subject: Subject) -> Picture:
    """A ring of metal hanging from each lobe, 12 to 35 mm wide."""
    radius, colour = subject.face.width * subject.amount(12, 35) / 280, (GOLD, SILVER)[subject.chance.integers(2)]
    out = subject.linear.copy()
    for index, side in ((CHEEK_LEFT, -1), (CHEEK_RIGHT, 1)):
        centre = _lobe_of_ear(subject, index, side) + subject.axes[1] * radius
        out = _ring(out, centre, (0.55 * radius, radius), max(1.0, subject.face.width * 0.006), colour)
    return developed(out)


def necklace(subject: Subject) -> Picture:
    """A chain of gold or silver, 1 to 3 mm thick, that hangs round the neck and under the shirt."""
    thick = subject.face.width * subject.amount(1, 3) / 140
    colour = np.array((GOLD, SILVER)[subject.chance.integers(2)], np.float32)
    path = _hanging(subject)
    chain, shadow = (np.zeros(subject.rgb.shape[:2], np.float32) for _ in range(2))
    links = np.abs(np.sin(np.arange(len(path)) * np.pi / max(2.0, 1.2 * thick)))
    for (x, y), link in zip(path, links, strict=True):
        cv2.circle(
            chain, (round(16 * x), round(16 * y)), round(8 * thick), 0.35 + 0.65 * float(link), -1, cv2.LINE_AA, 4
        )
    cv2.polylines(
        shadow, [np.round(path + (0, 0.8 * thick)).astype(np.int32)], False, 1.0, max(1, round(thick)), cv2.LINE_AA
    )
    bare = np.clip(subject.mask, 0, 1) * (1 - subject.clothes())
    light = np.clip(subject.shading(0.1), 0.3, 1.5)[..., None] * (
        0.4 + 1.1 * cv2.GaussianBlur(chain, (0, 0), 0.5)[..., None] ** 2
    )
    cover = (np.clip(cv2.GaussianBlur((chain > 0.1).astype(np.float32), (0, 0), 0.5), 0, 1) * bare)[..., None]
    dimmed = subject.linear * (1 - 0.35 * (cv2.GaussianBlur(shadow, (0, 0), 1.0) * bare)[..., None])
    return developed(dimmed * (1 - cover) + colour * light * cover)


def _hanging(subject: Subject) -> np.ndarray:
    """Points a px apart from one side of the neck to the other."""
    ends = [subject.at(index, across, 0.45) for index, across in ((172, 0.12), (397, -0.12))]
    lowest = subject.at(152, down=subject.chance.uniform(0.7, 1.0))
    t = np.linspace(0, 1, round(3 * subject.unit))[:, None]
    sag = (lowest - (ends[0] + ends[1]) / 2) * (1 - np.abs(2 * t - 1) ** 2.2)
    return ends[0] * (1 - t) + ends[1] * t + sag


def _lobe_of_ear(subject: Subject, index: int, side: int) -> np.ndarray:
    """The lowest skin outside the cheek; where an ear should end if none is seen."""
    x, y = subject.grid
    lab = cv2.cvtColor(subject.rgb, cv2.COLOR_RGB2LAB).astype(np.float32)
    face = subject.area(OVAL, 0.004)
    like = np.linalg.norm((lab - lab[face > 0.9].mean(0)) * [0.35, 1, 1], axis=2) < 22
    beside = (side * (x - subject.xy[index, 0]) > -0.12 * subject.unit) & (face < 0.05) & (subject.mask > 0.5) & like
    high = (y > subject.at(index, down=0.05)[1]) & (y < subject.at(index, down=0.75)[1])
    rows, columns = np.nonzero(cv2.erode((beside & high).astype(np.uint8), np.ones((5, 5), np.uint8)))
    if len(rows) < 30:
        return subject.at(index, side * 0.06, 0.4)
    low = rows > np.percentile(rows, 90)
    return np.array([columns[low].mean(), rows[low].mean()])


def _ball(
    linear: np.ndarray, centre: np.ndarray, radius: float, colour: tuple[float, ...], polish: float
) -> np.ndarray:
    """A sphere: metal mirrors a bright sky and a dark floor, pearl scatters."""

    def paint(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u, v = (x - centre[0]) / radius, (y - centre[1]) / radius
        inside = np.clip((1 - np.hypot(u, v)) * radius * SMALL + 0.5, 0, 1)
        normal = np.stack([u, v, np.sqrt(np.clip(1 - u**2 - v**2, 0, 1))], -1)
        return inside, _lit(normal, colour, polish)

    return _painted(linear, centre, radius + 2, paint)


def _ring(
    linear: np.ndarray, centre: np.ndarray, half: tuple[float, float], thick: float, colour: tuple[float, ...]
) -> np.ndarray:
    def paint(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u, v = (x - centre[0]) / half[0], (y - centre[1]) / half[1]
        along = np.hypot(u, v)
        away = (along - 1) * min(half) * 1.3 / thick
        inside = np.clip((1 - np.abs(away)) * thick * SMALL + 0.5, 0, 1)
        normal = np.stack(
            [
                u / np.maximum(along, 1e-3) * away,
                v / np.maximum(along, 1e-3) * away,
                np.sqrt(np.clip(1 - away**2, 0, 1)),
            ],
            -1,
        )
        return inside, _lit(normal, colour, 1.0)

    return _painted(linear, centre, max(half) + thick + 2, paint)


def _lit(normal: np.ndarray, colour: tuple[float, ...], polish: float) -> np.ndarray:
    towards = normal @ LAMP
    mirrored = 2 * normal * normal[..., 2:] - (0, 0, 1)
    sky = 1 / (1 + np.exp(6 * mirrored[..., 1]))
    shine = np.clip(mirrored @ LAMP, 0, 1) ** 24 * 2.5
    body = polish * (0.12 + 0.75 * sky) + (1 - polish) * (0.25 + 0.75 * np.clip(towards, 0, 1))
    return body[..., None] * np.array(colour) + (shine * (0.4 + 0.6 * polish))[..., None]


def _painted(linear: np.ndarray, centre: np.ndarray, reach: float, paint) -> np.ndarray:
    """A small body painted at several times its size and averaged into the picture."""
    height, width = linear.shape[:2]
    x0, y0 = np.maximum(np.floor(centre - reach), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(centre + reach).astype(int), (width, height))
    if x1 <= x0 or y1 <= y0:
        return linear
    step = (np.arange((max(x1 - x0, y1 - y0)) * SMALL) + 0.5) / SMALL
    x, y = np.meshgrid(x0 + step[: (x1 - x0) * SMALL], y0 + step[: (y1 - y0) * SMALL])
    cover, colour = paint(x, y)
    mixed = np.dstack([cover, colour * cover[..., None]]).astype(np.float32)
    mixed = cv2.resize(mixed, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    out = linear.copy()
    out[y0:y1, x0:x1] = out[y0:y1, x0:x1] * (1 - mixed[..., :1]) + mixed[..., 1:]
    return out

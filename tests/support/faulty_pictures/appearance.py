"""People who keep the rules and look different: cloth, bandages, plasters, patches of pale skin. They may be looked at, never rejected."""

from __future__ import annotations

import cv2
import numpy as np

from tests.support.faulty_pictures.cover import _bent
from tests.support.faulty_pictures.subject import Picture, Subject, laid_over
from vision.crops.face import CHIN, OVAL

FOREHEAD = (67, 109, 10, 338, 297, 299, 337, 151, 108, 69)
PALE_SKIN = (0.86, 0.68, 0.6)
GAUZE = (0.86, 0.85, 0.81)
PLASTERS = ((0.78, 0.58, 0.42), (0.85, 0.84, 0.82))
SCARVES = ((0.35, 0.3, 0.26), (0.03, 0.03, 0.035), (0.08, 0.1, 0.22), (0.4, 0.12, 0.16), (0.75, 0.72, 0.68))


def bandaged(subject: Subject) -> Picture:
    """Gauze round the forehead, from the hair down to the brows."""
    low = [subject.at(127, -0.1, -0.35), subject.at(105, 0, -0.12), subject.at(9, 0, -0.2), subject.at(334, 0, -0.12), subject.at(356, 0.1, -0.35)]  # fmt: skip
    high = [subject.at(356, 0.12, -1.1), subject.at(10, 0, -0.2), subject.at(127, -0.12, -1.1)]
    area = subject.polygon(np.vstack([_bent(np.array(low)), _bent(np.array(high))]), 1.2)
    weave = 1 + 0.06 * np.sin(subject.grid[1] / (0.02 * subject.face.width))
    return _laid(subject, np.array(GAUZE) * weave[..., None], area)


def plastered(subject: Subject) -> Picture:
    """A plaster on forehead, cheek or chin, by turns."""
    index, across, down = ((151, 0.1, -0.1), (50, 0.0, 0.0), (199, 0.0, 0.05))[subject.seed % 3]
    half = subject.unit * np.array([0.3, 0.1]) * subject.amount(0.8, 1.3)
    corners = subject.at(index, across, down) + np.array([(-1, -1), (1, -0.8), (1, 1.2), (-1, 1)]) * half
    return _laid(subject, np.array(PLASTERS[subject.seed % 2]), subject.polygon(corners, 1.0))


def with_vitiligo(subject: Subject) -> Picture:
    """Patches without pigment round mouth, chin and eyes: pale pink skin, lips too."""
    size = subject.unit * subject.amount(0.35, 0.6)
    places = (CHIN, 199, 17, 13, 164, 57, 287, 130, 359)
    area = np.clip(sum(subject.lobe(subject.xy[index], size) for index in places), 0, 1)
    ragged = cv2.GaussianBlur(
        subject.chance.normal(0, 1, area.shape).astype(np.float32), (0, 0), 0.04 * subject.face.width
    )
    area = np.clip((area + 1.5 * ragged - 0.45) * 6, 0, 1) * subject.area(OVAL)
    skin = subject.linear[subject.area(FOREHEAD, 0.01) > 0.5].mean(0)
    pale = np.minimum(subject.linear * (np.array(PALE_SKIN) ** 2.2 / np.maximum(skin, 0.01)), 0.9)
    lips = cv2.cvtColor(subject.rgb, cv2.COLOR_RGB2LAB)[..., 1] > 150
    pale[lips] = 0.5 * pale[lips] + 0.5 * np.array(PALE_SKIN) ** 2.2
    return laid_over(subject, pale.astype(np.float32), area.astype(np.float32))


def in_headscarf(subject: Subject) -> Picture:
    """Cloth over hair, ears and neck that leaves the face free, low over the forehead."""
    oval = subject.xy[list(OVAL)]
    middle = oval.mean(0)
    opening = subject.polygon(middle + (oval - middle) * (1.02, 0.97), 1.5)
    top = subject.measures["hair_top"][1] * subject.rgb.shape[0]
    dome = cv2.ellipse2Poly((round(middle[0]), round(middle[1])), (round(0.72 * subject.face.width), round(middle[1] - top + 0.03 * subject.face.width)), 0, 180, 360, 3)  # fmt: skip
    hem = np.array([subject.at(CHIN, 0.9, 0.75), subject.at(CHIN, 0, 1.0), subject.at(CHIN, -0.9, 0.75)])
    area = subject.polygon(np.vstack([dome, hem]).astype(np.float32), 1.5) * (1 - opening)
    x, y = subject.grid
    folds = 1 + 0.12 * np.sin((x * 0.6 + y) / (0.07 * subject.face.width))
    across = np.clip((x - middle[0]) / (0.8 * subject.face.width), -1, 1)
    light = folds * (0.5 + 0.5 * np.sqrt(1 - across**2))
    return laid_over(
        subject, np.array(SCARVES[subject.seed % 5], np.float32) * light[..., None].astype(np.float32), area
    )


def _laid(subject: Subject, colour: np.ndarray, area: np.ndarray) -> Picture:
    """A colour of display values in the light of the face."""
    light = np.clip(subject.shading(0.12), 0.5, 1.3)[..., None]
    return laid_over(subject, (np.clip(colour, 0, 1) ** 2.2 * light).astype(np.float32), area)


MAKERS = (bandaged, plastered, with_vitiligo, in_headscarf)

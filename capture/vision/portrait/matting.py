"""Who is the person and what is the wall, pixel by pixel: alpha, and the colours of the person without the wall.

The network's mask knows who is where, to some ten px. Near its outline two things decide: what colour the wall has there
(the photo rules ask for a plain one, and then a strand of hair is measured against it like against a blue screen), and, where
the wall is busy or like the person, the closed-form matting of the colours themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .closed_form import closed_form_alpha

FACE_CORE = 0.88  # of the outline of the face; the landmarks of its sides may lie some px outside
SURE_PERSON, SURE_WALL = 0.9, 0.08
PERSON_MARGIN = 9  # px that the sure person is drawn back from the mask
WALL_MARGIN_HAIR = 12  # px that the sure wall is drawn back; hair strays further than a shoulder
WALL_MARGIN_SHOULDER = 4
QUARTER = 4  # colours of wall and person are smooth: they are spread at a quarter of the size
WALL_RADII = (10, 30, 160)  # px of the quarter size; the smallest that finds any wall decides
PERSON_RADII = (3, 8, 30, 160)
WALL_RANGE = 0.35  # of 0-1: how far a wall with shadows strays from its own middle colour
NOISE = 0.02  # least spread of a wall's colour, of 0-1
CONTRAST = 0.12  # colours of person and wall must differ by about this for the screen to be trusted
TRUST = 0.02
POCKET = 7  # px: smallest gap between strands in which the wall is recognised
POCKET_DISTANCE = 0.08  # of 0-1: how far the colour of such a gap may be from that of the wall
POCKET_CONTRAST = 0.2
RING = 9  # px round a gap that become unknown


HAIR_DISTANCE = 0.14
HAIR_CONTRAST = 0.35  # to the wall; less, and the colours cannot tell
HAIR_REACH = 2.2  # half face widths to either side in which hair may hang
HAIR_PIXELS = 400


@dataclass(frozen=True)
class Screen:
    """Colour of the wall (h, w, 3), its spread (h, w) and the colour of the person (h, w, 3) about each pixel."""

    wall: np.ndarray
    noise: np.ndarray
    person: np.ndarray


def matte(rgb: np.ndarray, mask: np.ndarray, chin: float, oval: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Alpha (h, w) and the colours of the person (h, w, 3), float32 in 0-1.

    rgb is float32 in 0-1, `mask` the network's, `oval` (n, 2) the outline of the face, `chin` its lowest row.
    """
    oval = oval.mean(0) + FACE_CORE * (oval - oval.mean(0))
    known = trimap(mask, chin, oval)
    wall = read_wall(rgb, known)
    known = reclaim_hair(rgb, open_pockets(rgb, known, wall, chin, oval), wall[0], oval)
    screen = Screen(*wall, _spread(rgb, (known == 1).astype(np.float32), PERSON_RADII))
    guess, trust = screen_alpha(rgb, screen)
    alpha = closed_form_alpha(rgb, known, guess, trust)
    return alpha, foreground(rgb, alpha, screen)


def trimap(mask: np.ndarray, chin: float, oval: np.ndarray) -> np.ndarray:
    """float32: 1 person, 0 wall, 0.5 unknown."""
    person = _erode(mask > SURE_PERSON, PERSON_MARGIN)
    person |= _filled(oval, mask.shape)
    empty = mask < SURE_WALL
    wall = _erode(empty, WALL_MARGIN_SHOULDER)
    above = int(np.clip(chin, 0, mask.shape[0]))
    wall[:above] = _erode(empty, WALL_MARGIN_HAIR)[:above]
    return np.where(person > 0, 1.0, np.where(wall > 0, 0.0, 0.5)).astype(np.float32)


def read_wall(rgb: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour of the wall about each pixel and its spread, from the pixels that are surely wall."""
    sure = known == 0
    typical = np.median(rgb[sure][::16], axis=0) if sure.any() else np.zeros(3, np.float32)
    # Hair or a chair that the mask took for wall must not colour it.
    sure = (sure & ~_unlike(rgb, typical, WALL_RANGE)).astype(np.float32)
    wall = _spread(rgb, sure, WALL_RADII)
    away = ((rgb - wall) ** 2).sum(2)
    noise = _spread(away[..., None], sure, WALL_RADII)
    return wall, np.sqrt(np.maximum(noise, NOISE**2))


def screen_alpha(rgb: np.ndarray, screen: Screen) -> tuple[np.ndarray, np.ndarray]:
    """Alpha if each pixel were a mixture of the colours of wall and person about it, and how far to trust that.

    Trusted where the two differ, where the pixel lies on the line between them, and where the wall is even.
    """
    between = screen.person - screen.wall
    from_wall = rgb - screen.wall
    contrast = np.einsum("...i,...i->...", between, between)
    alpha = np.clip(np.einsum("...i,...i->...", from_wall, between) / np.maximum(contrast, 1e-6), 0, 1)
    off_line = from_wall - alpha[..., None] * between
    miss = np.einsum("...i,...i->...", off_line, off_line)
    fit = np.exp(-miss / (4 * screen.noise**2))
    even = NOISE**2 / screen.noise**2
    trust = TRUST * fit * even * contrast / (contrast + CONTRAST**2)
    return alpha.astype(np.float32), trust.astype(np.float32)


def open_pockets(
    rgb: np.ndarray, known: np.ndarray, wall: tuple[np.ndarray, np.ndarray], chin: float, oval: np.ndarray
) -> np.ndarray:
    """Wall that shows between hair and neck is wall, whatever the mask says, where it has the wall's own even colour.

    Only beside the lower face, and only where neither the person nearby nor skin looks like the wall.
    """
    colour, noise = wall
    face = _filled(oval, known.shape)
    beside = np.zeros(known.shape, bool)
    beside[int(max(0, oval[:, 1].mean())) : int(np.clip(chin, 0, known.shape[0]))] = True
    beside &= (face == 0) & (known != 0) & (noise < POCKET_DISTANCE / 2) & _unlike(colour, rgb[face > 0].mean(0))
    like_wall = beside & ~_unlike(rgb, colour, POCKET_DISTANCE)
    person = _spread(rgb, ((known == 1) & ~like_wall).astype(np.float32), PERSON_RADII)
    pocket = (like_wall & _unlike(person, colour)).astype(np.uint8)
    pocket = cv2.morphologyEx(pocket, cv2.MORPH_OPEN, _disc(POCKET // 2))
    opened = np.where(cv2.dilate(pocket, _disc(RING // 2)) > 0, np.minimum(known, 0.5), known)
    return np.where(_erode(pocket, 1) > 0, 0, opened).astype(np.float32)


def reclaim_hair(rgb: np.ndarray, known: np.ndarray, wall: np.ndarray, oval: np.ndarray) -> np.ndarray:
    """Long hair that the mask lost or doubted beside the face is the person's: coloured like the hair above the face,
    unlike the wall, and joined to what is sure. Its outline stays unknown."""
    hair = _hair_colour(rgb, known, oval)
    if hair is None:
        return known
    middle, half = oval[:, 0].mean(), np.ptp(oval[:, 0]) / 2
    beside = np.zeros(known.shape, bool)
    columns = slice(int(max(0, middle - HAIR_REACH * half)), int(middle + HAIR_REACH * half))
    beside[int(max(0, oval[:, 1].min())) :, columns] = True
    like_hair = beside & (known < 1) & ~_unlike(rgb, hair, HAIR_DISTANCE) & _unlike(rgb, wall, HAIR_CONTRAST)
    solid = cv2.morphologyEx(like_hair.astype(np.uint8), cv2.MORPH_OPEN, _disc(2))
    solid = _joined(solid, known == 1)
    known = np.where(cv2.dilate(solid, _disc(RING // 2)) > 0, np.maximum(known, 0.5), known)
    return np.where(_erode(solid, 2) > 0, 1, known).astype(np.float32)


def _hair_colour(rgb: np.ndarray, known: np.ndarray, oval: np.ndarray) -> np.ndarray | None:
    """Median colour of the person above the face; None for short hair, of which too little shows."""
    top = int(max(0, oval[:, 1].min()))
    above = rgb[:top][known[:top] == 1]
    return np.median(above, axis=0) if len(above) > HAIR_PIXELS else None


def _joined(area: np.ndarray, to: np.ndarray) -> np.ndarray:
    """The parts of an area that touch another one."""
    number, labels = cv2.connectedComponents(area)
    touching = np.unique(labels[cv2.dilate(to.astype(np.uint8), _disc(2)) > 0])
    keep = np.zeros(number, np.uint8)
    keep[touching] = 1
    keep[0] = 0
    return keep[labels]


def foreground(rgb: np.ndarray, alpha: np.ndarray, screen: Screen) -> np.ndarray:
    """Colours of the person alone, by a pass of blur-fusion (Forte 2021) that starts from the colours of the screen."""
    size = (13, 13)
    weight = alpha[..., None]
    mean_alpha = cv2.blur(alpha, size)[..., None]
    mean_person = cv2.blur(rgb * weight, size) + 0.02 * screen.person
    mean_person /= mean_alpha + 0.02
    rest = rgb - weight * mean_person - (1 - weight) * screen.wall
    return np.where(weight >= 1, rgb, np.clip(mean_person + weight * rest, 0, 1))


def _spread(values: np.ndarray, weight: np.ndarray, radii: tuple[int, ...]) -> np.ndarray:
    """Weighted means of `values` about each pixel, over the smallest radius that holds any weight."""
    height, width = weight.shape
    size = (width // QUARTER, height // QUARTER)
    weighted = cv2.resize(values * weight[..., None], size, interpolation=cv2.INTER_AREA)
    weights = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    total, share = 0.0, 0.0
    for radius in radii:
        window = (2 * radius + 1, 2 * radius + 1)
        fade = 1e-3 ** radii.index(radius)
        total = total + fade * cv2.blur(weighted, window, borderType=cv2.BORDER_ISOLATED).reshape(size[1], size[0], -1)
        share = share + fade * cv2.blur(weights, window, borderType=cv2.BORDER_ISOLATED)[..., None]
    return cv2.resize((total / (share + 1e-12)).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def _unlike(a: np.ndarray, b: np.ndarray, least: float = POCKET_CONTRAST) -> np.ndarray:
    return ((a - b) ** 2).sum(2) > least**2


def _filled(outline: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    area = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    return area


def _erode(area: np.ndarray, margin: int) -> np.ndarray:
    return cv2.erode(area.astype(np.uint8), _disc(margin))


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))

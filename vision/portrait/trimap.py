"""The trimap: what is surely the person, what is surely the wall, and the unknown band between
them.

Computed at half the size of the portrait, which is fine enough for the band and costs a quarter.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# Lengths are px at half the size; colour distances are Euclidean in RGB of 0-1.
FACE_CORE = 0.88  # of the outline of the face; the landmarks of its sides may lie some px outside
SURE_PERSON, MORE_LIKELY, SURE_WALL = 0.9, 0.5, 0.08
EMPTY = 0.01  # of the mask
NO_PERSON = 0.05  # of the mask; where it lost hair it has a doubt at least, before a dark chair it has none
PERSON_MARGIN = 5  # that the sure person is drawn back from the mask
WALL_MARGIN_HAIR = 6  # that the sure wall is drawn back; hair strays further than a shoulder
WALL_MARGIN_SHOULDER = 2
RING = 2  # round a correction of the mask that becomes unknown
COARSE = 2  # colours of wall and person are smooth: they are spread at half of the half
WALL_RADII = (10, 30, 160)  # px of the coarse size; the smallest that finds any wall decides
PERSON_RADII = (3, 8, 30, 160)
WALL_RANGE = 0.35  # how far a wall with shadows strays from its own middle colour
NOISE = 0.02  # least spread of a wall's colour
POCKET_DISTANCE = 0.11  # how far the colour of a gap in the hair may be from that of the wall
POCKET_CONTRAST = 0.2
POCKET_PIXELS = 5  # at least; between strands they are narrow
LOWER = 0.4  # heights of the face below the chin in which gaps are opened
LOWER_DISTANCE = 0.07  # how far their colour may be from that of the wall
POCKET_RING = 4  # round a gap that becomes unknown
HAIR_DISTANCE = 0.14
HAIR_CONTRAST = 0.35  # to the wall; less, and the colours cannot tell
HAIR_REACH = 2.2  # half face widths to either side in which hair may hang
HAIR_PIXELS = 100
DARKER = 0.3  # share of the hair that is called dark
SKIN_DISTANCE = 0.2  # of hair or clothes from the skin


@dataclass(frozen=True)
class Trimap:
    """All arrays are float32 at the size of the portrait.

    `known` (h, w): 1 person, 0 wall, 0.5 unknown. `wall`, `person` (h, w, 3): their colours around
    each pixel. `noise` (h, w): spread of the wall's colour. `hair`, `clothes`: colours (3,) found
    anywhere in the picture. `chin`: clothes are looked for below this row.
    """

    known: np.ndarray
    wall: np.ndarray
    noise: np.ndarray
    person: np.ndarray
    hair: tuple[np.ndarray, ...]
    clothes: np.ndarray | None
    chin: float


def build_trimap(rgb: np.ndarray, mask: np.ndarray, chin: float, oval: np.ndarray) -> Trimap:
    """`rgb`: float32 in 0-1. `mask`: the network's. `chin`: the lowest row of the face. `oval`: the
    outline of the face (n, 2).
    """
    size = (rgb.shape[1], rgb.shape[0])
    half = (size[0] // 2, size[1] // 2)
    rgb, mask = (cv2.resize(part, half, interpolation=cv2.INTER_AREA) for part in (rgb, mask))
    core = (oval.mean(0) + FACE_CORE * (oval - oval.mean(0))) / 2
    known = trimap_from_mask(mask, chin / 2, core)
    wall, noise = estimate_wall(rgb, known, mask)
    hair, clothes = hair_colours(rgb, known, core), clothes_colour(rgb, mask, chin / 2, core)
    known = open_pockets(rgb, known, mask, wall, noise, chin / 2, core)
    known = reclaim_hair(rgb, known, mask, wall, hair, core)
    known = clear_detached(known, core)
    person = _spread(rgb, (known == 1).astype(np.float32), PERSON_RADII)
    wall, noise, person = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (wall, noise, person))
    known = cv2.resize(known, size, interpolation=cv2.INTER_NEAREST)
    return Trimap(known, wall, noise, person, hair, clothes, chin)


def trimap_from_mask(mask: np.ndarray, chin: float, core: np.ndarray) -> np.ndarray:
    """float32 (h, w): 1 person, 0 wall, 0.5 unknown, from the mask alone."""
    person = _erode(mask > SURE_PERSON, PERSON_MARGIN)
    person |= _filled(core, mask.shape)
    empty = mask < SURE_WALL
    wall = _erode(empty, WALL_MARGIN_SHOULDER)
    above = int(np.clip(chin, 0, mask.shape[0]))
    wall[:above] = _erode(empty, WALL_MARGIN_HAIR)[:above]
    return np.where(person > 0, 1.0, np.where(wall > 0, 0.0, 0.5)).astype(np.float32)


def estimate_wall(rgb: np.ndarray, known: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour of the wall around each pixel, and its spread, from the pixels that are surely wall."""
    sure = known == 0
    typical = np.median(rgb[sure][::8], axis=0) if sure.any() else np.zeros(3, np.float32)
    # Hair that the mask half lost must not colour it.
    weight = (sure & ~(_unlike(rgb, typical, WALL_RANGE) & (mask > EMPTY))).astype(np.float32)
    wall = _spread(rgb, weight, WALL_RADII)
    # Absolute, not squared: a stray hair across it does not make a wall uneven.
    noise = 1.25 * _spread(np.sqrt(squared_length(rgb - wall)), weight, WALL_RADII)
    return wall, np.maximum(noise, NOISE)


def open_pockets(
    rgb: np.ndarray,
    known: np.ndarray,
    mask: np.ndarray,
    wall: np.ndarray,
    noise: np.ndarray,
    chin: float,
    core: np.ndarray,
) -> np.ndarray:
    """Mark gaps between hair, neck and shoulders as wall where they have the even colour of the
    wall.

    Beside the lower face whatever the mask says; below the chin, where a shirt may be like the
    wall, only nearer to its colour and where the mask doubts. Nowhere if the person nearby or skin
    looks like the wall.
    """
    face = _filled(core, known.shape)
    rows = np.arange(len(known))[:, None]
    upper = (rows >= core[:, 1].mean()) & (rows < chin)
    lower = (rows >= chin) & (rows < chin + LOWER * np.ptp(core[:, 1])) & (mask < SURE_PERSON)
    beside = (upper | lower) & (face == 0) & (known != 0) & (noise < POCKET_DISTANCE / 2)
    beside &= _unlike(wall, rgb[face > 0].mean(0), POCKET_CONTRAST)
    like_wall = beside & ~_unlike(rgb, wall, POCKET_DISTANCE) & (upper | ~_unlike(rgb, wall, LOWER_DISTANCE))
    person = _spread(rgb, ((known == 1) & ~like_wall).astype(np.float32), PERSON_RADII)
    pocket = _without_specks(like_wall & _unlike(person, wall, POCKET_CONTRAST), POCKET_PIXELS)
    known = np.where(cv2.dilate(pocket, _disc(POCKET_RING)) > 0, np.minimum(known, 0.5), known)
    return np.where(_erode(pocket, 1) > 0, 0, known).astype(np.float32)


def reclaim_hair(
    rgb: np.ndarray,
    known: np.ndarray,
    mask: np.ndarray,
    wall: np.ndarray,
    hair: tuple[np.ndarray, ...],
    core: np.ndarray,
) -> np.ndarray:
    """Mark long hair beside the face as person where the mask lost or doubted it.

    Such hair has a colour of the hair above the face, is unlike the wall, and is connected with
    pixels that are surely person. Its outline stays unknown.
    """
    if not hair:
        return known
    middle, half = core[:, 0].mean(), np.ptp(core[:, 0]) / 2
    beside = np.zeros(known.shape, bool)
    columns = slice(int(max(0, middle - HAIR_REACH * half)), int(middle + HAIR_REACH * half))
    beside[int(max(0, core[:, 1].min())) :, columns] = True
    like_hair = beside & (known < 1) & (mask > NO_PERSON) & _unlike(rgb, wall, HAIR_CONTRAST)
    like_hair &= ~np.logical_and.reduce([_unlike(rgb, colour, HAIR_DISTANCE) for colour in hair])
    solid = _joined(_open(like_hair, 1), known == 1)
    known = np.where(cv2.dilate(solid, _disc(RING)) > 0, np.maximum(known, 0.5), known)
    return np.where(_erode(solid, 1) > 0, 1, known).astype(np.float32)


def clear_detached(known: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Mark as wall what is not connected with the face: dark corners, lamps or plants that the mask
    does not exclude.
    """
    connected = _joined((known > 0).astype(np.uint8), _filled(core, known.shape))
    return np.where(connected > 0, known, 0).astype(np.float32)


def hair_colours(rgb: np.ndarray, known: np.ndarray, core: np.ndarray) -> tuple[np.ndarray, ...]:
    """Median colours of the darker part and of all of the hair around the upper face; empty for a
    bald head.
    """
    face = _filled(core, known.shape) > 0
    hair = (known == 1) & ~face & _unlike(rgb, rgb[face].mean(0), SKIN_DISTANCE)
    hair[int(core[:, 1].mean()) :] = False
    colours = rgb[hair]
    if len(colours) < HAIR_PIXELS:
        return ()
    light = colours.sum(1)
    return np.median(colours[light <= np.quantile(light, DARKER)], axis=0), np.median(colours, axis=0)


def clothes_colour(rgb: np.ndarray, mask: np.ndarray, chin: float, core: np.ndarray) -> np.ndarray | None:
    """Median colour of the half of the body that is least like the skin of the face; None where
    only skin shows.
    """
    skin = rgb[_filled(core, mask.shape) > 0].mean(0)
    body = rgb[int(max(chin, 0)) :][mask[int(max(chin, 0)) :] > MORE_LIKELY]
    if not len(body):
        return None
    unlike = squared_length((body - skin)[None])[0]
    clothes = body[unlike > max(np.median(unlike), SKIN_DISTANCE**2)]
    return np.median(clothes, axis=0) if len(clothes) > HAIR_PIXELS else None


def _without_specks(area: np.ndarray, least: int) -> np.ndarray:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(area.astype(np.uint8), connectivity=4)
    keep = (stats[:, cv2.CC_STAT_AREA] >= least).astype(np.uint8)
    keep[0] = 0
    return keep[labels]


def _joined(area: np.ndarray, to: np.ndarray) -> np.ndarray:
    """The connected parts of an area that touch another area."""
    number, labels = cv2.connectedComponents(area)
    keep = np.zeros(number, np.uint8)
    keep[np.unique(labels[cv2.dilate(to.astype(np.uint8), _disc(1)) > 0])] = 1
    keep[0] = 0
    return keep[labels]


def _spread(values: np.ndarray, weight: np.ndarray, radii: tuple[int, ...]) -> np.ndarray:
    """Weighted mean of `values` around each pixel, over the smallest radius with any weight."""
    height, width = weight.shape
    layers = values.reshape(height, width, -1)
    small = (width // COARSE, height // COARSE)
    weighted = cv2.merge([*(layer * weight for layer in cv2.split(layers)), weight])
    weighted = cv2.resize(weighted, small, interpolation=cv2.INTER_AREA)
    total = np.zeros_like(weighted)
    for step, radius in enumerate(radii):
        window = (2 * radius + 1, 2 * radius + 1)
        total += 1e-3**step * cv2.blur(weighted, window, borderType=cv2.BORDER_CONSTANT | cv2.BORDER_ISOLATED)
    means = total[..., :-1] / (total[..., -1:] + 1e-12)
    return cv2.resize(means, (width, height), interpolation=cv2.INTER_LINEAR)


def squared_length(difference: np.ndarray) -> np.ndarray:
    """Squared length of the last axis, which has 3 entries. Ten times faster than numpy's sum over
    so short an axis.
    """
    return cv2.transform(difference * difference, np.ones((1, 3), np.float32))


def _unlike(a: np.ndarray, b: np.ndarray, least: float) -> np.ndarray:
    return squared_length((a - b).astype(np.float32)) > least**2


def _filled(outline: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    area = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(outline).astype(np.int32)), 1)
    return area


def _open(area: np.ndarray, radius: int) -> np.ndarray:
    return cv2.morphologyEx(area.astype(np.uint8), cv2.MORPH_OPEN, _disc(radius))


def _erode(area: np.ndarray, margin: int) -> np.ndarray:
    return cv2.erode(area.astype(np.uint8), _disc(margin))


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))

"""What covers the head: fringe, hair over the ears, hats, masks."""

from __future__ import annotations

import numpy as np

from ..colour import distance
from ..face import CROP_HEIGHT, CROP_WIDTH, EYE_DISTANCE, FaceCrop
from .figure import FACE_WIDTH, Figure

FOREHEAD = (67, 109, 10, 338, 297, 299, 337, 151, 108, 69)
LIKE_SKIN = 18.0
LIKE_SKIN_OF_LIGHTNESS = 0.4  # of L: between dark skin and dark hair there is less difference to tell them by
LIKE_SKIN_LEAST = 9.0
LIPS = (0, 17, 37, 267, 84, 314)
CHIN_PATCH = (199, 200, 201, 421, 208, 428)
EARS = (234, 454)
SPOT = 3


def measure(crop: FaceCrop) -> dict[str, object]:
    forehead = np.array([_spot(crop, crop.points[index]) for index in FOREHEAD])
    from_skin = distance(forehead, crop.skin)
    lips = np.mean([_spot(crop, crop.points[index]) for index in LIPS], axis=0)
    chin = np.mean([_spot(crop, crop.points[index]) for index in CHIN_PATCH], axis=0)
    area = crop.points[list(FOREHEAD)]
    return {
        "forehead_skin": float((from_skin < like_skin(crop.skin)).mean()),
        "forehead_distance": float(np.median(from_skin)),
        "forehead_box": crop.place(np.array([area.min(0), area.max(0)])),
        "forehead_chroma": float(np.median(np.hypot(forehead[:, 1], forehead[:, 2]))),
        "lip_redness": float(lips[1] - chin[1]),
        "lip_distance": float(distance(lips, chin)),
        "chin_distance": float(distance(chin, crop.skin)),
        "ears": float(min(_ear_skin(crop, index, side) for index, side in zip(EARS, (-1, 1), strict=True))),
    }


def measure_head(figure: Figure, crop: FaceCrop) -> dict[str, object]:
    """Median chroma of the head above the forehead: hair is seldom colourful, caps and scarves are."""
    middle, half = int(figure.middle), int(0.4 * FACE_WIDTH)
    bottom = int(figure.points[10, 1] - 0.05 * FACE_WIDTH)
    rows = slice(min(figure.hair_top, bottom), max(bottom, 1))
    head = figure.person[rows, middle - half : middle + half]
    if head.sum() < 50:
        return {"hair_chroma": 0.0}
    colours = figure.lab[rows, middle - half : middle + half][head]
    return {"hair_chroma": float(np.median(np.hypot(colours[:, 1], colours[:, 2])))}


def like_skin(skin: np.ndarray) -> float:
    """dE from the cheeks (Lab) up to which a colour may be the same skin in another light."""
    return float(np.clip(LIKE_SKIN_OF_LIGHTNESS * skin[0], LIKE_SKIN_LEAST, LIKE_SKIN))


def _spot(crop: FaceCrop, point: np.ndarray) -> np.ndarray:
    return crop.lab[crop.window(point, SPOT, SPOT)].reshape(-1, 3).mean(0)


def _ear_skin(crop: FaceCrop, index: int, side: int) -> float:
    """Share of skin in a box outside the cheek, at the height of the ear."""
    centre = crop.points[index] + np.array([side * 0.12, -0.05]) * EYE_DISTANCE
    centre = np.clip(centre, 0, (CROP_WIDTH - 1, CROP_HEIGHT - 1))
    patch = crop.lab[crop.window(centre, 9, 22)]
    return float((distance(patch, crop.skin) < like_skin(crop.skin)).mean())

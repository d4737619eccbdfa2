"""What covers the head: a fringe, hair over the ears, hats, masks."""

from __future__ import annotations

import numpy as np

from vision.colour import colour_distance
from vision.face_crop import CROP_HEIGHT, CROP_WIDTH, FaceCrop
from vision.measures.integrity import fine_detail, skin_detail
from vision.person_crop import FACE_WIDTH, PersonCrop

FOREHEAD = (67, 109, 10, 338, 297, 299, 337, 151, 108, 69)
LIKE_SKIN = 18.0
LIKE_SKIN_OF_LIGHTNESS = 0.4  # of L: between dark skin and dark hair there is less difference to tell them by
LIKE_SKIN_LEAST = 9.0
LIPS = (0, 17, 37, 267, 84, 314)
CHIN_PATCH = (199, 200, 201, 421, 208, 428)
EARS = (234, 454)
SPOT = 3
EAR_INSIDE, EAR_OUTSIDE, EAR_ABOVE, EAR_BELOW = 1, 11, 9, 16  # px of the crop of the person round the side of the face
EAR_LEAST = 20  # px of a person
EAR_LIKE_SKIN = 0.9


def measure(crop: FaceCrop) -> dict[str, object]:
    forehead = _spots(crop, FOREHEAD)
    from_skin = colour_distance(forehead, crop.skin)
    lips = _spots(crop, LIPS).mean(0)
    chin = _spots(crop, CHIN_PATCH).mean(0)
    area = crop.points[list(FOREHEAD)]
    return {
        "forehead_skin": float((from_skin < like_skin(crop.skin)).mean()),
        "forehead_distance": float(np.median(from_skin)),
        "forehead_box": crop.to_fractions(np.array([area.min(0), area.max(0)])),
        "forehead_chroma": float(np.median(np.hypot(forehead[:, 1], forehead[:, 2]))),
        "lip_redness": float(lips[1] - chin[1]),
        "lip_distance": float(colour_distance(lips, chin)),
        "chin_distance": float(colour_distance(chin, crop.skin)),
        "forehead_detail": float(fine_detail(crop, FOREHEAD).std() / max(skin_detail(crop), 1.0)),
    }


def measure_head(person: PersonCrop, crop: FaceCrop) -> dict[str, object]:
    beside = [ear_skin(person, crop.skin, index, side) for index, side in zip(EARS, (-1, 1), strict=True)]
    return {"hair_chroma": hair_chroma(person), "ear_skin": max(beside)}


def hair_chroma(person: PersonCrop) -> float:
    """Median chroma of the head above the forehead. Hair is seldom colourful; caps and scarves are."""
    middle, half = int(person.middle), int(0.4 * FACE_WIDTH)
    bottom = int(person.points[10, 1] - 0.05 * FACE_WIDTH)
    rows = slice(min(person.hair_top, bottom), max(bottom, 1))
    head = person.is_person[rows, middle - half : middle + half]
    if head.sum() < 50:
        return 0.0
    colours = person.lab[rows, middle - half : middle + half][head]
    return float(np.median(np.hypot(colours[:, 1], colours[:, 2])))


def like_skin(skin: np.ndarray) -> float:
    """The colour distance from the cheeks (Lab) up to which a colour may be the same skin in other
    light.
    """
    return float(np.clip(LIKE_SKIN_OF_LIGHTNESS * skin[0], LIKE_SKIN_LEAST, LIKE_SKIN))


def _spots(crop: FaceCrop, indices: tuple[int, ...]) -> np.ndarray:
    """Mean Lab (n, 3) of a small square around each landmark."""
    columns, rows = np.round(crop.points[list(indices)]).astype(int).T
    reach = np.arange(-SPOT, SPOT + 1)
    rows = np.clip(rows[:, None, None] + reach[:, None], 0, CROP_HEIGHT - 1)
    columns = np.clip(columns[:, None, None] + reach, 0, CROP_WIDTH - 1)
    return crop.lab[rows, columns].mean((1, 2))


def ear_skin(person: PersonCrop, skin: np.ndarray, index: int, side: int) -> float:
    """Share of skin in the person's pixels beside a cheek, where the ear should be; 1 when there
    are nearly no such pixels.
    """
    x, y = np.round(person.points[index]).astype(int)
    inner, outer = x - side * EAR_INSIDE, x + side * EAR_OUTSIDE
    box = (slice(max(0, y - EAR_ABOVE), y + EAR_BELOW), slice(max(0, min(inner, outer)), max(inner, outer)))
    colours = person.lab[box][person.is_person[box]]
    if len(colours) < EAR_LEAST:
        return 1.0
    # Ears are redder than cheeks and lie in their own shadow, but seldom have less colour.
    warm = np.hypot(colours[:, 1], colours[:, 2]) > 0.8 * np.hypot(skin[1], skin[2])
    warm &= (colours[:, 1] > 0.8 * skin[1]) & (colours[:, 0] > 0.55 * skin[0])
    return float(((colour_distance(colours, skin) < EAR_LIKE_SKIN * like_skin(skin)) | warm).mean())

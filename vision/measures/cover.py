"""What covers the head: a fringe, hair over the ears, hats, scarves, masks."""

from __future__ import annotations

import cv2
import numpy as np

from vision.colour import colour_distance
from vision.crops.face import CROP_HEIGHT, CROP_WIDTH, FaceCrop
from vision.crops.person import SIDE, PersonCrop
from vision.measures.integrity import fine_detail, skin_detail

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
QUARTILES = 1.349  # between the quartiles of a normal distribution of deviation 1
CROWN_HALF, CROWN_ABOVE, CROWN_RIM = 60, 30, 7  # px of the crop of the person
CROWN_LEAST = 150  # px
LIKE_FOREHEAD = 14.0
HAIR_MOST_CHROMA = 52.0  # red hair
VIVID_SKIN = 32.0  # chroma: in pictures whose skin has more, hair has more too
HAIR_ROOM, HAIR_ROOM_OF_LIGHTNESS = 6.0, 0.12  # towards green and blue: what light and camera do to grey and dark hair
HAIR_RED, HAIR_RED_OF_LIGHTNESS, HAIR_RED_OF_YELLOW = 18.0, 0.15, 0.6  # redder hair is yellower or lighter too
WHITE_LIGHTNESS, WHITE_CHROMA = 85.0, 7.0  # no blond
NECK_FROM, NECK_TO, NECK_HALF = 6, 26, 22  # px below the chin
BESIDE_FROM, BESIDE_TO, BESIDE_ABOVE, BESIDE_BELOW = 4, 16, 12, 14  # px from the side of the face
AROUND_LEAST, LIKE_CROWN, UNLIKE_SKIN = 30, 10.0, 12.0
STRANDS_ABOVE, STRANDS_TO, STRANDS_HALF = 75, 8, 70  # px of the face crop above the forehead
STRANDS_LEAST = 0.25  # of that area must be hair or cover
STRANDS_BLUR = 2.0


def measure(crop: FaceCrop) -> dict[str, object]:
    forehead = _spots(crop, FOREHEAD)
    from_skin = colour_distance(forehead, crop.skin)
    lips = _spots(crop, LIPS).mean(0)
    chin = _spots(crop, CHIN_PATCH).mean(0)
    area = crop.points[list(FOREHEAD)]
    detail, of_skin = fine_detail(crop, FOREHEAD), max(skin_detail(crop), 1.0)
    return {
        "forehead_skin": float((from_skin < like_skin(crop.skin)).mean()),
        "forehead_distance": float(np.median(from_skin)),
        "forehead_box": crop.to_fractions(np.array([area.min(0), area.max(0)])),
        "forehead_light": float(np.median(forehead[:, 0]) - crop.skin[0]),
        "forehead_chroma": float(np.median(np.hypot(forehead[:, 1], forehead[:, 2]))),
        "lip_redness": float(lips[1] - chin[1]),
        "lip_distance": float(colour_distance(lips, chin)),
        "chin_distance": float(colour_distance(chin, crop.skin)),
        "chin_chroma": float(np.hypot(chin[1], chin[2])),
        "chin_hue": float(np.degrees(np.arctan2(chin[2], chin[1]))),
        "forehead_detail": float(detail.std() / of_skin),
        "forehead_hair": float(np.subtract(*np.percentile(detail, (75, 25))) / QUARTILES / of_skin),
    }


def measure_head(person: PersonCrop, crop: FaceCrop) -> dict[str, object]:
    beside = [ear_skin(person, crop.skin, index, side) for index, side in zip(EARS, (-1, 1), strict=True)]
    rows, columns, is_crown, colours = _crown(person)
    is_hair = is_crown & (colour_distance(colours, crop.skin) > LIKE_FOREHEAD)
    corners = np.array([[columns.start, rows.start], [columns.stop, rows.stop]])
    return {
        "ear_skin": max(beside),
        "cover_colour": share_unlike_hair(colours[is_hair], int(is_crown.sum()), crop.skin),
        "cover_around": _cloth_around(person, crop.skin, colours[is_hair]),
        "strands": strands(person, crop),
        "crown_box": person.to_fractions(corners),
    }


def _crown(person: PersonCrop) -> tuple[slice, slice, np.ndarray, np.ndarray]:
    """Rows and columns above the forehead, the mask of the head there without its rim, and Lab."""
    bottom = max(1, int(person.points[10, 1] - 3))
    rows = slice(min(max(0, person.hair_top - CROWN_ABOVE), bottom - 1), bottom)
    middle = int(np.clip(person.middle, 1, SIDE - 1))
    columns = slice(max(0, middle - CROWN_HALF), min(SIDE, middle + CROWN_HALF))
    head = cv2.erode(person.is_person[rows, columns].astype(np.uint8), np.ones((CROWN_RIM, CROWN_RIM), np.uint8))
    return rows, columns, head > 0, person.lab[rows, columns]


def share_unlike_hair(colours: np.ndarray, crown: int, skin: np.ndarray) -> float:
    """The share of the crown (px) whose colour (Lab, n x 3, without skin) no hair has: blue, green,
    purple, pink, vivid, white. How vivid hair may be is told by the skin (Lab).
    """
    if len(colours) < CROWN_LEAST:
        return 0.0
    lightness, a, b = colours.T
    chroma = np.hypot(a, b)
    room = HAIR_ROOM + HAIR_ROOM_OF_LIGHTNESS * lightness
    reddest = HAIR_RED + HAIR_RED_OF_LIGHTNESS * lightness + HAIR_RED_OF_YELLOW * np.maximum(b, 0)
    most_chroma = HAIR_MOST_CHROMA * max(1.0, float(np.hypot(skin[1], skin[2])) / VIVID_SKIN)
    unlike = (b < -room) | (a < -room) | (a > reddest) | (chroma > most_chroma)
    unlike |= (lightness > WHITE_LIGHTNESS) & (chroma < WHITE_CHROMA)
    return float(unlike.sum() / crown)


def _cloth_around(person: PersonCrop, skin: np.ndarray, crown: np.ndarray) -> float:
    """The least share, of the neck below the chin and of the places beside both cheeks, that has the
    colour of the crown (Lab, n x 3). Hair does not close below a chin, a headscarf does.
    """
    if len(crown) < CROWN_LEAST:
        return 0.0
    colour = np.median(crown, axis=0)
    chin, middle = int(person.chin), int(person.middle)
    places = [(slice(chin + NECK_FROM, chin + NECK_TO), slice(max(0, middle - NECK_HALF), middle + NECK_HALF))]
    for index, side in zip(EARS, (-1, 1), strict=True):
        x, y = np.round(person.points[index]).astype(int)
        left, right = sorted((x + side * BESIDE_FROM, x + side * BESIDE_TO))
        places.append((slice(max(0, y - BESIDE_ABOVE), y + BESIDE_BELOW), slice(max(0, left), max(0, right))))
    return min(_share_of_cloth(person, place, colour, skin) for place in places)


def _share_of_cloth(person: PersonCrop, place: tuple[slice, slice], colour: np.ndarray, skin: np.ndarray) -> float:
    colours = person.lab[place][person.is_person[place]]
    if len(colours) < AROUND_LEAST:
        return 0.0
    is_cloth = (colour_distance(colours, colour) < LIKE_CROWN) & (colour_distance(colours, skin) > UNLIKE_SKIN)
    return float(is_cloth.mean())


def strands(person: PersonCrop, crop: FaceCrop) -> float | None:
    """Fine detail of what lies above the forehead, in percent of its grey level: hair has strands,
    a cap of plain cloth has nearly none. None on a bald head; the wall above it does not count.
    """
    bottom, middle = int(crop.points[10, 1]) - STRANDS_TO, int(crop.points[10, 0])
    rows = slice(max(0, bottom + STRANDS_TO - STRANDS_ABOVE), max(1, bottom))
    columns = slice(max(0, middle - STRANDS_HALF), max(1, middle + STRANDS_HALF))
    skin = (colour_distance(crop.lab[rows, columns], crop.skin) < LIKE_SKIN).astype(np.uint8)
    is_hair = (cv2.dilate(skin, np.ones((9, 9), np.uint8)) == 0) & _is_person(person, crop, rows, columns)
    if is_hair.mean() < STRANDS_LEAST:
        return None
    grey = crop.grey[rows, columns]
    detail = (grey - cv2.GaussianBlur(grey, (0, 0), STRANDS_BLUR))[is_hair]
    return float(100 * detail.std() / (grey[is_hair].mean() + 8))


def _is_person(person: PersonCrop, crop: FaceCrop, rows: slice, columns: slice) -> np.ndarray:
    """The mask of the person in these rows and columns of the face crop. Both crops are level."""
    in_person, in_crop = (np.linalg.norm(np.subtract(*places.points[list(EARS)])) for places in (person, crop))
    x, y = (
        (places - crop.points[10, axis]) * in_person / in_crop + person.points[10, axis]
        for axis, places in enumerate((np.arange(CROP_WIDTH)[columns], np.arange(CROP_HEIGHT)[rows]))
    )
    return person.is_person[np.ix_(*(np.clip(np.round(places), 0, SIDE - 1).astype(int) for places in (y, x)))]


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

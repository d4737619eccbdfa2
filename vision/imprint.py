"""The imprint of a picture: 512 bits of the face that stay nearly the same when the picture is cropped, turned, mirrored,
resized, brightened, filtered or photographed again, and differ in about half between two people (docs/judging.md).

The landmarks lay the face on a template, which cancels crop, size and tilt; even contrast cancels light; the signs of the
512 coarsest waves of what is left are the bits. It is no face recognition: another photo of the same person, taken with
another look or light, has another imprint.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from vision.face_crop import CROP_HEIGHT, CROP_WIDTH, FaceCrop

BITS = 512
WORDS, WORD_BITS = 32, 16
SIDE = 64  # px of the square that is transformed
LEFT, RIGHT, TOP, BOTTOM = 20, 300, 20, 380  # the part of the crop that it shows
EVEN_OVER = 12  # px of the square: light that changes more slowly is taken out
LEAST_CONTRAST = 0.05  # of the logarithm; a plain wall has none to even out

# Where landmarks that hair, eyelids and lips move little lie in the crop, the mean of many people, the same on both sides.
PLACES = {
    33: (87, 169), 263: (233, 169), 133: (133, 171), 362: (187, 171), 127: (46, 179), 356: (274, 179), 234: (47, 203),
    454: (273, 203), 93: (49, 227), 323: (271, 227), 132: (53, 253), 361: (267, 253), 58: (61, 280), 288: (259, 280),
    70: (66, 144), 300: (254, 144), 63: (76, 134), 293: (244, 134), 105: (92, 129), 334: (228, 129), 107: (136, 132),
    336: (184, 132), 116: (58, 198), 345: (262, 198), 205: (96, 236), 425: (224, 236), 98: (133, 239), 327: (187, 239),
    129: (127, 228), 358: (193, 228), 54: (62, 114), 284: (258, 114), 21: (52, 133), 251: (268, 133), 10: (160, 82),
    151: (160, 108), 9: (160, 135), 168: (160, 161), 6: (160, 173), 197: (160, 184), 195: (160, 195), 4: (160, 220),
}  # fmt: skip

# What a wave measures on half of all people, in halves: every face has a nose, so a wave's sign alone would say little.
# Only of waves that are the same on both sides; of the others the half lies at nought.
MEDIANS = (
    -6, -2, -6, -24, 20, 5, 15, 16, -7, -4, 19, 16, 4, -13, 13, -3, 15, -9, -1, 1, 13, 14, 14, 6, -2, -1, -2, -12, 11,
    6, 9, -2, -7, 4, -2, -1, -3, -8, -3, -2, 2, -8, 4, 5, 3, 2, -2, 11, -6, 3, -6, 0, 1, -1, -4, -5, -3, 9, -1, -1, 0,
    -3, 9, 7, 4, -3, -9, -3, 0, -5, -3, 4, -1, -1, 0, -1, 0, 1, -3, 0, 3, 4, -3, 2, 3, 0, 1, 1, 1, -1, -7, 0, -1, 2,
    -2, 2, 3, -2, 0, 2, 0, 0, 0, -1, 1, 2, -1, 0, 6, 3, 1, -4, 0, -2, -2, -1, -3, 0, 1, 2, -2, 0, 2, -1, 0, -1, -1, 1,
    4, 0, 1, 0, -5, 0, -1, 0, 1, 1, 2, 0, 1, 2, 1, -3, 0, 0, -3, 1, 1, 3, 1, 1, 2, 0, 1, -1, -2, 1, 1, -1, -1, 0, 3,
    1, -1, -3, -1, -1, 1, -1, 0, -1, 0, -1, 1, -1, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0, -1, 3, 1, -2, 0, 1, 0, -2, 0, 0,
    -1, 1, -1, 2, 0, 0, 0, 3, 0, 1, 0, -2, 0, 0, 0, 0, 2, -2, 0, 0, 0, -1, 0, -1, 1, 1, 0, -1, -1, 1, 0, 0, 0, 0, -2,
    0, 2, 0, 1, 1, 2, 0, 0, -1, 0, 0, 1, 0, 0, 0, -2, 0, 0, 0, 2, -1, 0, -1, -1, -1, 0, -2, 1, 0, 1, 0,
)  # fmt: skip


def compute_imprint(crop: FaceCrop) -> str:
    """128 hex digits. Digits 4n to 4n+3 are one word: bits from all scales, so that damage at one scale leaves words whole."""
    rows, columns = waves()
    bits = cv2.dct(_even(_square(crop)))[rows, columns] > _middle()
    return np.packbits(bits[_order()]).tobytes().hex()


def mirror_imprint(imprint: str) -> str:
    """The imprint of the mirrored picture: waves that differ on both sides change their sign."""
    turned = np.packbits(_one_sided()[_order()])
    return (np.frombuffer(bytes.fromhex(imprint), np.uint8) ^ turned).tobytes().hex()


def split_words(imprint: str) -> list[int]:
    """32 numbers: each word with its place before it. Two imprints of one picture share one nearly always."""
    return [place << WORD_BITS | int(imprint[4 * place : 4 * place + 4], 16) for place in range(WORDS)]


def imprint_distance(one: str, other: str) -> int:
    """In how many of the 512 bits two imprints differ, the one as it is or mirrored."""
    return min(_difference(one, other), _difference(mirror_imprint(one), other))


def _difference(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _square(crop: FaceCrop) -> np.ndarray:
    """The face on the template, (64, 64); halved first, so that warping down does not alias."""
    half = cv2.resize(crop.grey, (CROP_WIDTH // 2, CROP_HEIGHT // 2), interpolation=cv2.INTER_AREA)
    linear, shift = _fit(crop.points)
    scale = np.array([SIDE / (RIGHT - LEFT), SIDE / (BOTTOM - TOP)])
    linear = scale[:, None] * linear
    shift = scale * (shift - (CROP_WIDTH / 2, TOP)) + (SIDE / 2 - 0.5, 0)
    matrix = np.column_stack([2 * linear, shift + linear @ (0.5, 0.5)])  # the middle of a halved pixel lies between two
    return cv2.warpAffine(half, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _fit(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The affine map (2, 2), (2,) that lays the landmarks on their places best."""
    found = np.column_stack([points[list(PLACES)], np.ones(len(PLACES))])
    best = np.linalg.lstsq(found, np.array(list(PLACES.values()), float), rcond=None)[0]
    return best[:2].T, best[2]


def _even(grey: np.ndarray) -> np.ndarray:
    """Stops of light, less their surroundings, over the contrast there."""
    stops = np.log(grey + 8)
    detail = stops - cv2.GaussianBlur(stops, (0, 0), EVEN_OVER)
    return detail / (np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), EVEN_OVER)) + LEAST_CONTRAST)


@cache
def waves() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the 512 coarsest waves in the cosine transform, the coarsest first, without the mean."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    coarsest = np.lexsort((column, row, row**2 + column**2))[1 : BITS + 1]
    return row[coarsest], column[coarsest]


@cache
def _one_sided() -> np.ndarray:
    """Which waves change their sign in a mirror."""
    return waves()[1] % 2 == 1


@cache
def _middle() -> np.ndarray:
    values = np.zeros(BITS, np.float32)
    values[~_one_sided()] = np.array(MEDIANS, np.float32) / 2
    return values


@cache
def _order() -> np.ndarray:
    """Places of the bits, word after word: each word has every 32nd wave."""
    return np.arange(BITS).reshape(WORD_BITS, WORDS).T.ravel()

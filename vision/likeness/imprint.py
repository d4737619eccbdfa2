"""The imprint of a picture: 512 bits of the aligned face, a perceptual hash (docs/judging.md).

The bits stay nearly the same when the picture is cropped, turned, mirrored, resized, brightened,
filtered or photographed again. Between two people about half of them differ.

The landmarks are aligned with a template, which removes crop, size and tilt. Contrast is evened,
which removes light. The signs of the 512 coarsest waves of the cosine transform are the bits. This
is no face recognition: another photo of the same person, with another expression or light, has
another imprint.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from vision.crops.face import CROP_HEIGHT, CROP_WIDTH, FaceCrop

BITS = 512
WORDS, WORD_BITS = 32, 16
SIDE = 64  # px of the square that is transformed
LEFT, RIGHT, TOP, BOTTOM = 20, 300, 20, 380  # the part of the crop that the square shows
EVEN_OVER = 12  # px of the square: slower changes of light are removed
LEAST_CONTRAST = 0.05  # of the logarithm; keeps a plain area from being amplified

# The template: mean places in crop px of landmarks that hair, eyelids and lips move little,
# made symmetric.
PLACES = {
    33: (87, 169), 263: (233, 169), 133: (133, 171), 362: (187, 171), 127: (46, 179), 356: (274, 179), 234: (47, 203),
    454: (273, 203), 93: (49, 227), 323: (271, 227), 132: (53, 253), 361: (267, 253), 58: (61, 280), 288: (259, 280),
    70: (66, 144), 300: (254, 144), 63: (76, 134), 293: (244, 134), 105: (92, 129), 334: (228, 129), 107: (136, 132),
    336: (184, 132), 116: (58, 198), 345: (262, 198), 205: (96, 236), 425: (224, 236), 98: (133, 239), 327: (187, 239),
    129: (127, 228), 358: (193, 228), 54: (62, 114), 284: (258, 114), 21: (52, 133), 251: (268, 133), 10: (160, 82),
    151: (160, 108), 9: (160, 135), 168: (160, 161), 6: (160, 173), 197: (160, 184), 195: (160, 195), 4: (160, 220),
}  # fmt: skip

# The median over many people of each symmetric wave, in units of 0.5. All faces are alike, so the
# sign of the bare wave would say little. The medians of the other waves are 0.
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
    """128 hex digits. Digits 4n to 4n+3 are word n: bits of all scales, so that damage at one scale
    leaves some words unchanged.
    """
    rows, columns = waves()
    bits = cv2.dct(_even(_square(crop)))[rows, columns] > _middle()
    return np.packbits(bits[_order()]).tobytes().hex()


def mirror_imprint(imprint: str) -> str:
    """The imprint of the mirrored picture. Waves that are not symmetric change their sign."""
    turned = np.packbits(_one_sided()[_order()])
    return (np.frombuffer(bytes.fromhex(imprint), np.uint8) ^ turned).tobytes().hex()


def split_words(imprint: str) -> list[int]:
    """32 numbers: each 16-bit word with its position above it. Two imprints of one picture nearly
    always share at least one of these numbers.
    """
    return [place << WORD_BITS | int(imprint[4 * place : 4 * place + 4], 16) for place in range(WORDS)]


def imprint_distance(one: str, other: str) -> int:
    """The number of differing bits, 0 to 512; the smaller of two comparisons, with the first
    imprint as it is and mirrored.
    """
    return min(_difference(one, other), _difference(mirror_imprint(one), other))


def _difference(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _square(crop: FaceCrop) -> np.ndarray:
    """The aligned face as float32 (64, 64). The crop is halved first, so that the warp does not
    alias.
    """
    half = cv2.resize(crop.grey, (CROP_WIDTH // 2, CROP_HEIGHT // 2), interpolation=cv2.INTER_AREA)
    linear, shift = _fit(crop.points)
    scale = np.array([SIDE / (RIGHT - LEFT), SIDE / (BOTTOM - TOP)])
    linear = scale[:, None] * linear
    shift = scale * (shift - (CROP_WIDTH / 2, TOP)) + (SIDE / 2 - 0.5, 0)
    matrix = np.column_stack([2 * linear, shift + linear @ (0.5, 0.5)])  # the middle of a halved pixel lies between two
    return cv2.warpAffine(half, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _fit(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The affine map (2, 2), (2,) that moves the landmarks to PLACES with the least squared error."""
    found = np.column_stack([points[list(PLACES)], np.ones(len(PLACES))])
    best = np.linalg.lstsq(found, np.array(list(PLACES.values()), float), rcond=None)[0]
    return best[:2].T, best[2]


def _even(grey: np.ndarray) -> np.ndarray:
    """Local contrast of the logarithm of light: the difference from the surroundings, divided by
    its local deviation.
    """
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
    """True for waves that change their sign when the picture is mirrored."""
    return waves()[1] % 2 == 1


@cache
def _middle() -> np.ndarray:
    values = np.zeros(BITS, np.float32)
    values[~_one_sided()] = np.array(MEDIANS, np.float32) / 2
    return values


@cache
def _order() -> np.ndarray:
    """Indices of the bits, word after word. Each word takes every 32nd wave."""
    return np.arange(BITS).reshape(WORD_BITS, WORDS).T.ravel()

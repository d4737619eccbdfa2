"""Completes what lies a little beyond the source: the chest below it and the shoulders beside it."""

from __future__ import annotations

import cv2
import numpy as np

from vision.portrait.crop import HEIGHT, WIDTH

BLACK = 16  # levels
ALL_BLACK, SLANTED = 0.98, 0.05  # black share of the outermost line of a rim, and of one that a slanted rim leaves
NARROW = 0.05  # of the source; a wider rim is clothes or a background
FADE = 5  # px over which hair that was cut off ends
GAP = 15  # px of wall within a shoulder that are none
NECK = 10  # px below the chin that are not stretched


def shown_area(picture: np.ndarray) -> np.ndarray:
    """(left, top, right, bottom) of what a picture (h, w, 3) shows inside a black rim, which
    scanning and levelling leave, as fractions.
    """
    height, width = picture.shape[:2]
    rows, columns = (max(2, int(NARROW * side)) for side in (height, width))
    left, right = _rim(picture[:, :columns].swapaxes(0, 1)), _rim(picture[:, : -columns - 1 : -1].swapaxes(0, 1))
    top, bottom = _rim(picture[:rows]), _rim(picture[: -rows - 1 : -1])
    return np.array([left / width, top / height, 1 - right / width, 1 - bottom / height])


def _rim(lines: np.ndarray) -> int:
    """How many of the outermost lines (n, length, 3), from the border inwards, are a black rim."""
    if (lines[0].max(1) < BLACK).mean() < ALL_BLACK:
        return 0
    inside = np.flatnonzero((lines.max(2) < BLACK).mean(1) < SLANTED)
    return int(inside[0]) + 1 if len(inside) else 0


def stretch_chest(picture: np.ndarray, matrix: np.ndarray, area: np.ndarray, chin: float) -> np.ndarray:
    """The portrait (h, w, 3) with the chest drawn down over what lies below the source.

    The warp fills that part with a mirror image, in which necklines turn back. `matrix` (2, 3):
    from px of the source to the portrait. `area`: the part of the source that is shown, in px.
    `chin`: the lowest row of the face. Nothing above it moves, and the further down, the more.
    """
    back = cv2.invertAffineTransform(matrix)
    columns = np.arange(WIDTH)
    foot = (area[3] - back[1, 0] * columns - back[1, 2]) / back[1, 1] - 1
    start = float(np.clip(chin + NECK, 0, HEIGHT - 2))
    room = HEIGHT - 1 - start
    missing = np.clip(HEIGHT - 1 - foot, 0, room / 2)
    if not missing.any():
        return picture
    rows = np.arange(int(start), HEIGHT)[:, None]
    sources = rows - missing * (np.maximum(rows - start, 0) / room) ** 2
    x = np.broadcast_to(columns, sources.shape)
    stretched = cv2.remap(picture, x.astype(np.float32), sources.astype(np.float32), cv2.INTER_CUBIC)
    return np.concatenate([picture[: int(start)], stretched])


def clear_missing(alpha: np.ndarray, matrix: np.ndarray, area: np.ndarray, neck: float) -> np.ndarray:
    """Alpha of the portrait (h, w), corrected beyond the source: at the sides only shoulders below
    the row `neck` go on, falling by at least 45 degrees from it, and nothing is added above the
    head. Both would be a mirror image.
    """
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    places = cv2.transform(cv2.merge([x, y]), cv2.invertAffineTransform(matrix))
    beside = (places[..., 0] < area[0]) | (places[..., 0] > area[2])
    above = places[..., 1] < area[1]
    if not (beside.any() or above.any()):
        return alpha
    inside = np.stack([places[..., 0].clip(area[0] + 1, area[2] - 2), places[..., 1].clip(area[1] + 1, None)], 2)
    nearest = cv2.transform(inside, matrix).astype(np.float32)
    level = cv2.remap(alpha, nearest, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shoulders = cv2.morphologyEx(level, cv2.MORPH_CLOSE, np.ones((GAP, 1), np.uint8))
    shoulders = np.minimum.accumulate(np.where(beside, shoulders, 1)[::-1], 0)[::-1]
    above |= beside & (y < neck + np.abs(x - nearest[..., 0]))
    shown = np.where(above, 0, shoulders).astype(np.float32)
    return np.minimum(np.where(beside | above, shown, alpha), cv2.blur(shown, (FADE, FADE)))

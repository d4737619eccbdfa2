"""A chain around the neck: a thin bright line on skin."""

from __future__ import annotations

import cv2
import numpy as np

from vision.colour import colour_distance
from vision.crops.face import CHIN, CROP_HEIGHT, CROP_WIDTH, EYE_DISTANCE, FaceCrop

BELOW_CHIN = 4  # px
LEAST_ROWS = 15
HALF_WIDTH = 105  # px from the chin to both sides: beside lies hair, through which the wall shines
LIKE_SKIN = 26.0  # of the cheeks: the neck lies in the shadow of the chin
BRIDGED, RIM = 11, 7  # px: a chain does not part the skin; collars and hair at its rim are not looked at
THIN = 7  # px
BRIGHTER = 20.0  # L
LINE_WIDTH = 9.0  # px with what dilating adds


def measure(crop: FaceCrop) -> dict[str, object]:
    top, middle = int(crop.points[CHIN, 1]) + BELOW_CHIN, int(crop.points[CHIN, 0])
    if top > CROP_HEIGHT - LEAST_ROWS or not 0 < middle < CROP_WIDTH:
        return {"necklace": 0.0, "neck_box": []}
    left = max(0, middle - HALF_WIDTH)
    length, corners = bright_lines(crop.lab[top:, left : middle + HALF_WIDTH], crop.skin, middle - left)
    return {"necklace": length / EYE_DISTANCE, "neck_box": crop.to_fractions(corners + (left, top)) if length else []}


def bright_lines(colours: np.ndarray, skin: np.ndarray, middle: int) -> tuple[float, np.ndarray]:
    """Length in px of the longest thin bright line left of the column `middle` and of the longest
    right of it, together (the diagonals of their boxes), and two corners of the box round both.

    A patch that is wider than a line counts as shorter.
    """
    neck = (colour_distance(colours, skin) < LIKE_SKIN).astype(np.uint8)
    neck = cv2.morphologyEx(neck, cv2.MORPH_CLOSE, np.ones((BRIDGED, BRIDGED), np.uint8))
    neck = cv2.erode(neck, np.ones((RIM, RIM), np.uint8), borderValue=1)
    lightness = np.ascontiguousarray(colours[..., 0])
    thin = cv2.morphologyEx(lightness, cv2.MORPH_TOPHAT, np.ones((THIN, THIN), np.uint8)) > BRIGHTER
    bright = cv2.dilate(thin.astype(np.uint8) & neck, np.ones((3, 3), np.uint8))
    boxes = cv2.connectedComponentsWithStats(bright)[2][1:].astype(float)
    lengths = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    lengths = lengths * np.minimum(1, lengths * LINE_WIDTH / boxes[:, cv2.CC_STAT_AREA])
    is_left = boxes[:, cv2.CC_STAT_LEFT] + boxes[:, cv2.CC_STAT_WIDTH] / 2 < middle
    sides = [np.flatnonzero(side) for side in (is_left, ~is_left)]
    best = [int(side[np.argmax(lengths[side])]) for side in sides if len(side)]
    if not best:
        return 0.0, np.zeros((2, 2))
    first, size = boxes[best, :2], boxes[best, 2:4]
    return float(lengths[best].sum()), np.array([first.min(0), (first + size).max(0)])

"""A chain around the neck: a thin bright line on skin."""

from __future__ import annotations

import cv2
import numpy as np

from vision.colour import colour_distance
from vision.face_crop import CHIN, CROP_HEIGHT, CROP_WIDTH, EYE_DISTANCE, FaceCrop

BELOW_CHIN = 4  # px
LEAST_ROWS = 15
LIKE_SKIN = 26.0  # of the cheeks: the neck lies in the shadow of the chin
BRIDGED, RIM = 11, 7  # px: a chain does not part the skin; collars and hair at its rim are not looked at
THIN = 7  # px
BRIGHTER = 20.0  # L
LINE_WIDTH = 9.0  # px with what dilating adds


def measure(crop: FaceCrop) -> dict[str, object]:
    top = int(crop.points[CHIN, 1]) + BELOW_CHIN
    if top > CROP_HEIGHT - LEAST_ROWS:
        return {"necklace": 0.0, "neck_box": []}
    length, (x, y, width, height) = longest_line(crop.lab[top:], crop.skin)
    corners = np.array([[x, y + top], [x + width, y + top + height]])
    return {"necklace": length / EYE_DISTANCE, "neck_box": crop.to_fractions(corners)}


def longest_line(colours: np.ndarray, skin: np.ndarray) -> tuple[float, tuple[int, int, int, int]]:
    """Length of the longest thin bright line on the neck, in px (the diagonal of its box), and the
    box.

    A patch that is wider than a line counts as shorter.
    """
    neck = (colour_distance(colours, skin) < LIKE_SKIN).astype(np.uint8)
    neck = cv2.morphologyEx(neck, cv2.MORPH_CLOSE, np.ones((BRIDGED, BRIDGED), np.uint8))
    neck = cv2.erode(neck, np.ones((RIM, RIM), np.uint8), borderValue=1)
    lightness = np.ascontiguousarray(colours[..., 0])
    thin = cv2.morphologyEx(lightness, cv2.MORPH_TOPHAT, np.ones((THIN, THIN), np.uint8)) > BRIGHTER
    bright = cv2.dilate(thin.astype(np.uint8) & neck, np.ones((3, 3), np.uint8))
    boxes = cv2.connectedComponentsWithStats(bright)[2][1:].astype(float)
    if not len(boxes):
        return 0.0, (CROP_WIDTH // 2, 0, 1, 1)
    lengths = np.hypot(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    lengths = lengths * np.minimum(1, lengths * LINE_WIDTH / boxes[:, cv2.CC_STAT_AREA])
    best = int(np.argmax(lengths))
    x, y, width, height = (int(value) for value in boxes[best, :4])
    return float(lengths[best]), (x, y, width, height)

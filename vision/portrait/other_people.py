"""Removes other people from the mask, so that they become wall."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

PERSON = 0.5
CORE = 9  # px to either side of the middle of the face that surely is this person


def remove_other_people(mask: np.ndarray, oval: np.ndarray, boxes: Sequence[np.ndarray]) -> np.ndarray:
    """The mask without other people. `boxes` (x0, y0, x1, y1) are their faces, in px of the mask.

    A pixel belongs to the nearest face; the distance is counted in widths of that face. Parts of
    the mask that are not connected with this person's face are removed too.
    """
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]].astype(np.float32)
    own = np.hypot(*(np.stack([x, y]) - oval.mean(0)[:, None, None])) / np.ptp(oval[:, 0])
    for x0, y0, x1, y1 in boxes:
        other = np.hypot(x - (x0 + x1) / 2, y - (y0 + y1) / 2) / (x1 - x0)
        mask = np.where(other < own, 0, mask)
    return _with_face(mask.astype(np.float32), oval)


def _with_face(mask: np.ndarray, oval: np.ndarray) -> np.ndarray:
    """The part of the mask that is connected with the face."""
    _, labels = cv2.connectedComponents((mask > PERSON).astype(np.uint8))
    column, row = np.round(oval.mean(0)).astype(int)
    face = labels[max(0, row - CORE) : row + CORE, max(0, column - CORE) : column + CORE]
    others = (labels > 0) & (labels != np.bincount(face.ravel()).argmax()) if face.size else labels < 0
    return np.where(cv2.dilate(others.astype(np.uint8), np.ones((CORE, CORE), np.uint8)) > 0, 0, mask).astype(
        np.float32
    )

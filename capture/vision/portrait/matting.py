"""Who is the person and what is the wall, pixel by pixel: alpha, and the colours of the person without the wall.

The network's mask knows who is where, to some ten px. Near its outline two things decide: what colour the wall has there
(the photo rules ask for a plain one, and then a strand of hair is measured against it like against a blue screen), and, where
the wall is busy or like the person, the closed-form matting of the colours themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .closed_form import closed_form_alpha
from .regions import NOISE, Regions, find_regions, squares

CONTRAST = 0.12  # colours of person and wall must differ by about this for the screen to be trusted
TRUST = 0.02  # of the screen at its best, beside the matting energy
MASK_TRUST = 0.05
MASK_NONE, MASK_WHOLE = 0.15, 0.4  # half a shirt is worse than a little of a wall that looks like it
FUSION = (13, 13)  # px over which the colours of the person are smooth


@dataclass(frozen=True)
class Matte:
    """Alpha (h, w) and the colours of the person (h, w, 3), float32 in 0-1; `edge` grades the outline, 0 best to 1."""

    alpha: np.ndarray
    person: np.ndarray
    edge: float


def matte(rgb: np.ndarray, mask: np.ndarray, chin: float, oval: np.ndarray) -> Matte:
    """rgb is float32 in 0-1, `mask` the network's, `oval` (n, 2) the outline of the face, `chin` its lowest row."""
    regions = find_regions(rgb, mask, chin, oval)
    guess, trust = screen_alpha(rgb, mask, regions)
    alpha = closed_form_alpha(rgb, regions.known, guess, trust)
    return Matte(alpha, foreground(rgb, alpha, regions), grade(alpha, regions))


def screen_alpha(rgb: np.ndarray, mask: np.ndarray, regions: Regions) -> tuple[np.ndarray, np.ndarray]:
    """Alpha if each unknown pixel were a mixture of the colours of wall and person about it, and how far to trust that.

    Trusted where the two differ, where the pixel lies on the line between them, and where the wall is even. Where the two
    are alike (a white shirt before a white wall) no colour can tell, and the mask is believed.
    """
    unknown = regions.known == 0.5
    wall, noise = regions.wall[unknown], regions.noise[unknown]
    between, from_wall = regions.person[unknown] - wall, rgb[unknown] - wall
    contrast = _dot(between, between)
    share = np.clip(_dot(from_wall, between) / np.maximum(contrast, 1e-6), 0, 1)
    off_line = from_wall - share[:, None] * between
    fit = np.exp(-_dot(off_line, off_line) / (4 * noise**2))
    unlike = contrast / (contrast + CONTRAST**2)
    even = (NOISE / noise) ** 2
    by_screen = TRUST * fit * even * unlike
    by_mask = MASK_TRUST * (1 - unlike)
    alpha, trust = regions.known.copy(), np.zeros_like(regions.known)
    trust[unknown] = by_screen + by_mask
    likely = np.clip((mask[unknown] - MASK_NONE) / (MASK_WHOLE - MASK_NONE), 0, 1)
    likely = even * likely + (1 - even) * mask[unknown]
    alpha[unknown] = (by_screen * share + by_mask * likely) / np.maximum(trust[unknown], 1e-9)
    return alpha, trust


def foreground(rgb: np.ndarray, alpha: np.ndarray, regions: Regions) -> np.ndarray:
    """Colours of the person alone, by a pass of blur-fusion (Forte 2021) that starts from the colours of the regions."""
    soft = (alpha > 0) & (alpha < 1)
    weight = alpha[soft][:, None]
    near = cv2.blur(cv2.merge([*(channel * alpha for channel in cv2.split(rgb)), alpha]), FUSION)[soft]
    mean = (near[:, :3] + 0.02 * regions.person[soft]) / (near[:, 3:] + 0.02)
    rest = rgb[soft] - weight * mean - (1 - weight) * regions.wall[soft]
    person = rgb.copy()
    person[soft] = np.clip(mean + weight * rest, 0, 1)
    return person


def grade(alpha: np.ndarray, regions: Regions) -> float:
    """How uneven the wall is along the outline, in units of its difference from the person: 0.02 before a plain wall, 0.07
    at most on studio portraits, 0.3 and more before bricks or shelves, where hair and wall cannot be told apart."""
    outline = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    near = cv2.dilate(outline, np.ones((7, 7), np.uint8)) > 0
    if not near.any():
        return 1.0
    contrast = np.sqrt(squares(regions.person - regions.wall)[near])
    return float(min(1.0, (regions.noise[near] / np.maximum(contrast, NOISE)).mean()))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]

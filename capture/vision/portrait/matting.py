"""Who is the person and what is the wall, pixel by pixel: alpha and the colours of the person without the wall."""

from __future__ import annotations

import cv2
import numpy as np

SURE_PERSON, SURE_WALL = 0.9, 0.08
PERSON_MARGIN = 9  # px that the sure person is drawn back from the mask
WALL_MARGIN_HAIR = 12  # px that the sure wall is drawn back; hair strays further than a shoulder
WALL_MARGIN_SHOULDER = 4
GUIDE_RADIUS = 8
GUIDE_EPSILON = 1e-4
FUSION_RADII = (45, 6)


def trimap(mask: np.ndarray, chin: float, oval: np.ndarray) -> np.ndarray:
    """float32: 1 person, 0 wall, 0.5 unknown. `oval` (n, 2) is the outline of the face, `chin` its lowest row."""
    person = _erode(mask > SURE_PERSON, PERSON_MARGIN)
    cv2.fillConvexPoly(person, cv2.convexHull(np.round(oval).astype(np.int32)), 1)
    empty = mask < SURE_WALL
    wall = _erode(empty, WALL_MARGIN_SHOULDER)
    above = int(np.clip(chin, 0, mask.shape[0]))
    wall[:above] = _erode(empty, WALL_MARGIN_HAIR)[:above]
    return np.where(person > 0, 1.0, np.where(wall > 0, 0.0, 0.5)).astype(np.float32)


def guided_alpha(rgb: np.ndarray, mask: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Alpha that follows the edges of the picture inside the unknown band. rgb and the result are float32 in 0-1."""
    start = np.where(known == 0.5, mask, known).astype(np.float32)
    alpha = guided_filter(rgb, start, GUIDE_RADIUS, GUIDE_EPSILON)
    alpha = np.where(known == 0.5, alpha, known)
    return np.clip((alpha - 0.04) / 0.92, 0, 1)


def guided_filter(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Colour guided filter, He, Sun and Tang 2010, equations 14-16. guide (h, w, 3), target (h, w)."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    r, g, b = cv2.split(guide)
    mr, mg, mb, mt = mean(r), mean(g), mean(b), mean(target)
    rr, gg, bb = mean(r * r) - mr * mr + epsilon, mean(g * g) - mg * mg + epsilon, mean(b * b) - mb * mb + epsilon
    rg, rb, gb = mean(r * g) - mr * mg, mean(r * b) - mr * mb, mean(g * b) - mg * mb
    cr, cg, cb = mean(r * target) - mr * mt, mean(g * target) - mg * mt, mean(b * target) - mb * mt
    # The inverse of the symmetric 3 x 3 covariance, written out: numpy's solver is 20 times slower on small matrices.
    i_rr, i_rg, i_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    i_gg, i_gb, i_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = rr * i_rr + rg * i_rg + rb * i_rb
    ar = (i_rr * cr + i_rg * cg + i_rb * cb) / determinant
    ag = (i_rg * cr + i_gg * cg + i_gb * cb) / determinant
    ab = (i_rb * cr + i_gb * cg + i_bb * cb) / determinant
    offset = mt - ar * mr - ag * mg - ab * mb
    return mean(ar) * r + mean(ag) * g + mean(ab) * b + mean(offset)


def foreground(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours of the person alone, by blur-fusion in two passes (Forte 2021); float32 (h, w, 3) in 0-1."""
    person = wall = rgb
    for radius in FUSION_RADII:
        person, wall = _fuse(rgb, person, wall, alpha, radius)
    return person


def _fuse(
    rgb: np.ndarray, person: np.ndarray, wall: np.ndarray, alpha: np.ndarray, radius: int
) -> tuple[np.ndarray, np.ndarray]:
    size = (2 * radius + 1, 2 * radius + 1)
    weight = alpha[..., None]
    blurred_alpha = cv2.blur(alpha, size)[..., None]
    mean_person = cv2.blur(person * weight, size) / (blurred_alpha + 1e-5)
    mean_wall = cv2.blur(wall * (1 - weight), size) / (1 - blurred_alpha + 1e-5)
    rest = rgb - weight * mean_person - (1 - weight) * mean_wall
    return np.clip(mean_person + weight * rest, 0, 1), mean_wall


def _erode(area: np.ndarray, margin: int) -> np.ndarray:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
    return cv2.erode(area.astype(np.uint8), kernel)

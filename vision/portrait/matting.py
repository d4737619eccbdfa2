"""Matting: alpha for each pixel, and the colours of the person without the wall.

The network's mask is exact to about ten px. Near its outline two things decide. The photo rules ask
for a plain wall, so each pixel is compared with the wall's colour, as before a blue screen. Where
the wall is busy or like the person, closed-form matting decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from vision.portrait.closed_form_matting import closed_form_alpha
from vision.portrait.trimap import NOISE, Trimap, build_trimap, squared_length

CONTRAST = 0.12  # colours of person and wall must differ by about this for the screen to be trusted
TRUST = 0.02  # of the screen at its best, beside the matting energy
MASK_TRUST = 0.05  # of the mask where the colours cannot tell
UNFIT, SURE = 0.3, 0.8  # shares of it where no mixture fits, and where the mask is sure
MASK_NONE, MASK_WHOLE = 0.15, 0.4  # half a shirt is worse than a little of a wall that looks like it
DOUBT = 0.5  # of the mask where a pixel has the wall's very colour
CLEAR = 8.0  # times the spread of the wall away from it: surely no wall
HAIR_PRIOR = 0.25  # that a pixel is hair from elsewhere on the head, beside 1 for the colours nearby
SHADE_TRUST, SHADE_MASK = 0.06, 0.5  # of the shadow on the wall, and the mask above which it is none
ROUGH = 0.03  # levels of 0-1 by which a strand differs from what is about it
DARKEST_SHADE = 0.45  # share of the light on the wall
FUSION = (13, 13)  # px over which the colours of the person are smooth


@dataclass(frozen=True)
class Matte:
    """Alpha (h, w) and the colours of the person (h, w, 3), float32 in 0-1. `edge` grades the
    outline, from 0 (best) to 1 (worst).
    """

    alpha: np.ndarray
    person: np.ndarray
    edge: float


def compute_matte(rgb: np.ndarray, mask: np.ndarray, chin: float, oval: np.ndarray) -> Matte:
    """`rgb`: float32 (h, w, 3) in 0-1. `mask`: the network's mask (h, w). `chin`: the lowest row of
    the face. `oval`: the outline of the face (n, 2).
    """
    trimap = build_trimap(rgb, mask, chin, oval)
    guess, trust = alpha_from_colours(rgb, mask, trimap)
    alpha = closed_form_alpha(rgb, trimap.known, guess, trust)
    return Matte(alpha, estimate_foreground(rgb, alpha, trimap), grade_outline(alpha, trimap))


def alpha_from_colours(rgb: np.ndarray, mask: np.ndarray, trimap: Trimap) -> tuple[np.ndarray, np.ndarray]:
    """Alpha (h, w) when each unknown pixel is a mixture of a colour of the wall and one of the
    person, and how far to trust it (h, w).

    It is trusted where wall and person differ, where the pixel lies on the line between the two
    colours, and where the wall is even. Where the two are alike (a white shirt before a white wall)
    or no mixture fits, the mask decides.
    """
    unknown = trimap.known == 0.5
    wall, noise = trimap.wall[unknown], trimap.noise[unknown]
    from_wall, even = rgb[unknown] - wall, (NOISE / noise) ** 2
    share, fit, tells = unmix(from_wall, wall, noise, candidate_colours(trimap, unknown))
    sure = np.clip((mask[unknown] - 0.8) / 0.15, 0, 1)
    by_screen = TRUST * even * fit * tells
    by_mask = MASK_TRUST * even * (fit * (1 - tells) + UNFIT * (1 - fit) + SURE * sure)
    shade = (
        SHADE_TRUST
        * even
        * shadow_likelihood(rgb, unknown, wall, noise)
        * np.clip(1 - mask[unknown] / SHADE_MASK, 0, 1)
    )
    alpha, trust = trimap.known.copy(), np.zeros_like(trimap.known)
    trust[unknown] = by_screen + by_mask + shade
    likely = alpha_from_mask(mask[unknown], from_wall, noise)
    alpha[unknown] = (by_screen * share + by_mask * likely) / np.maximum(trust[unknown], 1e-9)
    return alpha, trust


def candidate_colours(trimap: Trimap, unknown: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray | float]]:
    """Colours that the person may have at the unknown pixels, each with its prior: the colours
    nearby, the hair, the clothes.
    """
    yield trimap.person[unknown], 1.0
    for hair in trimap.hair:
        yield hair, HAIR_PRIOR
    if trimap.clothes is not None:
        yield trimap.clothes, (np.nonzero(unknown)[0] > trimap.chin).astype(np.float32)


def unmix(
    from_wall: np.ndarray, wall: np.ndarray, noise: np.ndarray, colours: Iterable[tuple[np.ndarray, np.ndarray | float]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For n pixels: the share of the person, how well the best colour fits, and how far the colours
    can decide; each 0-1.

    A colour counts as far as the pixel lies on the line from the wall to it, or beyond it.
    """
    best = total = telling = shared = np.zeros(len(wall), np.float32)
    for colour, prior in colours:
        between = colour - wall
        contrast = np.maximum(_dot(between, between), 1e-6)
        share = np.maximum(_dot(from_wall, between) / contrast, 0)
        off_line = from_wall - share[:, None] * between
        fit = np.exp(-_dot(off_line, off_line) / (4 * noise**2)) * np.sign(prior)
        tells = prior * fit / (1 + (CONTRAST**2 / contrast) ** 2)
        best, total = np.maximum(best, fit), total + prior * fit
        telling, shared = telling + tells, shared + tells * np.minimum(share, 1)
    return shared / np.maximum(telling, 1e-9), best, telling / np.maximum(total, 1e-9)


def shadow_likelihood(rgb: np.ndarray, unknown: np.ndarray, wall: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """How likely a pixel is wall in the person's shadow, 0-1: it has the hue of the wall, is
    darker, and smoother than any strand of hair.
    """
    grey = rgb.mean(2)
    rough = (cv2.GaussianBlur(grey, (0, 0), 1) - cv2.GaussianBlur(grey, (0, 0), 4))[unknown]
    light = _dot(rgb[unknown], wall) / np.maximum(_dot(wall, wall), 1e-6)
    tint = rgb[unknown] - light[:, None] * wall
    hue = np.exp(-_dot(tint, tint) / (2 * noise**2))
    return hue * np.exp(-((rough / ROUGH) ** 2)) * ((light > DARKEST_SHADE) & (light < 1))


def alpha_from_mask(mask: np.ndarray, from_wall: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Alpha by the mask. It is steep where a pixel clearly differs from the wall or the wall is
    even. A pixel like the wall needs a higher mask value.
    """
    away = _dot(from_wall, from_wall)
    steep = np.maximum((NOISE / noise) ** 2, np.exp(-((CLEAR * noise) ** 2) / np.maximum(away, 1e-6)))
    least = MASK_NONE + DOUBT * np.exp(-away / (4 * noise**2))
    return steep * np.clip((mask - least) / (MASK_WHOLE - MASK_NONE), 0, 1) + (1 - steep) * mask


def estimate_foreground(rgb: np.ndarray, alpha: np.ndarray, trimap: Trimap) -> np.ndarray:
    """Colours of the person alone: one pass of blur-fusion (Forte 2021) that starts from the
    colours of the trimap.
    """
    soft = (alpha > 0) & (alpha < 1)
    weight = alpha[soft][:, None]
    near = cv2.blur(cv2.merge([*(channel * alpha for channel in cv2.split(rgb)), alpha]), FUSION)[soft]
    mean = (near[:, :3] + 0.02 * trimap.person[soft]) / (near[:, 3:] + 0.02)
    rest = rgb[soft] - weight * mean - (1 - weight) * trimap.wall[soft]
    person = rgb.copy()
    person[soft] = np.clip(mean + weight * rest, 0, 1)
    return person


def grade_outline(alpha: np.ndarray, trimap: Trimap) -> float:
    """Unevenness of the wall along the outline, divided by its difference from the person.

    0.02 before a plain wall, at most 0.07 on studio portraits, 0.3 and more before bricks or
    shelves, where colours cannot separate hair and wall.
    """
    outline = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    near = cv2.dilate(outline, np.ones((7, 7), np.uint8)) > 0
    if not near.any():
        return 1.0
    contrast = np.sqrt(squared_length(trimap.person - trimap.wall)[near])
    return float(min(1.0, (trimap.noise[near] / np.maximum(contrast, NOISE)).mean()))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]

"""Glasses: whether any are worn, and what their lenses mirror or take away.

Frames are edges where bare skin is smooth: a bridge across the nose, rims below both eyes, rims or temples outside of
both. Each is how far the lightness jumps along a whole line, as a part of the lightness of the cheeks. Any two of the
three tell glasses: brows, bags below the eyes and painted lashes give one at most.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.crops.face import EYE_DISTANCE, IRIS_LEFT, IRIS_RIGHT, FaceCrop
from vision.measures.light import EYE_WHITES, UNDER_EYES

INNER_CORNERS, OUTER_CORNERS = (133, 362), (33, 263)
BRIDGE_ROWS = (156, 186)  # of the crop: from the brows to below the corners of the eyes
MOST_WITHOUT = {"bridge": 0.05, "rims": 0.08, "temples": 0.035}  # about the highest of 172 bare faces
ON_THE_LINE = 0.25  # on three quarters of its length a line is at least as strong as is counted
SLANT = 5  # px by which a line may bend or lean
DARKEST_CHEEK = 20.0
GLARE = 215
EYE_HALF_WIDTH, EYE_HALF_HEIGHT = 42, 26
WHITE_BESIDE_SKIN = 5.0  # L by which the white of an eye may be lighter than its lids


def measure(crop: FaceCrop) -> dict[str, object]:
    signs = {"bridge": _bridge(crop), "rims": _rims(crop), "temples": _temples(crop)}
    _, second, _ = sorted(signs[name] / most for name, most in MOST_WITHOUT.items())
    return {
        "glasses": second,
        **{f"glasses_{name}": value for name, value in signs.items()},
        "lens_glare": max(_glare(crop, iris[0]) for iris in (IRIS_LEFT, IRIS_RIGHT)),
        "lens_shade": _shade(crop),
    }


def _bridge(crop: FaceCrop) -> float:
    (left, _), (right, _) = crop.points[list(INNER_CORNERS)]
    middle, reach = (left + right) / 2, (right - left) / 4
    return _line(crop, (middle - reach, middle + reach), BRIDGE_ROWS, 1)


def _rims(crop: FaceCrop) -> float:
    """The weaker one of the two eyes."""
    places = [crop.points[iris[0]] for iris in (IRIS_LEFT, IRIS_RIGHT)]
    return min(_line(crop, (x - 20, x + 21), (y + 14, y + 44), 1) for x, y in places)


def _temples(crop: FaceCrop) -> float:
    """The weaker one of the two sides."""
    (left, above), (right, beside) = crop.points[list(OUTER_CORNERS)]
    first = _line(crop, (left - 26, left - 6), (above - 10, above + 16), 0)
    return min(first, _line(crop, (right + 6, right + 26), (beside - 10, beside + 16), 0))


def _line(crop: FaceCrop, columns: tuple[float, float], rows: tuple[float, float], down: int) -> float:
    """The strongest line of one edge in a box: level when `down` is 1, upright when it is 0."""
    height, width = crop.grey.shape
    x0, x1 = (int(np.clip(x, 2, width - 2)) for x in columns)
    y0, y1 = (int(np.clip(y, 2, height - 2)) for y in rows)
    if x1 - x0 < SLANT or y1 - y0 < SLANT:
        return 0.0
    soft = cv2.GaussianBlur(crop.grey[y0 - 2 : y1 + 2, x0 - 2 : x1 + 2], (0, 0), 1.0)
    edges = cv2.Sobel(soft, cv2.CV_32F, 1 - down, down, scale=1 / 8)[2:-2, 2:-2]
    edges = edges if down else edges.T
    along = np.ones((SLANT, 1), np.uint8)
    jumps = [cv2.dilate(np.maximum(sign * edges, 0), along) for sign in (1, -1)]
    rank = int(ON_THE_LINE * edges.shape[1])
    return max(float(np.partition(jump, rank, axis=1)[:, rank].max()) for jump in jumps) / _cheek(crop)


def _cheek(crop: FaceCrop) -> float:
    """Grey level of the cheeks."""
    places = np.round(crop.points[[50, 280, 101, 330]]).astype(int).clip(2, 317)
    return max(float(np.median([crop.grey[y - 2 : y + 3, x - 2 : x + 3] for x, y in places])), DARKEST_CHEEK)


def _glare(crop: FaceCrop, iris: int) -> float:
    """Area of the largest bright blob before an eye over the squared eye distance."""
    bright = crop.darkest[crop.window(crop.points[iris], EYE_HALF_WIDTH, EYE_HALF_HEIGHT)] >= GLARE
    areas = cv2.connectedComponentsWithStats(bright.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return float(areas.max(initial=0)) / EYE_DISTANCE**2


def _shade(crop: FaceCrop) -> float:
    """L by which the skin below the eyes and the whites of the eyes are both darker than the cheeks. Shadows of deep
    eyes darken the skin alone. Medians, for rims cross the patches.
    """
    under = np.mean([np.median(crop.patch_lab(patch)[:, 0]) for patch in UNDER_EYES])
    white = np.mean([np.percentile(crop.patch_lab(eye)[:, 0], 85) for eye in EYE_WHITES])
    return float(crop.skin[0] - max(under, white - WHITE_BESIDE_SKIN))

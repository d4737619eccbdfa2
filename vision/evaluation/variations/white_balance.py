"""The colour of lamps and of daylight, and what a camera leaves of it.

Sources: below 4,000 K the Planckian locus as B. Kim et al. (US patent 7,024,034, 2002) approximate
it; from 4,000 K the daylight locus of CIE 015. The picture is adapted by von Kries' rule in the
cone space of Bradford (K. M. Lam, 1985).
"""

from __future__ import annotations

import numpy as np

from vision.evaluation.variations.original import Original, developed

NEUTRAL = 6504.0  # K: the white of sRGB (D65)
LAMPS_BELOW = 4000.0  # K: lamps radiate as a black body, the sky does not
XYZ_OF_RGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
CONES_OF_XYZ = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def chromaticity(kelvin: float) -> tuple[float, float]:
    """CIE 1931 x and y of a light, from 2,222 to 25,000 K."""
    if kelvin < LAMPS_BELOW:
        x = float(np.polyval([-0.2661239e9, -0.2343589e6, 0.8776956e3, 0.179910], 1 / kelvin))
        return x, float(np.polyval([-0.9549476, -1.37418593, 2.09137015, -0.16748867], x))
    near = [-4.6070e9, 2.9678e6, 0.09911e3, 0.244063]
    far = [-2.0064e9, 1.9018e6, 0.24748e3, 0.237040]
    x = float(np.polyval(near if kelvin <= 7000 else far, 1 / kelvin))
    return x, float(np.polyval([-3.000, 2.870, -0.275], x))


def white(kelvin: float) -> np.ndarray:
    """XYZ of white paper in this light, with Y = 1."""
    x, y = chromaticity(kelvin)
    return np.array([x / y, 1.0, (1 - x - y) / y])


def adaptation(kelvin: float) -> np.ndarray:
    """(3, 3): linear sRGB in neutral light to linear sRGB in a light of this temperature. Grey keeps
    its luminance.
    """
    cones = CONES_OF_XYZ @ XYZ_OF_RGB
    gains = (CONES_OF_XYZ @ white(kelvin)) / (cones @ np.ones(3))
    adapted: np.ndarray = np.linalg.inv(cones) @ np.diag(gains) @ cones
    return adapted


def left_after(kelvin: float, corrected: float) -> float:
    """The temperature that a picture still shows when the camera corrected this share of a light's
    distance from neutral, in mired (1,000,000 / K), in which equal steps look alike.
    """
    return 1 / (1 / NEUTRAL + (1 - corrected) * (1 / kelvin - 1 / NEUTRAL))


def in_light(original: Original, kelvin: float, corrected: float = 0.0) -> np.ndarray:
    """The scene under one light; `corrected` is the camera's share, from 0 to 1."""
    matrix = adaptation(left_after(kelvin, corrected)).astype(np.float32)
    return developed(original.linear @ matrix.T)


def in_mixed_light(original: Original, left: float, right: float) -> np.ndarray:
    """Light of one temperature from the left and of another from the right; they meet across the
    face.
    """
    x, _ = original.grid
    share = 1 / (1 + np.exp(-3 * (x - original.xy[1, 0]) / original.face.width))
    sides = [original.linear @ adaptation(kelvin).astype(np.float32).T for kelvin in (left, right)]
    return developed(sides[0] * (1 - share[..., None]) + sides[1] * share[..., None])

"""Signs that the photo was taken from a screen or a print, or smoothed by a beauty filter. They only warn."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from ..face import CHEEK_PATCH_LEFT, CHEEK_PATCH_RIGHT, FaceCrop
from .figure import SIDE, Figure

SPECTRUM = 256
RING_FROM, RING_TO = 0.12, 0.5  # cycles a pixel: below lies the face itself
ON_AXIS = 3  # rows and columns of the spectrum where JPEG blocks and picture borders put their energy
FRAME = 0.18  # of the crop: where a bezel or the border of a print would run
LONG_LINE = 0.3


def measure_face(crop: FaceCrop) -> dict[str, object]:
    return {"screen": spectral_peak(crop.grey), "skin_detail": skin_detail(crop)}


def spectral_peak(grey: np.ndarray) -> float:
    """Strongest off-axis peak of the log spectrum over its surroundings: the grid of a screen makes one."""
    patch = grey[72 : 72 + SPECTRUM, 32 : 32 + SPECTRUM]
    window = _window()
    real, imaginary = cv2.split(cv2.dft((patch - patch.mean()) * window, flags=cv2.DFT_COMPLEX_OUTPUT))
    spectrum = np.log1p(np.fft.fftshift(cv2.magnitude(real, imaginary)))
    ratio = spectrum / np.maximum(cv2.blur(spectrum, (15, 15)), 1.0)
    return float(ratio[_ring()].max())


@cache
def _window() -> np.ndarray:
    return np.outer(np.hanning(SPECTRUM), np.hanning(SPECTRUM)).astype(np.float32)


@cache
def _ring() -> np.ndarray:
    steps = np.abs(np.arange(SPECTRUM) - SPECTRUM // 2)
    radius = np.hypot(steps[:, None], steps[None, :]) / SPECTRUM
    off_axis = (steps[:, None] > ON_AXIS) & (steps[None, :] > ON_AXIS)
    return (radius > RING_FROM) & (radius < RING_TO) & off_axis


def skin_detail(crop: FaceCrop) -> float:
    """Standard deviation of the fine detail of the cheeks over grey levels: pores and noise that filters wipe away."""
    detail = crop.grey - cv2.GaussianBlur(crop.grey, (0, 0), 2)
    cheeks = crop.polygon(CHEEK_PATCH_LEFT) | crop.polygon(CHEEK_PATCH_RIGHT)
    return float(detail[cheeks].std())


def measure_frame(figure: Figure, crop: FaceCrop) -> dict[str, object]:
    """Long straight lines in the outer part of the frame."""
    grey = cv2.cvtColor(figure.rgb, cv2.COLOR_RGB2GRAY)
    edges = cv2.Canny(grey, 50, 150)
    edges[figure.person | ~cv2.erode(figure.inside.astype(np.uint8), np.ones((5, 5))).astype(bool)] = 0
    # Half degrees and wide gaps: a print seldom lies as level as the head does (27 of 30 tilted ones are found, before 16).
    lines = cv2.HoughLinesP(edges, 1, np.pi / 360, 50, minLineLength=int(LONG_LINE * SIDE), maxLineGap=12)
    return {"frame_lines": 0 if lines is None else len(lines)}

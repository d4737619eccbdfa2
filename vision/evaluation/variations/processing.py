"""What the program of a phone makes of a picture before it is stored: colour, contrast, sharpening,
noise, smooth skin.
"""

from __future__ import annotations

import cv2
import numpy as np

from vision.crops.face import OVAL
from vision.evaluation.variations.original import Original, developed

FEATURES = ((33, 133, 159, 145, 70, 107), (263, 362, 386, 374, 300, 336), (61, 291, 0, 17))
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as JPEG uses it
SEED = 1


def saturated(original: Original, factor: float, red: float = 1.0) -> np.ndarray:
    """Both colour differences times `factor`, after a gain of the red light."""
    return _saturated(developed(original.linear * np.array([red, 1, 1], np.float32)), factor)


def _saturated(rgb: np.ndarray, factor: float) -> np.ndarray:
    values = rgb.astype(np.float32)
    luma = (values @ LUMA)[..., None]
    return _rounded(luma + factor * (values - luma))


def contrasted(original: Original, factor: float) -> np.ndarray:
    """An S-shaped curve (below 1: flattened) about middle grey; black and white stay."""
    v = np.linspace(0, 1, 256)
    curve = v + (factor - 1) * np.sin(2 * np.pi * (v - 0.5)) / (2 * np.pi)
    return cv2.LUT(original.rgb, _rounded(255 * curve))


def tone_mapped(original: Original, lift: float) -> np.ndarray:
    """Shadows and midtones lifted, highlights held, as for a picture out of several exposures."""
    v = np.linspace(0, 1, 256)
    return cv2.LUT(original.rgb, _rounded(255 * (v + lift * np.sin(np.pi * v) * (1 - v))))


def sharpened(original: Original, amount: float) -> np.ndarray:
    """An unsharp mask that leaves halos along edges, 1% of the eye distance wide."""
    soft = cv2.GaussianBlur(original.rgb, (0, 0), max(0.8, 0.01 * original.unit)).astype(np.float32)
    return _rounded(original.rgb + amount * (original.rgb - soft))


def noisy(original: Original, amount: float) -> np.ndarray:
    """The noise of a sensor: of the photons, which grows with the light, and of the reading. At
    `amount` 1 some 3 levels in the midtones.
    """
    chance = np.random.default_rng(SEED)
    light = original.linear
    deviation = amount * np.sqrt(0.0006 * light + 0.00001)
    return developed(light + deviation * chance.standard_normal(light.shape, np.float32))


def denoised(original: Original, amount: float) -> np.ndarray:
    """Smoothing that keeps edges; `amount` is the contrast in levels that counts as noise. Fine
    colour goes first.
    """
    luma, *chroma = cv2.split(cv2.cvtColor(original.rgb, cv2.COLOR_RGB2YCrCb))
    wide = max(1.0, 0.02 * original.unit)
    smooth = [cv2.bilateralFilter(luma, 0, amount, wide), *(cv2.GaussianBlur(part, (0, 0), wide) for part in chroma)]
    return cv2.cvtColor(cv2.merge(smooth), cv2.COLOR_YCrCb2RGB)


def smoothed(original: Original, strength: float) -> np.ndarray:
    """A beauty filter: edge-keeping smoothing of the skin, slightly lighter, eyes and mouth left
    sharp.
    """
    soft = original.rgb
    for _ in range(2):
        soft = cv2.bilateralFilter(
            soft, max(9, int(original.face.width) // 25), 38, max(7, int(original.face.width) // 40)
        )
    return on_skin(original, np.minimum(soft * 1.04, 255), strength)


def on_skin(original: Original, changed: np.ndarray, strength: float) -> np.ndarray:
    """`changed` where there is skin of the face, by `strength` from 0 to 1."""
    features = sum(original.area(part, 0.01) for part in FEATURES)
    area = (original.area(OVAL, 0.03) * np.clip(1 - features, 0, 1))[..., None] * strength
    mixed: np.ndarray = (original.rgb * (1 - area) + changed * area).astype(np.uint8)
    return mixed


def of_a_phone(original: Original) -> np.ndarray:
    """Everything that a phone does at once, each part mild: tone, colour, noise, sharpening."""
    for change, amount in ((tone_mapped, 0.12), (denoised, 1.5), (sharpened, 0.6)):
        original = original.with_pixels(change(original, amount))
    return _saturated(original.rgb, 1.15)


def _rounded(values: np.ndarray) -> np.ndarray:
    levels: np.ndarray = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return levels

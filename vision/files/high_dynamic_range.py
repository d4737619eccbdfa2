"""Pictures of high dynamic range (PQ and HLG) to sRGB, so that they look like the same shot taken without.

1. Signal to light in nits: the EOTF of SMPTE ST 2084 (PQ), or the inverse OETF of ARIB STD-B67 with the OOTF of
   ITU-R BT.2100 for a display of 1,000 nits (HLG).
2. White is 203 nits (ITU-R BT.2408). What is brighter is compressed by the curve of ITU-R BT.2390, 5.4.1, between
   the brightest light of the picture and white, on the largest of the three channels, so hues stay. Where nothing
   is brighter than white, nothing changes.
3. BT.2020 or Display P3 primaries to those of BT.709. Colours that do not exist there are mixed with grey of the
   same luminance until they do.
4. The transfer curve of sRGB (IEC 61966-2-1).
"""

from __future__ import annotations

import cv2
import numpy as np

PQ, HLG = 16, 18  # transfer characteristics of ITU-T H.273
WHITE = 203.0  # nits
HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
BT2020, DISPLAY_P3 = 9, 12  # colour primaries of ITU-T H.273
TO_BT709 = {
    BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    DISPLAY_P3: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)  # of BT.709
HLG_LUMINANCE = np.array((0.2627, 0.6780, 0.0593), np.float32)  # of BT.2020
STRIPE = 128  # rows that are held as floats at a time
SAMPLED = 8  # every eighth pixel tells the brightest light
BRIGHTEST = 99.9  # percentile; single hot pixels do not count
# ST 2084
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# ARIB STD-B67
A, B, C = 0.17883277, 0.28466892, 0.55991073


def is_high(transfer: int) -> bool:
    return transfer in (PQ, HLG)


def to_srgb(signal: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """uint8 or uint16 RGB (h, w, 3) of high dynamic range as uint8 sRGB."""
    to_light = _light_table(signal.dtype, transfer)
    sample = _light(signal[::SAMPLED, ::SAMPLED], to_light, transfer)
    brightest = max(WHITE, float(np.percentile(sample.max(-1), BRIGHTEST)))
    shown = np.empty(signal.shape, np.uint8)
    for top in range(0, len(signal), STRIPE):
        rows = slice(top, top + STRIPE)
        light = _compressed(_light(signal[rows], to_light, transfer), brightest)
        shown[rows] = _encoded(_in_gamut(light, primaries))
    return shown


def nits_of(signal: np.ndarray) -> np.ndarray:
    """PQ signal (0-1) to nits."""
    power = np.power(signal, 1 / M2)
    return 10_000 * np.power(np.maximum(power - C1, 0) / (C2 - C3 * power), 1 / M1)


def signal_of(nits: np.ndarray | float) -> np.ndarray:
    """Nits to PQ signal (0-1)."""
    power = np.power(np.asarray(nits) / 10_000, M1)
    return np.power((C1 + C2 * power) / (1 + C3 * power), M2)


def scene_light_of(signal: np.ndarray) -> np.ndarray:
    """HLG signal (0-1) to the light of the scene (0-1)."""
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - C) / A) + B) / 12)


def _light_table(kind: np.dtype, transfer: int) -> np.ndarray:
    """By the stored number: nits for PQ, light of the scene for HLG."""
    signal = np.linspace(0, 1, np.iinfo(kind).max + 1)
    return (nits_of(signal) if transfer == PQ else scene_light_of(signal)).astype(np.float32)


def _light(signal: np.ndarray, to_light: np.ndarray, transfer: int) -> np.ndarray:
    light = to_light[signal]
    if transfer == PQ:
        return light
    scene = np.maximum(light @ HLG_LUMINANCE, 1e-6)[..., None]
    return HLG_PEAK * scene ** (HLG_GAMMA - 1) * light


def _compressed(light: np.ndarray, brightest: float) -> np.ndarray:
    """Nits to shares of white, at most about 1."""
    if brightest <= WHITE:
        return light / WHITE
    top = float(signal_of(brightest))
    white = float(signal_of(WHITE)) / top
    knee = 1.5 * white - 0.5
    largest = np.maximum(light.max(-1, keepdims=True), 1e-4)
    signal = np.minimum(signal_of(largest) / top, 1)
    t = np.maximum(signal - knee, 0) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * white
    mapped = nits_of(np.where(signal < knee, signal, curve) * top)
    return (light * (mapped / largest) / WHITE).astype(np.float32)


def _in_gamut(light: np.ndarray, primaries: int) -> np.ndarray:
    """Linear BT.709 RGB within 0-1."""
    if primaries in TO_BT709:
        light = cv2.transform(light, np.array(TO_BT709[primaries], np.float32))
    grey = np.clip(light @ LUMINANCE, 0, 1)[..., None]
    low, high = light.min(-1, keepdims=True), light.max(-1, keepdims=True)
    kept = np.minimum(grey / np.maximum(grey - low, 1e-6), (1 - grey) / np.maximum(high - grey, 1e-6))
    return np.clip(grey + (light - grey) * np.minimum(kept, 1), 0, 1)


def _encoded(linear: np.ndarray) -> np.ndarray:
    values = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.round(values * 255).astype(np.uint8)

"""Light on the face: evenness, exposure, shine, colour."""

from __future__ import annotations

import numpy as np

from vision.crops.face import FaceCrop

UNDER_EYES = ((119, 120, 121, 230, 229, 228), (348, 349, 350, 450, 449, 448))
EYE_WHITES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
EVERY = (slice(None, None, 2), slice(None, None, 2))  # every other px: shares and medians stay the same
BURNT = 245
HIGHLIGHT_L = 90
HIGHLIGHT_CHROMA = 12
SHINE_PALER, SHINE_LIGHTER = 0.5, 8.0  # than the cheeks: shine is the colour of the lamp, light skin its own


def measure(crop: FaceCrop) -> dict[str, object]:
    skin = crop.skin
    oval = crop.oval[EVERY]
    face = crop.lab[EVERY][oval]
    lightness = face[:, 0]
    bright = face[lightness > max(HIGHLIGHT_L, skin[0] + SHINE_LIGHTER)]
    palest = min(HIGHLIGHT_CHROMA, SHINE_PALER * np.hypot(skin[1], skin[2]))
    highlights = (np.hypot(bright[:, 1], bright[:, 2]) < palest).sum() / len(face)
    # The median, for the rims of glasses cross these patches.
    under = float(np.mean([np.median(crop.patch_lab(patch)[:, 0]) for patch in UNDER_EYES]))
    return {
        "side_light": float(crop.cheeks[0, 0] - crop.cheeks[1, 0]),
        "side_stops": float(np.log2(luminance(crop.cheeks[0, 0]) / luminance(crop.cheeks[1, 0]))),
        "burnt": float((crop.darkest[EVERY][oval] >= BURNT).mean()),
        "skin": skin.tolist(),
        "skin_chroma": float(np.hypot(skin[1], skin[2])),
        "skin_hue": float(np.degrees(np.arctan2(skin[2], skin[1]))),
        "face_light": float(np.median(lightness)),
        "eye_white": max(float(np.percentile(crop.patch_lab(eye)[:, 0], 85)) for eye in EYE_WHITES),
        "under_eye": under - float(skin[0]),
        "highlights": float(highlights),
    }


def luminance(lightness: float) -> float:
    """CIE L (0-100) to relative luminance (0-1)."""
    return max(1e-4, ((lightness + 16) / 116) ** 3 if lightness > 8 else lightness / 903.3)

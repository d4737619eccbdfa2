"""What phones, programs and rooms make of a photo that keeps the rules.

    original = Original(data)
    for variation in VARIATIONS:
        verdict = judge(measure(open_photo(variation.of(original))), limits)

The verdict of a photo should survive every change that a reviewer would call harmless. `evaluate_checks
--stability` counts how many do. All changes are deterministic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from vision.evaluation.variations import exposure, files, geometry, glasses, processing, white_balance
from vision.evaluation.variations.original import Original, encode_jpeg

Change = Callable[[Original], np.ndarray | bytes]
MOST_TURNED = 0.02  # share of verdicts that a harmless change may turn
BESIDE_THE_IRIS, OVER_THE_EYE = (-0.2, -0.1, 0.1), (-0.06, -0.02, 0.16)  # across, down, half width in eye distances
CORRECTED = 0.8  # of a lamp's colour, by the white balance of a phone


@dataclass(frozen=True)
class Variation:
    """One change. `is_harmless`: whether a reviewer would accept the photo as before; `reason`: why,
    or why not. `answers`: rules that may rightly find something after the change, or rightly no
    longer; they are not counted as turned.
    """

    name: str
    is_harmless: bool
    reason: str
    change: Change
    answers: frozenset[str] = frozenset()

    def of(self, original: Original) -> bytes:
        """The changed photo as a file."""
        changed = self.change(original)
        return changed if isinstance(changed, bytes) else encode_jpeg(changed)


def _harmless(name: str, reason: str, change: Change, *answers: str) -> Variation:
    return Variation(name, True, reason, change, frozenset(answers))


def _harmful(name: str, reason: str, change: Change, *answers: str) -> Variation:
    return Variation(name, False, reason, change, frozenset(answers))


VARIATIONS: tuple[Variation, ...] = (
    *(
        _harmless(
            f"white_balance_{kelvin}k",
            f"a light of {kelvin} K, four fifths of its colour taken out by the phone",
            partial(white_balance.in_light, kelvin=kelvin, corrected=CORRECTED),
        )
        for kelvin in (2700, 3200, 4000, 5000, 7500, 9000)
    ),
    _harmless(
        "tungsten_residual",
        "a bulb of 2,856 K as phones like to leave it: a warm evening",
        partial(white_balance.in_light, kelvin=2856, corrected=0.7),
    ),
    *(
        _harmful(
            f"uncorrected_{kelvin}k",
            f"a light of {kelvin} K and no white balance: the skin has a wrong colour",
            partial(white_balance.in_light, kelvin=kelvin),
            "colour",
        )
        for kelvin in (2700, 3200, 4000, 9000)
    ),
    _harmless(
        "mixed_light",
        "a window on one side and a warm lamp on the other, nearly balanced",
        partial(white_balance.in_mixed_light, left=7000, right=5400),
    ),
    _harmful(
        "mixed_light_strong",
        "one half of the face blue, the other orange",
        partial(white_balance.in_mixed_light, left=8000, right=3200),
        "colour",
        "side_light",
    ),
    _harmless("flicker", "faint bands of an LED lamp", partial(exposure.flickering, depth=0.08, upright=True)),
    _harmless(
        "flicker_across", "faint bands, phone held flat", partial(exposure.flickering, depth=0.08, upright=False)
    ),
    _harmful("flicker_strong", "dark bands across the face", partial(exposure.flickering, depth=0.5, upright=True)),
    _harmless("exposure_plus", "half a stop brighter", partial(exposure.exposed, stops=0.5), "overexposed"),
    _harmless("exposure_minus", "half a stop darker", partial(exposure.exposed, stops=-0.5), "underexposed"),
    _harmless("saturation_0.8", "paler colours", partial(processing.saturated, factor=0.8)),
    _harmless("saturation_1.25", "livelier colours, as phones show them", partial(processing.saturated, factor=1.25)),
    _harmful("saturation_1.5", "gaudy colours", partial(processing.saturated, factor=1.5), "colour"),
    _harmless(
        "phone_red", "more red and more colour, as phones show skin", partial(processing.saturated, factor=1.3, red=1.1)
    ),
    _harmless("contrast_0.8", "flatter", partial(processing.contrasted, factor=0.8)),
    _harmless("contrast_1.25", "more contrast", partial(processing.contrasted, factor=1.25)),
    _harmless("tone_curve", "shadows lifted by the phone, beauty mode off", partial(processing.tone_mapped, lift=0.15)),
    _harmful(
        "beauty", "beauty mode on: the skin is smoothed", partial(processing.smoothed, strength=0.8), "beautified"
    ),
    _harmless("sharpened", "sharpened with faint halos", partial(processing.sharpened, amount=0.8)),
    _harmful(
        "sharpened_strong",
        "plain halos along hair and collar: a filter that a reviewer sees",
        partial(processing.sharpened, amount=1.8),
    ),
    _harmless("noise", "some noise of the sensor", partial(processing.noisy, amount=1)),
    _harmful("noise_strong", "grainy, as in the dark", partial(processing.noisy, amount=3)),
    _harmless(
        "denoised",
        "noise taken out, nine tenths of the skin's detail left",
        partial(processing.denoised, amount=1.5),
    ),
    _harmful(
        "denoised_plainly",
        "a quarter of the skin's detail taken out with the noise",
        partial(processing.denoised, amount=3),
        "beautified",
    ),
    _harmful(
        "denoised_strong",
        "the skin painted over by noise reduction",
        partial(processing.denoised, amount=12),
        "beautified",
        "sharpness",
    ),
    _harmless("phone", "tone, noise reduction, sharpening and colour of a phone at once", processing.of_a_phone),
    *(
        _harmless(f"jpeg_{quality}", f"saved at quality {quality}", partial(files.saved, quality=quality))
        for quality in (95, 85, 70, 50)
    ),
    _harmful("jpeg_30", "blocks in the face", partial(files.saved, quality=30)),
    _harmless("messenger", "sent by a messenger", lambda original: files.sent(original, 72)),
    _harmless("messenger_twice", "sent on by a messenger", lambda original: files.sent(original, 75, 70)),
    _harmful("megapixels_0.3", "too few pixels for print", partial(files.with_megapixels, megapixels=0.3), "face_size"),
    *(
        _harmless(f"megapixels_{size}", f"{size} MP", partial(files.with_megapixels, megapixels=size), "face_size")
        for size in (0.8, 2, 5, 12, 48, 108)
    ),
    _harmless("from_60cm", "taken from arm's length", partial(geometry.from_near, distance=60)),
    _harmless("from_45cm", "taken with a bent arm", partial(geometry.from_near, distance=45)),
    _harmful("from_30cm", "taken from near: the nose is visibly too large", partial(geometry.from_near, distance=30)),
    _harmless("mirrored", "the front camera of some phones stores what a mirror shows", geometry.mirrored),
    _harmless("tilted_left", "the head tilted by 3 degrees", partial(geometry.tilted_to, degrees=-3), "roll"),
    _harmless("tilted_right", "the head tilted by 3 degrees", partial(geometry.tilted_to, degrees=3), "roll"),
    _harmless("shifted", "the face beside the middle", partial(geometry.shifted, across=0.12)),
    _harmless("wall_above", "more wall above the head", partial(geometry.with_wall_above, height=0.6), "too_close"),
    _harmless(
        "glasses_thin",
        "a thin dark frame with coated lenses that faintly mirror a window",
        partial(
            glasses.worn,
            half=(0.41, 0.28),
            thick=0.02,
            dye=glasses.BROWN,
            mirrors=glasses.COATED,
            window=BESIDE_THE_IRIS,
        ),
    ),
    _harmless(
        "glasses_thick",
        "a thick black frame with coated lenses that faintly mirror a window",
        partial(
            glasses.worn,
            half=(0.41, 0.30),
            thick=0.06,
            dye=glasses.BLACK,
            mirrors=glasses.COATED,
            window=BESIDE_THE_IRIS,
        ),
    ),
    _harmful(
        "glasses_glare",
        "plain lenses that mirror the window over the eyes",
        partial(
            glasses.worn, half=(0.40, 0.28), thick=0.03, dye=glasses.BLACK, mirrors=glasses.PLAIN, window=OVER_THE_EYE
        ),
        "lens_glare",
    ),
)
VARIATIONS_BY_NAME: dict[str, Variation] = {variation.name: variation for variation in VARIATIONS}

__all__ = ["MOST_TURNED", "VARIATIONS", "VARIATIONS_BY_NAME", "Original", "Variation"]

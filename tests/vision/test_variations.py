"""Changes of a photo do what they say, on drawn people."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_jpeg
from vision import check
from vision.crops.face import CHEEK_LEFT, CHEEK_RIGHT
from vision.evaluation.variations import VARIATIONS, VARIATIONS_BY_NAME, Original, geometry, processing, white_balance
from vision.evaluation.variations.exposure import exposed, flickering
from vision.evaluation.variations.original import to_linear

HUGE = {"megapixels_48", "megapixels_108"}  # the same change as megapixels_12; too slow for a test


@pytest.fixture(scope="module")
def original() -> Original:
    return Original(draw_jpeg(Person.random(3), size=(900, 1200)))


@pytest.fixture
def card(original) -> Original:
    """A middle grey card in the place of the picture."""
    return original.with_pixels(np.full_like(original.rgb, 128))


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("variation", [v for v in VARIATIONS if v.name not in HUGE], ids=lambda v: v.name)
def test_a_change_is_a_photo_of_the_same_person_and_always_the_same(original, variation):
    data = variation.of(original)

    assert variation.of(original) == data
    assert Original(data).face.width > 150
    assert not np.array_equal(pixels(data), original.rgb)


def test_names_are_unique_and_reasons_are_given():
    assert len(VARIATIONS_BY_NAME) == len(VARIATIONS)
    assert all(variation.reason for variation in VARIATIONS)


@pytest.mark.parametrize(
    ("kelvin", "x", "y"),
    # Published chromaticities: Planck's law at 2,856 K (CIE illuminant A) and the daylights D50, D65, D75.
    [(2856, 0.44757, 0.40745), (5003, 0.34567, 0.35850), (6504, 0.31271, 0.32902), (7504, 0.29902, 0.31485)],
)
def test_lights_have_the_published_chromaticity(kelvin, x, y):
    assert white_balance.chromaticity(kelvin) == pytest.approx((x, y), abs=0.0006)


def test_neutral_light_changes_nothing():
    assert white_balance.adaptation(white_balance.NEUTRAL) == pytest.approx(np.eye(3), abs=0.003)


def test_a_lamp_colours_a_grey_card_as_the_formula_says(card):
    """Under a lamp, white paper has the lamp's own chromaticity and keeps its luminance."""
    light = to_linear(white_balance.in_light(card, 4000)[0, 0])
    x, y, z = white_balance.XYZ_OF_RGB @ light
    before = to_linear(np.array([128], np.uint8))[0]

    assert light[0] > light[1] > light[2]
    assert (x / (x + y + z), y / (x + y + z)) == pytest.approx(white_balance.chromaticity(4000), abs=0.002)
    assert y == pytest.approx(before, rel=0.02)


def test_the_lower_the_temperature_the_warmer_and_a_camera_takes_most_of_it_out(card):
    def warmth(kelvin: float, corrected: float = 0.0) -> float:
        red, _, blue = to_linear(white_balance.in_light(card, kelvin, corrected)[0, 0])
        return float(red / blue)

    assert warmth(2700) > warmth(3200) > warmth(5000) > warmth(6504) > warmth(9000)
    assert warmth(3200) > 2.5
    assert 1.1 < warmth(3200, 0.8) < 1.5
    assert white_balance.left_after(3200, 1.0) == pytest.approx(white_balance.NEUTRAL)
    assert white_balance.left_after(3200, 0.0) == pytest.approx(3200)


def test_mixed_light_is_blue_on_one_side_and_warm_on_the_other(card):
    lit = white_balance.in_mixed_light(card, 8000, 3200)[600].astype(int)

    assert lit[5, 2] > lit[5, 0]
    assert lit[-5, 0] > lit[-5, 2]


def test_half_a_stop_is_a_factor_of_light(card):
    before, after = to_linear(card.rgb[0, 0, 0]), to_linear(exposed(card, 0.5)[0, 0, 0])
    assert after / before == pytest.approx(2**0.5, rel=0.02)


def test_bands_run_along_the_short_side_of_the_sensor(card):
    upright, flat = (flickering(card, 0.5, upright=value)[..., 1].astype(int) for value in (True, False))

    assert np.ptp(upright[:, 0]) == 0
    assert np.ptp(flat[0]) == 0
    assert np.ptp(upright[0]) > 20
    is_dark = upright[0] < (upright[0].min() + upright[0].max()) / 2
    assert np.count_nonzero(np.diff(is_dark.astype(int)) > 0) == 3  # 2.8 flashes in a readout of 28 ms


def test_saturation_scales_the_colour_and_keeps_the_luma(original):
    middle = original.with_pixels(np.full_like(original.rgb, (150, 120, 100)))
    red, green, blue = processing.saturated(middle, 1.5)[0, 0].astype(float)

    assert (red - green, green - blue) == pytest.approx((45, 30), abs=1)
    assert processing.LUMA @ [red, green, blue] == pytest.approx(processing.LUMA @ [150, 120, 100], abs=1)


def test_contrast_turns_about_middle_grey(card):
    steps = card.with_pixels(np.tile(np.array([0, 64, 127, 191, 255], np.uint8)[None, :, None], (5, 1, 3)))
    black, dark, middle, light, white = processing.contrasted(steps, 1.25)[0, :, 0].astype(int)

    assert (black, white) == (0, 255)
    assert abs(middle - 127) <= 1
    assert dark < 64
    assert light > 191


def test_sharpening_leaves_halos_and_noise_reduction_leaves_less_noise(card, original):
    edge = card.rgb.copy()
    edge[:, 450:] = 180
    seen = processing.sharpened(card.with_pixels(edge), 1.0)[0, :, 0]
    assert seen.min() < 120
    assert seen.max() > 190

    grain = processing.noisy(card, 1)
    assert 2 < grain.std() < 6
    assert processing.denoised(card.with_pixels(grain), 30).std() < grain.std() / 2


def test_a_head_seen_from_near_has_a_larger_nose_between_smaller_ears(original):
    def nose_over_face(name: str) -> float:
        points = Original(VARIATIONS_BY_NAME[name].of(original)).face.xy
        nose = np.linalg.norm(points[358] - points[129])
        return float(nose / np.linalg.norm(points[CHEEK_LEFT] - points[CHEEK_RIGHT]))

    assert nose_over_face("from_30cm") > nose_over_face("from_45cm") > nose_over_face("from_60cm")
    assert nose_over_face("from_30cm") > 1.05 * nose_over_face("jpeg_95")


def test_the_distance_of_the_studio_changes_nothing(original):
    moved = geometry.from_near(original, geometry.STUDIO)
    assert np.abs(moved.astype(int) - original.rgb).max() <= 1


@pytest.mark.parametrize(("name", "roll"), [("tilted_left", -3), ("tilted_right", 3)])
def test_a_head_is_tilted_to_three_degrees(original, name, roll):
    assert check(VARIATIONS_BY_NAME[name].of(original)).measures["roll"] == pytest.approx(roll, abs=0.7)


def test_megapixels_keep_the_shape(original):
    height, width = pixels(VARIATIONS_BY_NAME["megapixels_2"].of(original)).shape[:2]

    assert width * height == pytest.approx(2e6, rel=0.01)
    assert width / height == pytest.approx(0.75, abs=0.002)


def test_a_messenger_makes_large_photos_smaller(original):
    large = Original(VARIATIONS_BY_NAME["megapixels_12"].of(original))
    once = VARIATIONS_BY_NAME["messenger"].of(large)

    assert pixels(once).shape[:2] == (1440, 1080)
    assert Image.open(io.BytesIO(once)).layer[0][1:3] == (2, 2)  # colour at half the resolution
    assert len(once) < len(large.source.data) / 2


def test_plain_lenses_mirror_a_white_window_and_coated_ones_a_faint_one(original):
    def brightest(name: str) -> int:
        x, y = original.face.xy[[468, 473]].mean(0).astype(int)
        half = int(0.8 * original.unit)
        there = np.s_[y - half // 3 : y + half // 3, x - half : x + half]
        gain = pixels(VARIATIONS_BY_NAME[name].of(original))[there].astype(int) - original.rgb[there]
        return int(np.percentile(gain, 98))

    assert brightest("glasses_glare") > 80
    assert brightest("glasses_thin") < 50


def test_a_beauty_filter_smooths_the_cheeks_and_leaves_the_irises(original):
    grain = processing.noisy(original, 2).astype(int)
    noisy = original.with_pixels(grain.astype(np.uint8))
    smooth = processing.smoothed(noisy, 1.0).astype(int)
    cheek, iris = (tuple(np.round(original.xy[index]).astype(int)) for index in (205, 468))

    def detail(rgb: np.ndarray, at: tuple[int, int]) -> float:
        column, row = at
        part = rgb[row - 6 : row + 6, column - 6 : column + 6, 1]
        return float(np.diff(part, axis=1).std())

    assert detail(smooth, cheek) < detail(grain, cheek) / 2
    assert detail(smooth, iris) > 0.9 * detail(grain, iris)

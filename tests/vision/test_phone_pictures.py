"""What phones, studios and ideas really send: each gets the verdict, or the sentence, that it deserves."""

from __future__ import annotations

import io
from functools import cache

import cv2
import numpy as np
import pytest
from django.utils.translation import override
from PIL import Image, ImageChops, ImageCms

from capture.upload.normalising import normalise
from tests.vision import profiles
from tests.vision.pictures import ORIENTATION, STORED, encode, heic, jpeg, turned
from vision import Checked, advice_for, check, make_portrait, open_photo, sentence_for

MAX_BYTES = 20 * 1024 * 1024
WALL = (205, 206, 204)


def found(data: bytes) -> dict[str, str]:
    return {finding.rule: finding.outcome for finding in check(data).verdict.findings}


def said(checked: Checked, rule: str) -> str:
    """Sentence and advice in Chinese."""
    finding = next(finding for finding in checked.verdict.findings if finding.rule == rule)
    with override("zh-hans"):
        return f"{sentence_for(finding)} {advice_for(finding)}"


def portrait_of(checked: Checked) -> np.ndarray:
    made = make_portrait(checked.source, checked.measures, background="blue")
    return np.asarray(Image.open(io.BytesIO(made.jpeg))).astype(int)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over all pixels, in grey levels."""
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.fixture(scope="module")
def expected(checked) -> np.ndarray:
    return portrait_of(checked)


# --- which way up ----------------------------------------------------------------------------------------------------


def stored(rgb: np.ndarray, orientation: int, kind: str) -> bytes:
    """The upright picture as a device that was held another way stores it, without loss where that can be."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if kind == "HEIC":
        return heic(STORED[orientation](rgb), exif=exif.tobytes())
    options = {"PNG": {}, "WEBP": {"lossless": True, "quality": 0}, "JPEG": {"quality": 97, "subsampling": 0}}[kind]
    return encode(STORED[orientation](rgb), kind, exif=exif.tobytes(), **options)


@pytest.mark.parametrize(
    ("kind", "orientation"),
    [("JPEG", n) for n in range(1, 9)] + [(k, n) for k in ("PNG", "WEBP") for n in (2, 5, 6, 8)] + [("HEIC", 6)],
)
def test_however_it_was_held_verdict_and_portrait_are_the_same(draw, checked, expected, kind, orientation):
    again = check(stored(np.asarray(draw()), orientation, kind))

    assert again.verdict.outcome == checked.verdict.outcome == "green"
    assert difference(portrait_of(again), expected) < 1.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_heic_is_turned_once(pixels, orientation):
    """libheif turns the picture itself; EXIF says the same thing again and must not be heard."""
    work = open_photo(stored(pixels, orientation, "HEIC")).work

    assert work.shape[:2] == (300, 400)
    assert difference(work[20:130, 20:180], pixels[20:130, 20:180]) < 6


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_reduced_decodes_of_large_photos_are_judged_alike(draw, checked, expected, orientation):
    large = cv2.resize(np.asarray(draw()), (2700, 3600), interpolation=cv2.INTER_CUBIC)
    again = check(turned(large, orientation))

    assert again.source.work.shape[:2] == (1800, 1350)
    assert again.verdict.outcome == "green"
    assert difference(portrait_of(again), expected) < 3


def test_png_orientation_behind_the_picture_is_read(pixels):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encode(STORED[6](pixels), "PNG", exif=exif.tobytes())
    at = data.index(b"eXIf") - 4
    chunk = data[at : at + 12 + int.from_bytes(data[at : at + 4], "big")]
    moved = (data[:at] + data[at + len(chunk) :])[:-12] + chunk + data[-12:]

    assert open_photo(moved).work.shape == (300, 400, 3)


# --- colour ----------------------------------------------------------------------------------------------------------


def in_space(rgb: np.ndarray, profile: bytes) -> np.ndarray:
    """sRGB pixels as littlecms gives them in another space."""
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), target, "RGB", "RGB", 1)
    return np.asarray(ImageCms.applyTransform(Image.fromarray(rgb), transform))


def with_profile(rgb: np.ndarray, kind: str, profile: bytes) -> bytes:
    if kind == "HEIC":
        return heic(rgb, quality=95, icc_profile=profile)
    options = {"PNG": {}, "WEBP": {"lossless": True, "quality": 0}, "JPEG": {"quality": 97, "subsampling": 0}}[kind]
    return encode(rgb, kind, icc_profile=profile, **options)


@pytest.mark.parametrize(
    ("space", "kind"),
    [(space, kind) for space in (profiles.display_p3, profiles.adobe_rgb) for kind in ("JPEG", "PNG", "WEBP")]
    + [(profiles.prophoto, "JPEG"), (profiles.prophoto, "PNG"), (profiles.display_p3, "HEIC")],
)
def test_wide_colours_are_brought_to_srgb(draw, space, kind):
    rgb = np.asarray(draw())
    wide = in_space(rgb, space())
    data = with_profile(wide, kind, space())

    assert difference(wide, rgb) > 1  # what ignoring the profile would cost
    assert difference(open_photo(data).work, rgb) < 1.3
    assert difference(open_photo(normalise(data, max_bytes=MAX_BYTES).jpeg).work, rgb) < 1.6


def test_ink_with_the_profile_of_a_press_is_what_littlecms_says(draw):
    ink = draw().convert("CMYK")
    to_srgb = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profiles.press())), ImageCms.createProfile("sRGB"), "CMYK", "RGB", 1
    )
    converted = np.asarray(ImageCms.applyTransform(ink, to_srgb))
    data = encode(ink, "JPEG", quality=97, icc_profile=profiles.press())

    assert difference(open_photo(data).work, np.asarray(draw())) > 4
    assert difference(open_photo(data).work, converted) < 1.5


def test_ink_without_a_profile_is_judged_like_the_photo(draw, checked):
    """Adobe's programs write ink inverted and say so in a marker; others do neither."""
    ink = draw().convert("CMYK")
    adobes = encode(ink, "JPEG", quality=95)
    marker = adobes.index(b"\xff\xee")
    plain = encode(ImageChops.invert(ink), "JPEG", quality=95)
    plain = plain[:marker] + plain[marker + 2 + int.from_bytes(plain[marker + 2 : marker + 4], "big") :]

    for data in (adobes, plain):
        assert difference(open_photo(data).work, np.asarray(draw())) < 3
        assert check(data).verdict.outcome == checked.verdict.outcome


def test_large_ink_is_decoded_at_a_fraction(draw):
    ink = draw().resize((1800, 2400)).convert("CMYK")

    assert open_photo(encode(ink, "JPEG")).work.shape == (1200, 900, 3)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda rgb: jpeg(rgb, progressive=True), id="progressive"),
        pytest.param(
            lambda rgb: cv2.imencode(".png", rgb[..., ::-1].astype(np.uint16) * 257)[1].tobytes(), id="16 bits"
        ),
        pytest.param(lambda rgb: encode(Image.fromarray(rgb).convert("RGBA"), "PNG"), id="alpha"),
        pytest.param(
            lambda rgb: encode(rgb, "PNG", save_all=True, append_images=[Image.new("RGB", (900, 1200))]), id="apng"
        ),
        pytest.param(
            lambda rgb: encode(rgb, "MPO", save_all=True, append_images=[Image.new("RGB", (90, 120))]), id="mpo"
        ),
    ],
)
def test_kinds_of_file_do_not_change_the_verdict(draw, data):
    assert "reject" not in found(data(np.asarray(draw()))).values()


@pytest.mark.parametrize("kind", ["L", "sketch"])
def test_black_and_white_is_said_to_have_no_colour(draw, kind):
    grey = draw(2).convert("L")
    if kind == "sketch":
        light = np.asarray(grey).astype(np.float32)
        grey = Image.fromarray(np.clip(256 * light / (1 + cv2.GaussianBlur(light, (0, 0), 9)), 0, 255).astype(np.uint8))
    checked = check(jpeg(grey))

    assert checked.verdict.outcome == "red"
    assert "没有色彩" in said(checked, "colour")


# --- sizes and frames ------------------------------------------------------------------------------------------------


def test_a_third_of_a_megapixel_is_too_small_a_face(draw):
    checked = check(jpeg(draw().resize((480, 640), Image.Resampling.LANCZOS)))

    assert checked.verdict.outcome == "red"
    assert "面部太小" in said(checked, "face_size")


@cache
def hundred_megapixels() -> bytes:
    from demo.drawn_people import Person, draw_portrait

    small = np.asarray(draw_portrait(Person.random(3), size=(1350, 1800)))
    large = cv2.resize(small, (8640, 11520), interpolation=cv2.INTER_LINEAR)
    return cv2.imencode(".jpg", large[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def test_hundred_megapixels_are_judged_without_being_decoded_whole():
    checked = check(hundred_megapixels())

    assert checked.verdict.outcome == "green"
    assert checked.source.work.shape[:2] == (1440, 1080)
    assert max(max(level.shape) for level in checked.source._levels.values()) <= 11520 // 2


@pytest.mark.parametrize("shift", [-0.3, 0, 0.35])
def test_landscape_shots_are_judged_like_upright_ones(draw, shift):
    person = draw().resize((1200, 1600))
    wide = Image.new("RGB", (2400, 1600), WALL)
    wide.paste(person, (round(600 + shift * 1200), 0))

    assert found(jpeg(wide)).get("one_face") is None
    assert found(jpeg(wide)).get("face_size") is None


def beside(person: Image.Image, other: Image.Image, share: float) -> Image.Image:
    """Somebody else, smaller, far behind at the right."""
    wide = Image.new("RGB", (1800, 1800), WALL)
    wide.paste(person.resize((1350, 1800)), (0, 0))
    small = other.resize((round(1350 * share), round(1800 * share)))
    wide.paste(small, (1800 - small.width, 100))
    return wide


def test_somebody_far_in_the_background_does_not_count_and_somebody_near_does(draw):
    assert "one_face" not in found(jpeg(beside(draw(), draw(5), 0.18)))

    checked = check(jpeg(beside(draw(), draw(5), 0.33)))
    assert checked.verdict.outcome == "red"
    assert "不止一个人" in said(checked, "one_face")


@pytest.mark.parametrize("picture", [Image.new("RGB", (900, 1200), WALL), Image.new("RGB", (900, 1200))])
def test_nobody_is_said_in_words(picture):
    checked = check(jpeg(picture))

    assert [finding.rule for finding in checked.verdict.findings] == ["one_face"]
    assert "没有检测到人脸" in said(checked, "one_face")


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_photo_that_lies_without_a_word_about_it_is_turned(draw, degrees):
    upright = check(jpeg(draw(2), quality=97))
    again = check(jpeg(draw(2).rotate(degrees, expand=True), quality=97))

    assert again.source.header.orientation == {90: 6, 180: 3, 270: 8}[degrees]
    assert again.verdict.outcome == upright.verdict.outcome == "green"
    assert again.source.work.shape == upright.source.work.shape
    assert difference(portrait_of(again), portrait_of(upright)) < 1.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tag_that_is_wrong_is_turned_too(draw, orientation):
    """Mirrored pictures stay mirrored: nothing in them tells."""
    tag = Image.Exif()
    tag[ORIENTATION] = orientation
    again = check(jpeg(draw(2), exif=tag.tobytes()))

    assert again.source.header.orientation in (1, 2)
    assert again.verdict.outcome == "green"


@pytest.mark.parametrize("degrees", [20, 30, 40])
def test_a_head_that_is_tilted_is_not_turned(draw, degrees):
    checked = check(jpeg(draw().rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=WALL)))

    assert checked.source.header.orientation == 1
    assert "头" in said(checked, "roll")


def test_a_photo_that_no_quarter_turn_sets_upright_is_said_to_lie(draw):
    checked = check(jpeg(draw().rotate(65, expand=True, fillcolor=WALL)))

    assert [finding.rule for finding in checked.verdict.findings] == ["upright"]
    assert "横" in said(checked, "upright")


# --- a part is missing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("colour", "outcome"), [(128, "reject"), ((0, 135, 0), "reject"), (0, "warn"), (255, "warn")])
def test_a_lower_part_of_one_colour_is_seen_in_any_format(draw, kind, colour, outcome):
    broken = np.asarray(draw()).copy()
    broken[1000:] = colour
    broken[992:1000, 450:] = colour  # the last row of blocks is half there
    checked = check(encode(broken, kind, **({} if kind == "PNG" else {"quality": 85})))
    finding = next(finding for finding in checked.verdict.findings if finding.rule == "incomplete")

    assert finding.outcome == outcome
    assert finding.marks[0][2] == pytest.approx(1000 / 1200, abs=0.01)
    assert "缺" in said(checked, "incomplete")


def test_a_white_shirt_burnt_out_like_the_wall_is_not_missing(draw):
    burnt = np.asarray(draw()).copy()
    burnt[1000:] = burnt[900:, :300] = burnt[900:, 600:] = 255

    assert "incomplete" not in found(jpeg(burnt))


def test_a_lower_part_that_repeats_its_last_row_is_seen(draw):
    """What WebP's predictor makes of zeros."""
    broken = np.asarray(draw()).copy()
    broken[900:] = broken[900]

    assert found(encode(broken, "PNG"))["incomplete"] == "reject"


@pytest.mark.parametrize(("aside", "outcome"), [(0, "reject"), (320, "warn")])
def test_a_wrong_colour_from_one_block_to_the_end_is_seen(draw, aside, outcome):
    """What a decoder shows after a few lost bytes of a JPEG; it often moves aside, too."""
    whole = np.asarray(draw()).astype(np.int16)
    wrong = np.roll(whole, aside, axis=1) + (14, -16, 14)
    broken = whole.copy()
    broken[640:656, 480:] = wrong[640:656, 480:]
    broken[656:] = wrong[656:]
    checked = check(jpeg(np.clip(broken, 0, 255).astype(np.uint8), quality=85))
    finding = next(finding for finding in checked.verdict.findings if finding.rule == "incomplete")

    assert finding.outcome == outcome
    assert finding.marks[0][2] == pytest.approx(656 / 1200, abs=0.02)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_missing_from_a_whole_picture(draw, seed):
    assert "incomplete" not in found(jpeg(draw(seed)))


# --- pictures of pictures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["screen", "print_edge"])
def test_pictures_of_pictures_are_left_to_a_person(draw, rule):
    checked = check(jpeg(draw(2, rule)))

    assert "人工复核" in said(checked, rule)

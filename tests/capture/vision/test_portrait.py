"""The portrait against the national standard, measured again in its own pixels by code that shares nothing with its making."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from capture.vision import BACKGROUNDS, Limits, Portrait, check, make_portrait, measure, networks, open_photo
from tests.capture.vision.pictures import encode, jpeg


@pytest.fixture(scope="session")
def portrait(checked) -> Portrait:
    return make_portrait(checked.source, checked.measures)


def pixels_of(portrait: Portrait) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(portrait.jpeg)).convert("RGB"))


def standard_figures(rgb: np.ndarray, background: tuple[int, int, int]) -> dict[str, float]:
    """Face width and eye line by the face mesh on the portrait; hair top as the first row that is not background."""
    (points,) = networks.face_meshes(rgb)
    unlike = np.abs(rgb.astype(int) - background).max(2) > 60
    middle = int((points[234, 0] + points[454, 0]) / 2)
    rows = unlike[:, middle - 40 : middle + 40].mean(1) > 0.35
    return {
        "face_width": float(np.hypot(*(points[454] - points[234])[:2])),
        "eye_line": float(points[[33, 133, 263, 362], 1].mean()),
        "hair_top": float(np.argmax(rows)),
        "middle": float((points[234, 0] + points[454, 0]) / 2),
        "tilt": float(np.degrees(np.arctan2(*(points[[263, 362]].mean(0) - points[[33, 133]].mean(0))[1::-1]))),
    }


def assert_standard(figures: dict[str, float]) -> None:
    assert 180 <= figures["face_width"] <= 300
    assert 200 <= figures["eye_line"] <= 300
    assert 50 <= figures["hair_top"] <= 110
    assert figures["middle"] == pytest.approx(240, abs=10)
    assert figures["tilt"] == pytest.approx(0, abs=1.5)


@pytest.mark.parametrize("seed", range(10))
def test_head_lies_inside_the_standard(draw, seed):
    checked = check(jpeg(draw(seed)))
    portrait = make_portrait(checked.source, checked.measures)
    figures = standard_figures(pixels_of(portrait), BACKGROUNDS["blue"])

    assert_standard(figures)
    assert portrait.geometry["face_width"] == pytest.approx(figures["face_width"], abs=8)
    assert portrait.geometry["eye_line"] == pytest.approx(figures["eye_line"], abs=4)
    assert portrait.findings == ()


def test_tilted_head_is_levelled(draw):
    tilted = draw(2).rotate(5, Image.Resampling.BICUBIC, fillcolor=(205, 206, 204))
    source = open_photo(jpeg(tilted))

    assert_standard(standard_figures(pixels_of(make_portrait(source, measure(source))), BACKGROUNDS["blue"]))


def test_file_keeps_the_standard(portrait):
    image = Image.open(io.BytesIO(portrait.jpeg))

    assert image.format == "JPEG"
    assert image.size == (480, 640)
    assert image.mode == "RGB"
    assert image.info["dpi"] == (300, 300)
    assert len(portrait.jpeg) <= 40_960
    assert portrait.geometry["quality"] >= 60
    assert portrait.geometry["bytes"] == len(portrait.jpeg)


def test_file_carries_no_metadata(draw):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    source = open_photo(encode(draw(), "JPEG", exif=exif.tobytes(), comment=b"secret"))
    portrait = make_portrait(source, measure(source))
    image = Image.open(io.BytesIO(portrait.jpeg))

    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    assert b"secret" not in portrait.jpeg


@pytest.mark.parametrize("name", ["blue", "white", "grey"])
def test_background_is_plain(checked, name):
    portrait = make_portrait(checked.source, checked.measures, background=name)
    rgb = pixels_of(portrait).astype(int)
    corners = np.concatenate([rgb[:45].reshape(-1, 3), rgb[:160, :50].reshape(-1, 3), rgb[:160, -50:].reshape(-1, 3)])

    np.testing.assert_allclose(corners.mean(0), BACKGROUNDS[name], atol=1.5)
    assert np.abs(corners - BACKGROUNDS[name]).max() <= 8


def test_person_is_not_changed(checked, portrait):
    """Inside the face the portrait shows the photo's own pixels, but for their resampling and the JPEG."""
    size = checked.source.size
    matrix = np.zeros((2, 3))
    crop = portrait.geometry["crop"]
    matrix = cv2.getRotationMatrix2D((crop["x"] * size[0], crop["y"] * size[1]), crop["angle"], crop["scale"])
    matrix[:, 2] += np.array([240 - crop["x"] * size[0], 320 - crop["y"] * size[1]])
    expected = cv2.warpAffine(checked.source.at_least(9999), matrix, (480, 640), flags=cv2.INTER_AREA)
    oval = np.array(checked.measures["oval"]) * size @ matrix[:, :2].T + matrix[:, 2]
    face = np.zeros((640, 480), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(oval.astype(np.int32)), 1)
    face = cv2.erode(face, np.ones((9, 9), np.uint8)).astype(bool)
    difference = np.abs(pixels_of(portrait).astype(int) - expected)[face]

    assert difference.mean() < 3
    assert np.percentile(difference, 99) < 16


def test_left_stays_left(draw):
    """No mirror: a green spot painted on one cheek stays on that side."""
    marked = np.asarray(draw(2)).copy()
    left, right = np.array(measure(open_photo(encode(marked, "PNG")))["cheeks"]) * (marked.shape[1], marked.shape[0])
    cv2.circle(marked, (int(left[0] * 0.7 + right[0] * 0.3), int(left[1]) + 20), 12, (0, 255, 0), -1)
    source = open_photo(encode(marked, "PNG"))
    red, green, _ = pixels_of(make_portrait(source, measure(source))).astype(int).transpose(2, 0, 1)
    columns = np.nonzero((green - red > 100)[260:340, 150:330])[1]

    assert columns.mean() + 150 < 230


def test_twice_is_byte_identical(photo, checked, portrait):
    again = check(photo)

    assert make_portrait(again.source, again.measures).jpeg == portrait.jpeg
    assert make_portrait(again.source, again.measures).thumbnail == portrait.thumbnail


def test_thumbnail_is_small(portrait):
    assert Image.open(io.BytesIO(portrait.thumbnail)).size == (180, 240)
    assert len(portrait.thumbnail) < 20_000


def test_crop_by_hand_is_followed(checked, portrait):
    crop = {**portrait.geometry["crop"], "scale": portrait.geometry["crop"]["scale"] * 1.05}
    adjusted = make_portrait(checked.source, checked.measures, crop=crop)

    assert adjusted.geometry["face_width"] == pytest.approx(portrait.geometry["face_width"] * 1.05, abs=0.5)
    assert make_portrait(checked.source, checked.measures, crop=portrait.geometry["crop"]).jpeg == portrait.jpeg


def test_crop_outside_the_standard_is_flagged(checked, portrait):
    crop = {**portrait.geometry["crop"], "scale": portrait.geometry["crop"]["scale"] * 0.5}

    assert "framing" in [
        finding.rule for finding in make_portrait(checked.source, checked.measures, crop=crop).findings
    ]


def test_head_at_the_edge_is_too_close(draw):
    picture = draw(2)
    width, height = picture.size
    tight = picture.crop((int(width * 0.2), int(height * 0.13), int(width * 0.8), int(height * 0.62)))
    source = open_photo(jpeg(tight))
    measures = measure(source)
    (finding,) = [f for f in make_portrait(source, measures).findings if f.rule == "too_close"]

    assert finding.outcome == "reject"
    assert finding.value == pytest.approx(measures["outside"], abs=1e-3)
    assert finding.value > finding.limit == Limits.of().get("too_close", "reject")


def test_photo_that_ends_at_the_chest_gets_a_larger_face(draw):
    picture = draw(2)
    chest = picture.crop((0, 0, picture.width, int(picture.height * 0.77)))
    source = open_photo(jpeg(chest))
    portrait = make_portrait(source, measure(source))

    assert portrait.findings == ()
    assert_standard(standard_figures(pixels_of(portrait), BACKGROUNDS["blue"]))


def test_portrait_needs_a_face(checked):
    with pytest.raises(ValueError, match="needs a face"):
        make_portrait(checked.source, {"faces": 0})

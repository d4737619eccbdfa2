"""The portrait against the national standard, measured again in its own pixels by code that shares nothing with its making."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_portrait
from tests.vision.pictures import encode, jpeg
from vision import (
    BACKGROUNDS,
    Checked,
    Portrait,
    check,
    limits_of,
    make_portrait,
    measure,
    open_photo,
)
from vision.networks import mediapipe_graphs
from vision.portrait.crop import Crop
from vision.portrait.missing_area import EVERYWHERE, missing_share


@pytest.fixture(scope="session")
def portrait(checked) -> Portrait:
    return make_portrait(checked.source, checked.measures)


def pixels_of(portrait: Portrait) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(portrait.jpeg)).convert("RGB"))


def standard_figures(rgb: np.ndarray, background: tuple[int, int, int]) -> dict[str, float]:
    """Face width and eye line by the face mesh on the portrait; hair top as the first row that is not background."""
    (points,) = mediapipe_graphs.face_meshes(rgb)
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


@pytest.mark.parametrize(
    "changes",
    [
        {"hair_style": "bun", "volume": 1.0},
        {"hair_style": "quiff", "volume": 1.0},
        {"hair_style": "bald"},
        {"hair_style": "long", "glasses": "round"},
        {"roll": 7.0},
        {"roll": -7.0},
        {"face_width": 0.93, "chin": 1.0, "jaw": 0.0},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [4])
def test_every_head_that_can_be_is_framed(seed, changes):
    checked = check(jpeg(draw_portrait(replace(Person.random(seed), **changes), size=(900, 1200))))

    assert_standard(standard_figures(pixels_of(make_portrait(checked.source, checked.measures)), BACKGROUNDS["blue"]))


def test_head_cover_counts_as_the_top_of_the_head(draw):
    """Kept for religion, medicine or custom: the portrait must hold it whole."""
    checked = check(jpeg(draw(2, "head_cover")))

    assert_standard(standard_figures(pixels_of(make_portrait(checked.source, checked.measures)), BACKGROUNDS["blue"]))


def test_bald_head_does_not_fill_the_portrait(draw):
    person = replace(Person.random(2), hair_style="bald", face_width=1.035)
    photo = np.asarray(draw_portrait(person, size=(900, 1200)))
    squat = cv2.resize(photo, (900, 950))  # a round head: little rises above the eyes

    checked = check(jpeg(squat))

    assert make_portrait(checked.source, checked.measures).geometry["face_width"] < 262


def framed(checked: Checked, portrait: Portrait) -> tuple[np.ndarray, np.ndarray]:
    """What the photo shows in the portrait's place, uint8 RGB, and the mask of the face; apart from the engine's own warp."""
    size, crop = checked.source.size, portrait.geometry["crop"]
    x, y = crop["x"] * size[0], crop["y"] * size[1]
    matrix = cv2.getRotationMatrix2D((x, y), crop["angle"], crop["scale"])
    matrix[:, 2] += np.array([240 - x, 320 - y])
    picture = cv2.warpAffine(checked.source.at_least(9999), matrix, (480, 640), flags=cv2.INTER_AREA)
    oval = np.array(checked.measures["oval"]) * size @ matrix[:, :2].T + matrix[:, 2]
    face = np.zeros((640, 480), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(oval.astype(np.int32)), 1)
    return picture, cv2.erode(face, np.ones((9, 9), np.uint8)).astype(bool)


def lab_of(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


@pytest.mark.parametrize("seed", [2, 3])
def test_skin_is_neither_whitened_nor_tinted(draw, seed):
    checked = check(jpeg(draw(seed)))
    portrait = make_portrait(checked.source, checked.measures)
    picture, face = framed(checked, portrait)
    difference = (lab_of(pixels_of(portrait)) - lab_of(picture))[face]

    assert np.abs(difference.mean(0)).max() < 0.3
    assert np.linalg.norm(difference, axis=1).mean() < 2.0


@pytest.mark.parametrize("seed", [2, 3])
def test_features_and_pores_are_neither_moved_nor_smoothed(draw, seed):
    checked = check(jpeg(draw(seed)))
    portrait = make_portrait(checked.source, checked.measures)
    picture, face = framed(checked, portrait)
    light, true = (lab_of(rgb)[..., 0] for rgb in (pixels_of(portrait), picture))
    slopes = [
        np.concatenate([cv2.Sobel(part, -1, 1, 0)[face], cv2.Sobel(part, -1, 0, 1)[face]]) for part in (light, true)
    ]
    pores, true_pores = ((part - cv2.GaussianBlur(part, (0, 0), 2))[face].std() for part in (light, true))

    assert np.corrcoef(slopes)[0, 1] > 0.93
    assert 0.9 < pores / true_pores < 1.25


@pytest.mark.parametrize("seed", [2, 3])
def test_moles_and_scars_stay(draw, seed):
    marked = np.asarray(draw(seed)).copy()
    left, right = np.array(check(jpeg(marked)).measures["cheeks"]) * (marked.shape[1], marked.shape[0])
    mole = (0.78 * left + 0.22 * right + [0, 25]).astype(int)
    scar = (0.22 * left + 0.78 * right + [0, 20]).astype(int)
    cv2.circle(marked, mole.tolist(), 5, (70, 45, 40), -1, cv2.LINE_AA)
    cv2.line(marked, (scar - [0, 14]).tolist(), (scar + [6, 14]).tolist(), (225, 160, 150), 2, cv2.LINE_AA)
    checked = check(jpeg(marked))
    portrait = make_portrait(checked.source, checked.measures)
    picture, _ = framed(checked, portrait)
    crop, size = portrait.geometry["crop"], checked.source.size
    for place in (mole, scar):
        away = place - np.array([crop["x"], crop["y"]]) * size
        turn = np.radians(crop["angle"])
        column = 240 + crop["scale"] * (np.cos(turn) * away[0] + np.sin(turn) * away[1])
        row = 320 + crop["scale"] * (np.cos(turn) * away[1] - np.sin(turn) * away[0])
        patch = np.s_[int(row) - 9 : int(row) + 10, int(column) - 9 : int(column) + 10]
        made, true = (lab_of(rgb)[..., 0][patch] for rgb in (pixels_of(portrait), picture))

        assert np.ptp(made) > 0.85 * np.ptp(true) > 5
        assert np.corrcoef(made.ravel(), true.ravel())[0, 1] > 0.95


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
    assert finding.value > finding.limit == limits_of().get("too_close", "reject")


def test_wall_beyond_the_photo_is_no_loss(draw):
    """Little wall beside and above the head, but nothing of the person is cut off."""
    picture = draw(2)
    width, height = picture.size
    tight = picture.crop((int(width * 0.2), int(height * 0.13), int(width * 0.8), height))
    source = open_photo(jpeg(tight))
    measures = measure(source)
    portrait = make_portrait(source, measures)
    rgb = pixels_of(portrait).astype(int)

    assert measures["outside"] < 0.005
    assert missing_share(Crop(**portrait.geometry["crop"]), source.size, EVERYWHERE) > 0.05
    assert portrait.findings == ()
    np.testing.assert_allclose(rgb[:45].reshape(-1, 3).mean(0), BACKGROUNDS["blue"], atol=1.5)
    assert np.abs(rgb[:45] - BACKGROUNDS["blue"]).max() <= 8


def test_shoulders_cut_at_the_side_are_told_from_wall():
    size = np.array([1000.0, 1000.0])
    crop = Crop(0.5, 0.5, 0.4, 0.0)  # the portrait needs 1200 x 1600 px of the 1000 x 1000
    wall_only = (None, None, None, None)
    bottom = (None, (0.2, 0.8), None, None)

    assert missing_share(crop, size, wall_only) == 0
    assert missing_share(crop, size, bottom) == pytest.approx(600 * 300 / (1200 * 1600), abs=1e-3)
    assert missing_share(crop, size, EVERYWHERE) > missing_share(crop, size, bottom)


def test_crown_cut_off_counts_threefold():
    size, crop = np.array([1000.0, 1000.0]), Crop(0.5, 0.5, 0.4, 0.0)

    assert missing_share(crop, size, ((0.4, 0.6), None, None, None)) == pytest.approx(
        3 * missing_share(crop, size, (None, (0.4, 0.6), None, None))
    )


def test_strangers_in_the_background_go_with_the_wall(draw):
    person = np.asarray(draw(2)).copy()
    small = cv2.resize(np.asarray(draw(5)), None, fx=0.24, fy=0.24, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    person[300 : 300 + height, -width:] = small
    source = open_photo(jpeg(person))
    measures = measure(source)
    rgb = pixels_of(make_portrait(source, measures)).astype(int)

    assert len(measures["other_boxes"]) == 1
    np.testing.assert_allclose(rgb[:330, 400:].reshape(-1, 3).mean(0), BACKGROUNDS["blue"], atol=6)


def test_photo_that_ends_at_the_chest_gets_a_larger_face(draw):
    picture = draw(2)
    chest = picture.crop((0, 0, picture.width, int(picture.height * 0.77)))
    source = open_photo(jpeg(chest))
    portrait = make_portrait(source, measure(source))

    assert portrait.findings == ()
    assert_standard(standard_figures(pixels_of(portrait), BACKGROUNDS["blue"]))


def cut_at_the_foot(picture: Image.Image | np.ndarray) -> np.ndarray:
    """The photo ends a little above the foot of the portrait."""
    rgb = np.asarray(picture)
    return rgb[: int(len(rgb) * 0.7)]


def foot_of_photo(portrait: Portrait, height: int) -> int:
    """The row of the portrait at which the photo ends, in the middle."""
    crop = portrait.geometry["crop"]
    return round(320 + crop["scale"] * (1 - crop["y"]) * height)


def test_necklines_go_on_below_the_photo(draw):
    """No mirror image of the chest: what runs inwards runs inwards to the foot of the portrait."""
    marked = np.asarray(draw(2)).copy()
    for side in (-1, 1):
        cv2.line(marked, (450 + side * 100, 780), (450 + side * 55, 850), (0, 255, 0), 12, cv2.LINE_AA)
    photo = cut_at_the_foot(marked)
    source = open_photo(jpeg(photo))
    portrait = make_portrait(source, measure(source))
    red, green, blue = pixels_of(portrait).astype(int).transpose(2, 0, 1)
    foot = foot_of_photo(portrait, len(photo))
    apart = [np.ptp(np.nonzero(line)[0]) for line in (green - np.maximum(red, blue) > 60)[foot - 40 : 638]]

    assert foot < 625
    assert np.all(np.diff(apart) <= 3)
    assert apart[-1] < apart[40] - 8


@pytest.mark.parametrize("slant", [0, 10])
def test_black_rim_at_the_foot_is_not_shown(draw, slant):
    """A scan or a levelled photo: the chest goes on in its place."""
    clean = cut_at_the_foot(draw(2))
    rimmed = clean.copy()
    height, width = clean.shape[:2]
    cv2.fillConvexPoly(
        rimmed, np.array([(0, height - 8 - slant), (width, height - 8), (width, height), (0, height)]), 0
    )
    source = open_photo(jpeg(clean))
    crop = make_portrait(source, measure(source)).geometry["crop"]
    black = []
    for photo in (clean, rimmed):
        source = open_photo(jpeg(photo))
        rgb = pixels_of(make_portrait(source, measure(source), crop=crop))
        black.append(int((rgb[520:].max(2) < 40).sum()))

    assert black[1] <= black[0] + 20


def test_hair_cut_off_at_the_side_leaves_no_streaks(draw):
    """Beyond the photo only the shoulders go on, not the strands that meet its border."""
    picture = draw_portrait(replace(Person.random(2), hair_style="long", volume=1.0), size=(900, 1200))
    narrow = np.asarray(picture)[:, 235:665]
    source = open_photo(jpeg(narrow))
    measures = measure(source)
    portrait = make_portrait(source, measures)
    crop = portrait.geometry["crop"]
    left = round(240 - crop["scale"] * crop["x"] * narrow.shape[1])
    top, chin = (320 + crop["scale"] * (y - crop["y"]) * len(narrow) for y in np.array(measures["oval"])[[0, 18], 1])
    mouth = int(chin - 0.26 * (chin - top))
    beside = pixels_of(portrait)[100:mouth, : left - 6].astype(int)

    assert left > 20
    assert np.abs(beside - BACKGROUNDS["blue"]).max() <= 12


def test_collar_as_high_as_the_chin_goes_on_beside_the_photo(draw):
    """The head sinks into a hood: its clothes are no hair that ends at the border."""
    hooded = np.asarray(draw(2)).copy()
    chin = int(max(y for _, y in measure(open_photo(jpeg(hooded)))["oval"]) * 1200)
    for side in (-1, 1):
        corners = [(450 + side * 160, chin - 30), (450 + side * 450, chin - 30), (450 + side * 450, 1200), (450, 1200)]
        cv2.fillConvexPoly(hooded, np.array(corners), (92, 62, 50), cv2.LINE_AA)
    narrow = hooded[:, 210:690]
    source = open_photo(jpeg(narrow))
    portrait = make_portrait(source, measure(source))
    crop = portrait.geometry["crop"]
    left = round(240 - crop["scale"] * crop["x"] * narrow.shape[1])
    row = round(320 + crop["scale"] * ((chin + 12) / len(narrow) - crop["y"]) * len(narrow))
    beside = pixels_of(portrait)[row : row + 20, 2 : left - 4].astype(int)

    assert left > 10
    assert np.abs(beside - (92, 62, 50)).max() < 40


def test_portrait_needs_a_face(checked):
    with pytest.raises(ValueError, match="needs a face"):
        make_portrait(checked.source, {"faces": 0})

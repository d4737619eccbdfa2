"""Drawn people stand in for real ones, so the judging engine must see them as it sees photos."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from demo.drawn_people import APPEARANCES, VIOLATIONS, Person, draw_jpeg, draw_portrait, write_y4m
from vision import RULE_NAMES, check

SEEDS = range(0, 60, 5)


def rules_of(jpeg: bytes) -> set[str]:
    return {finding.rule for finding in check(jpeg).verdict.findings}


def test_random_person_is_the_same_for_a_seed_and_differs_between_seeds():
    assert Person.random(7) == Person.random(7)
    assert len({Person.random(seed) for seed in range(50)}) == 50


def test_random_person_can_be_asked_for_a_gender():
    assert {Person.random(seed, gender="male").gender for seed in range(20)} == {"male"}
    assert {Person.random(seed).gender for seed in range(20)} == {"female", "male"}


def test_equal_arguments_give_equal_pixels():
    first, second = (draw_portrait(Person.random(3), size=(450, 600)) for _ in range(2))
    assert np.array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize("size", [(900, 1200), (1500, 2000), (3000, 4000)])
def test_portrait_has_the_size_that_was_asked_for(size):
    assert draw_portrait(Person.random(1), size=size).size == size


@pytest.mark.parametrize("seed", SEEDS)
def test_compliant_drawing_is_never_rejected(seed):
    checked = check(draw_jpeg(Person.random(seed), size=(900, 1200)))
    assert checked.verdict.outcome == "green", checked.verdict.findings


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_nobody_is_rejected_for_how_they_are(appearance):
    for seed in (3, 14):
        verdict = check(draw_jpeg(Person.random(seed), appearance=appearance, size=(900, 1200))).verdict
        assert not verdict.is_rejected, (seed, verdict.findings)


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_appearance_is_seen_in_the_picture(appearance):
    plain, changed = (
        np.asarray(draw_portrait(Person.random(8), appearance=name, size=(450, 600)), np.int16)
        for name in ("", appearance)
    )
    assert (np.abs(plain - changed).max(2) > 20).mean() > 0.0005


@pytest.mark.parametrize("violation", sorted(set(VIOLATIONS) - {"nobody"}))
def test_violation_is_caught_by_its_own_rule(violation):
    assert violation in RULE_NAMES
    assert violation in rules_of(draw_jpeg(Person.random(5), violation, size=(900, 1200)))


def test_nobody_on_the_photo_is_found():
    assert rules_of(draw_jpeg(Person.random(5), "nobody", size=(900, 1200))) == {"one_face"}


def test_drawn_eyelids_and_gaze_are_measured_as_drawn():
    measures = check(draw_jpeg(Person.random(10), size=(900, 1200))).measures
    assert measures["eye_opening"] == pytest.approx(0.85, abs=0.12)
    assert measures["gaze"] == pytest.approx(0, abs=0.04)
    assert measures["mouth_gap"] < 0.01


def test_background_can_be_chosen():
    corner = np.asarray(draw_portrait(Person.random(2), size=(450, 600), background=(0.2, 0.4, 0.9)))[:40, :40].mean(
        (0, 1)
    )
    assert corner == pytest.approx((51, 102, 230), abs=16)


def test_jpeg_is_a_jpeg_of_the_size():
    picture = Image.open(io.BytesIO(draw_jpeg(Person.random(2), quality=80, size=(900, 1200))))
    assert (picture.format, picture.size) == ("JPEG", (900, 1200))


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 480)])
def test_camera_feed_holds_whole_frames_with_the_person(tmp_path, size):
    width, height = size
    film = write_y4m(tmp_path / "feed.y4m", Person.random(4), size=size, seconds=0.5, fps=4).read_bytes()
    head, _, rest = film.partition(b"\n")
    frame = len(b"FRAME\n") + width * height * 3 // 2
    assert head.startswith(f"YUV4MPEG2 W{width} H{height} F4:1".encode())
    assert len(rest) == 2 * frame
    planes = np.frombuffer(rest[6:frame], np.uint8).reshape(height * 3 // 2, width)
    shown = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)
    encoded = io.BytesIO()
    Image.fromarray(shown).save(encoded, "JPEG")
    assert check(encoded.getvalue()).measures["faces"] == 1

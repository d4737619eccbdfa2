"""Drawn people, judged: each violation is found, and who keeps the rules passes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_portrait
from tests.support.faulty_pictures import Subject, appearance, cover, scenery
from tests.vision.pictures import jpeg, turned
from vision import check, judge, measure, open_photo
from vision.crops.person import crop_person
from vision.measures import cover as measure_cover
from vision.measures import crop_face, face_detection

ROOT = Path(__file__).resolve().parents[2]
REJECTED = [
    "one_face",
    "face_size",
    "roll",
    "yaw",
    "sharpness",
    "side_light",
    "red_eye",
    "eyes",
    "gaze",
    "mouth",
    "fringe",
    "mask",
    "blue_top",
    "colour",
    "too_close",
]
WARNED = ["underexposed", "lens_glare", "tinted_lens", "head_cover", "pattern", "screen", "print_edge", "beautified"]


def outcomes(data: bytes) -> dict[str, str]:
    return {finding.rule: finding.outcome for finding in check(data).verdict.findings}


@pytest.mark.parametrize("seed", range(8))
def test_who_keeps_the_rules_is_not_rejected(draw, seed):
    assert "reject" not in outcomes(jpeg(draw(seed))).values()


@pytest.mark.parametrize("seed", [0, 2])
@pytest.mark.parametrize("rule", REJECTED)
def test_violation_is_rejected(draw, rule, seed):
    assert outcomes(jpeg(draw(seed, rule))).get(rule) == "reject"


@pytest.mark.parametrize("rule", WARNED)
def test_violation_warns(draw, rule):
    assert outcomes(jpeg(draw(2, rule))).get(rule) == "warn"


def test_burnt_face_is_rejected(draw):
    burnt = np.clip(np.asarray(draw(2)).astype(np.float32) * 2.4, 0, 255).astype(np.uint8)

    assert outcomes(jpeg(burnt)).get("overexposed") == "reject"


def test_empty_wall_has_no_face(draw):
    assert outcomes(jpeg(draw(1, "nobody"))) == {"one_face": "reject"}


def test_measures_are_json_and_replay_to_the_same_verdict(checked):
    stored = json.loads(json.dumps(checked.measures))

    assert judge(stored) == checked.verdict
    assert stored == checked.measures


def test_measuring_twice_gives_the_same_numbers(photo, checked):
    assert measure(open_photo(photo)) == checked.measures


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_judged_alike(draw, checked, orientation):
    measures = check(turned(np.asarray(draw()), orientation)).measures

    assert measures["face_width"] == pytest.approx(checked.measures["face_width"], rel=0.01)
    assert measures["roll"] == pytest.approx(checked.measures["roll"], abs=0.5)


def test_roll_and_gaze_follow_the_drawing(draw):
    level = check(jpeg(draw(0))).measures
    tilted = check(jpeg(draw(0).rotate(-6, Image.Resampling.BICUBIC, fillcolor=(200, 200, 200)))).measures

    assert tilted["roll"] - level["roll"] == pytest.approx(6, abs=0.7)


def test_small_face_in_a_wide_frame_is_found_and_is_too_small(draw):
    wide = Image.new("RGB", (2400, 1600), (205, 206, 204))
    wide.paste(draw(2).resize((360, 480)), (1500, 900))
    checked = check(jpeg(wide))

    assert checked.measures["faces"] == 1
    assert [finding.rule for finding in checked.verdict.findings if finding.outcome == "reject"][:1] == ["face_size"]


def test_two_people_are_marked(draw):
    finding = next(found for found in check(jpeg(draw(0, "one_face"))).verdict.findings if found.rule == "one_face")

    assert finding.value == 2
    kind, x0, y0, x1, y1 = finding.marks[0]
    assert kind == "box"
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


FORK = """
import os, sys
import vision
child = os.fork()
if child == 0:
    print(vision.check(sys.argv[1]).measures["face_width"], flush=True)
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


def test_networks_work_in_a_child_of_fork(photo, checked, tmp_path):
    """Celery's parent imports the engine, forks, and only the children use it."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo)

    run = subprocess.run([sys.executable, "-c", FORK, str(path)], capture_output=True, text=True, timeout=60, cwd=ROOT)

    assert run.returncode == 0, run.stderr
    assert float(run.stdout) == checked.measures["face_width"]
    assert run.stderr == ""


@pytest.mark.parametrize("degrees", [-10, 10])
def test_sloping_shoulders_warn(draw, degrees):
    """The body turned under a level head: below the chin every column is shifted."""
    rgb = np.asarray(draw(2))
    height, width = rgb.shape[:2]
    chin = int(check(jpeg(rgb)).measures["chin"][1] * height)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    bend = np.clip((rows - chin) / (0.1 * height), 0, 1)
    lower = rows - bend * (columns - width / 2) * np.tan(np.radians(degrees))
    sloping = cv2.remap(rgb, columns, lower.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    assert outcomes(jpeg(sloping)).get("shoulders") == "warn"
    assert "shoulders" not in outcomes(jpeg(rgb))


def test_shoulders_are_not_judged_where_the_photo_ends_above_them(draw):
    rgb = np.asarray(draw(2))

    assert check(jpeg(rgb)).measures["shoulders"] is not None
    assert check(cut_at(rgb, 0.15)).measures["shoulders"] is None


def test_a_bright_chain_on_the_neck_warns(draw):
    rgb = np.array(draw(2))
    height, width = rgb.shape[:2]
    (left, top), (right, _) = (np.array(place) * (width, height) for place in check(jpeg(rgb)).measures["eyes"])
    chin = check(jpeg(rgb)).measures["chin"][1] * height
    distance, middle = right - left, (left + right) / 2
    t = np.linspace(-1, 1, 60)
    chain = np.stack([middle + 0.4 * distance * t, chin + distance * (0.45 - 0.25 * t**2)], 1)
    cv2.polylines(rgb, [np.round(chain).astype(np.int32)], False, (255, 244, 200), max(2, int(distance / 45)))

    finding = next(found for found in check(jpeg(rgb)).verdict.findings if found.rule == "necklace")

    assert finding.outcome == "warn"
    _, x0, y0, x1, y1 = finding.marks[0]
    assert left - distance < x0 * width < x1 * width < right + distance
    assert y0 * height > chin > top
    assert y1 <= 1
    assert "necklace" not in outcomes(jpeg(draw(2)))


@pytest.mark.parametrize("maker", scenery.MAKERS, ids=lambda maker: maker.__name__)
def test_lines_behind_a_person_are_no_print(draw, maker):
    assert "print_edge" not in outcomes(jpeg(maker(Subject(jpeg(draw(2)), seed=2))))


def test_the_sides_of_a_print_are_marked(draw):
    finding = next(found for found in check(jpeg(draw(2, "print_edge"))).verdict.findings if found.rule == "print_edge")

    assert len(finding.marks) == finding.value + 1
    assert all(mark[0] == "box" for mark in finding.marks)


def cut_at(rgb: np.ndarray, below_chin: float) -> bytes:
    """The photo ends this many face widths below the chin."""
    measures = check(jpeg(rgb)).measures
    row = int(measures["chin"][1] * rgb.shape[0] + below_chin * measures["face_width"])
    return jpeg(rgb[:row])


@pytest.mark.parametrize("rule", ["blue_top", "clothes_background"])
def test_clothes_are_judged_where_the_photo_ends_at_the_collar(draw, rule):
    assert outcomes(cut_at(np.asarray(draw(2, rule)), 0.41)).get(rule) == "reject"
    assert rule not in outcomes(cut_at(np.asarray(draw(2)), 0.41))


def test_a_photo_that_ends_at_the_chin_says_that_the_clothes_are_missing(draw):
    assert outcomes(cut_at(np.asarray(draw(2, "blue_top")), 0.08)).get("clothes_seen") == "warn"
    assert "clothes_seen" not in outcomes(cut_at(np.asarray(draw(2)), 0.41))


def test_a_lanyard_at_the_collar_is_no_busy_pattern(draw):
    """It is most of the few clothes in view, and has two long edges."""
    rgb = np.asarray(draw(2)).copy()
    measures = check(jpeg(rgb)).measures
    width, chin = measures["face_width"], np.array(measures["chin"]) * (rgb.shape[1], rgb.shape[0])
    for side in (-1, 1):
        left = int(chin[0] + (side * 0.6 - 0.04) * width)
        rgb[int(chin[1] + 0.1 * width) :, left : left + int(0.08 * width)] = (190, 30, 40)

    assert "pattern" not in outcomes(cut_at(rgb, 0.41))
    assert outcomes(cut_at(np.asarray(draw(2, "pattern")), 0.41)).get("pattern") == "warn"


def test_a_white_shirt_in_cold_light_is_not_blue():
    """The skin is as blue as the shirt."""
    white = draw_portrait(replace(Person.random(2), top=(0.93, 0.93, 0.93), garment="crew"), size=(900, 1200))
    cold = np.clip(np.asarray(white, np.float32) * (0.84, 0.93, 1.15), 0, 255).astype(np.uint8)

    assert "blue_top" not in outcomes(jpeg(cold))


def drawn_as(appearance: str, seed: int = 2) -> bytes:
    return jpeg(draw_portrait(Person.random(seed), size=(900, 1200), appearance=appearance))


@pytest.mark.parametrize("appearance", ["hijab", "headscarf", "turban", "bandage"])
@pytest.mark.parametrize("seed", [1, 2, 5])
def test_cloth_over_the_hair_warns_in_any_colour(appearance, seed):
    assert outcomes(drawn_as(appearance, seed)).get("head_cover") == "warn"


@pytest.mark.parametrize("appearance", ["vitiligo", "albinism", "plaster", "scar", "headrest"])
def test_skin_hair_and_headrest_are_no_cover(appearance):
    assert not {"head_cover", "mask", "print_edge"} & set(outcomes(drawn_as(appearance)))


@pytest.mark.parametrize("maker", [cover.dark_capped, cover.banded], ids=lambda maker: maker.__name__)
def test_a_dark_cap_and_a_hair_band_warn(draw, maker):
    subject = Subject(jpeg(draw(2)), seed=2)
    subject.begin(1)

    assert outcomes(jpeg(maker(subject))).get("head_cover") == "warn"
    assert "head_cover" not in outcomes(jpeg(draw(2)))


def test_hair_may_be_as_vivid_as_the_picture():
    """Red hair in a picture of lively colours, which the skin tells."""
    lively, pale = np.array([70.0, 28.0, 30.0]), np.array([70.0, 12.0, 14.0])
    hair = np.tile([45.0, 34.0, 44.0], (200, 1))

    assert measure_cover.share_unlike_hair(hair, 200, lively) == 0.0
    assert measure_cover.share_unlike_hair(hair, 200, pale) == 1.0


def test_the_wall_above_short_hair_is_no_smooth_cap(draw):
    source = open_photo(jpeg(draw(2)))
    face = face_detection.detect_faces(source).main
    person, crop = crop_person(source, face), crop_face(source, face)

    assert measure_cover.strands(person, crop) > 3.3
    assert measure_cover.strands(replace(person, mask=np.zeros_like(person.mask)), crop) is None


@pytest.mark.parametrize("maker", appearance.MAKERS, ids=lambda maker: maker.__name__)
def test_nobody_is_rejected_for_cloth_gauze_or_patches_of_skin(draw, maker):
    subject = Subject(jpeg(draw(2)), seed=3)
    subject.begin(1)
    rejected = {rule for rule, outcome in outcomes(jpeg(maker(subject))).items() if outcome == "reject"}

    assert not rejected & {"fringe", "mask", "blue_top", "colour", "ears"}

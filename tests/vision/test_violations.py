"""The makers of violations: each does to a drawn person what its name says."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from demo.drawn_people import Person, draw_jpeg
from tests.support.faulty_pictures import CONTROLS, LEFT_TO_REVIEWERS, MAKERS, STRENGTHS, Subject
from tests.support.faulty_pictures.__main__ import main
from tests.vision.pictures import jpeg
from vision import RULE_NAMES, check
from vision.crops.face import IRIS_LEFT, IRIS_RIGHT
from vision.evaluation.variations.original import developed
from vision.evaluation.variations.processing import saturated
from vision.evaluation.variations.white_balance import in_light

ALL = [maker for makers in (MAKERS, LEFT_TO_REVIEWERS, CONTROLS) for made in makers.values() for maker in made]
# kind, measure, whether it must rise or fall with the strength
FOLLOWS = [
    ("defocus", "sharpness", -1),
    ("turned", "yaw", 1),
    ("tipped", "pitch", 1),
    ("opened", "mouth_gap", 1),
    ("sloping", "shoulders", 1),
    ("small", "face_width", -1),
    ("smoothed", "skin_detail", -1),
]


@pytest.fixture(scope="module")
def subject(draw) -> Subject:
    return Subject(jpeg(draw(2)), seed=4)


def made(subject: Subject, kind: str, strength: int) -> np.ndarray:
    subject.begin(strength)
    return next(maker for maker in ALL if maker.__name__ == kind)(subject)


@pytest.fixture(scope="module")
def small_subject() -> Subject:
    return Subject(draw_jpeg(Person.random(2), size=(600, 800)), seed=4)


@pytest.mark.parametrize("maker", ALL, ids=lambda maker: maker.__name__)
def test_maker_gives_a_changed_picture_and_leaves_the_subject(small_subject, maker):
    subject = small_subject
    before = subject.rgb.copy()
    subject.begin(1)
    picture = maker(subject)

    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    assert picture.shape != before.shape or (picture != before).any()
    assert (subject.rgb == before).all()


@pytest.mark.parametrize(("kind", "measure", "direction"), FOLLOWS)
def test_strength_shows_in_the_measure(subject, kind, measure, direction):
    weak, strong = (abs(check(jpeg(made(subject, kind, strength))).measures[measure]) for strength in (0, 2))

    assert direction * (strong - weak) > 0


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("side_lit", "side_light"), ("looking_aside", "gaze"), ("red_eyed", "red_eye"), ("flash_red", "red_eye")],
)
def test_violation_is_found(subject, kind, rule):
    findings = check(jpeg(made(subject, kind, 2))).verdict.findings

    assert rule in [finding.rule for finding in findings]


def test_brown_eyes_in_warm_and_gaudy_light_are_not_red(subject):
    """Brown irises, and a pupil that the light of a lamp veils."""
    brown = subject.with_pixels(irises(subject, (0.16, 0.05, 0.02)))

    for kelvin, factor in ((2700, 1.0), (3200, 1.5), (9000, 1.5)):
        lit = subject.with_pixels(in_light(brown, kelvin))
        measures = check(jpeg(saturated(lit, factor, red=1.2))).measures
        assert max(measures["red_eye"], measures["red_eyes"]) < 0.05


def irises(subject: Subject, colour: tuple[float, float, float]) -> np.ndarray:
    """The irises in one colour (linear RGB), the pupils black."""
    out = subject.linear.copy()
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        centre, radius = subject.xy[iris[0]], np.linalg.norm(subject.xy[iris[1]] - subject.xy[iris[3]]) / 2
        for part, seen in ((1.0, colour), (0.45, (0.01, 0.01, 0.01))):
            x, y = subject.grid
            area = np.clip(radius * part - np.hypot(x - centre[0], y - centre[1]) + 0.5, 0, 1)[..., None]
            out = out * (1 - area) + np.array(seen, np.float32) * area
    return developed(out)


def test_eyes_without_edges_do_not_make_a_photo_unsharp(subject):
    """Narrow eyes, glasses that hide them, a patch: other features tell that it is sharp. A shaken hand shows in all."""
    across, down = (axis * subject.unit for axis in subject.axes)
    area = np.zeros(subject.rgb.shape[:2], np.float32)
    for iris in (IRIS_LEFT, IRIS_RIGHT):
        corners = [
            subject.xy[iris[0]] + x * across + y * down
            for x, y in ((-0.5, -0.14), (0.5, -0.14), (0.5, 0.4), (-0.5, 0.4))
        ]
        area += subject.polygon(np.array(corners), 1)
    soft = cv2.GaussianBlur(subject.rgb, (0, 0), 0.04 * subject.unit)
    smooth_eyes = np.where(area[..., None] > 0.2, soft, subject.rgb)

    sharp, shaken = (check(jpeg(picture)).verdict for picture in (smooth_eyes, made(subject, "motion", 2)))
    assert "sharpness" not in {finding.rule for finding in sharp.findings}
    assert "sharpness" in {finding.rule for finding in shaken.findings}


def test_the_same_seed_and_strength_give_the_same_pixels(subject):
    assert (made(subject, "motion", 1) == made(subject, "motion", 1)).all()


def test_lids_drawn_down_shut_the_eyes_and_move_nothing_else(subject):
    shut = made(subject, "shut", 2)
    moved = cv2.boundingRect((shut != subject.rgb).any(2).astype(np.uint8))
    eyes = subject.face.eyes

    assert check(jpeg(shut)).measures["eye_opening"] < 0.45
    assert moved[0] > eyes[0, 0] - 0.6 * subject.unit
    assert moved[1] + moved[3] < eyes[:, 1].max() + 0.4 * subject.unit


def test_glasses_worn_as_they_should_be_break_no_rule(subject):
    assert not check(jpeg(made(subject, "in_glasses", 1))).verdict.is_rejected


def test_kinds_belong_to_rules_or_are_left_to_the_reviewer():
    assert {name.removesuffix(":warn") for name in MAKERS} <= set(RULE_NAMES)
    assert len({maker.__name__ for maker in ALL}) == len(ALL)


def test_main_writes_photos_with_their_labels(tmp_path, monkeypatch):
    arguments = ["violations", str(tmp_path), "--people", "1", "--only", "gaze,studs", "--every"]
    monkeypatch.setattr("sys.argv", arguments)
    main()
    with (tmp_path / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert [(row["expected"], row["kind"]) for row in rows] == [
        ("", ""),
        *[("gaze", "looking_aside")] * 3,
        *[("?earrings", "studs")] * 3,
    ]
    assert [row["strength"] for row in rows[1:4]] == list(STRENGTHS)
    assert all((tmp_path / row["file"]).exists() for row in rows)
    assert "eyes-" in rows[0]["group"]


def test_main_keeps_the_groups_of_a_set_and_makes_no_violation_that_cannot_be_seen(
    tmp_path, monkeypatch, draw, subject
):
    """Without clothes in view there is no blue top."""
    faces, out = tmp_path / "faces", tmp_path / "out"
    faces.mkdir()
    whole = draw(2)
    chin = int(subject.xy[152, 1])
    for name, picture in (("whole", whole), ("cut", whole.crop((0, 0, whole.width, chin)))):
        (faces / f"{name}.jpg").write_bytes(jpeg(picture))
    (faces / "labels.csv").write_text("file,expected,group\nwhole.jpg,,north\ncut.jpg,,south\n")
    monkeypatch.setattr("sys.argv", ["violations", str(faces), str(out), "--only", "blue_top"])
    main()
    with (out / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert [(row["file"].split("_")[0].split(".")[0], row["expected"]) for row in rows] == [
        ("cut", ""),
        ("whole", ""),
        ("whole", "blue_top"),
    ]
    assert [row["group"].split()[0] for row in rows] == ["south", "north", "north"]

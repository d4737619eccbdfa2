"""The rules as pure functions: every limit from both sides, without a picture."""

from __future__ import annotations

import json

import pytest

from vision import DEFAULTS, RULE_NAMES, RULES, Finding, Limits, Verdict, judge, limits_of

ORDER = [
    "one_face",
    "face_size",
    "roll",
    "yaw",
    "pitch",
    "sharpness",
    "side_light",
    "overexposed",
    "underexposed",
    "face_glare",
    "red_eye",
    "eyes",
    "gaze",
    "mouth",
    "smile",
    "fringe",
    "ears",
    "necklace",
    "lens_glare",
    "tinted_lens",
    "head_cover",
    "mask",
    "clothes_background",
    "clothes_seen",
    "blue_top",
    "pattern",
    "shoulders",
    "screen",
    "print_edge",
    "beautified",
    "colour",
    "unreadable",
    "upright",
    "incomplete",
    "too_close",
    "framing",
    "edge",
    "duplicate",
    "same_person",
    "same_face",
    "live",
]
EYES = [[0.4, 0.4], [0.6, 0.4]]
BOX = [[0.3, 0.3], [0.7, 0.7]]
COMPLIANT = {
    "faces": 1, "face_distance": 0.3, "other_face_distance": 1.2, "live_relief": 0.006, "live_share": 0.15, "live_distinct": 10, "other_face": 0.0, "other_boxes": [], "face_width": 500.0, "roll": 0.0, "yaw": 0.0, "pitch": 0.0,
    "sharpness": 3.0, "texture": 0.6, "side_light": 0.0, "side_stops": 0.0, "skin": [65.0, 15.0, 18.0], "skin_chroma": 23.0, "skin_hue": 50.0,
    "burnt": 0.0, "face_light": 60.0, "eye_white": 60.0, "under_eye": 0.0, "highlights": 0.0, "red_eye": 0.0, "red_eyes": 0.0,
    "eye_opening": 0.8, "wider_eye": 0.8, "eye_aspect": 0.3, "gaze": 0.0, "gaze_shared": 0.0, "iris_contrast": 40.0, "wider_eye_contrast": 40.0, "mouth_gap": 0.0, "smile": 0.55, "forehead_skin": 1.0, "ear_skin": 0.8,
    "forehead_detail": 1.2, "forehead_hair": 2.0, "forehead_light": 2.0, "chin_hue": 50.0, "chin_chroma": 22.0, "picture_chroma": 30.0, "necklace": 0.0, "neck_box": BOX, "frame_lines": [],
    "glasses": 0.4, "lens_glare": 0.0, "lens_shade": 0.0, "cover_colour": 0.0, "cover_around": 0.0, "strands": 12.0, "crown_box": BOX, "lip_redness": 8.0, "lip_distance": 9.0, "chin_distance": 3.0,
    "forehead_distance": 4.0, "forehead_chroma": 20.0, "clothes_blue": 0.0, "clothes_white": 0.0, "clothes_grey": 0.0,
    "clothes_seen": 0.8, "clothes_hue_blue": 0.0, "pattern": 0.0, "shoulders": 0.0, "screen": 1.2, "frame_corners": 0, "skin_detail": 2.5,
    "outside": 0.0, "eyes": EYES, "cheeks": EYES, "box": BOX, "eye_boxes": [BOX, BOX], "mouth_box": BOX, "forehead_box": BOX,
    "lies": 0.0, "blank": 0.0, "blank_edge": 0.0, "blank_colour": 127.0, "blank_relief": 0.0, "blank_alike": 0.0, "blank_box": BOX, "step": 0.0, "step_match": 1.0, "step_box": BOX, "clothes_box": BOX, "shoulder_points": EYES,
}  # fmt: skip

# rule, outcome, what is measured, a value just inside the limit, a value just past it
BOUNDS = [
    ("one_face", "reject", "other_face", 0.25, 0.26),
    ("same_person", "warn", "face_distance", 0.95, 0.96),
    ("same_face", "warn", "other_face_distance", 0.75, 0.74),
    ("live", "warn", "live_distinct", 2, 1),
    ("face_size", "reject", "face_width", 240.0, 239.0),
    ("roll", "warn", "roll", 5.5, 5.6),
    ("roll", "reject", "roll", 8.0, -8.1),
    ("yaw", "warn", "yaw", -8.0, -8.1),
    ("yaw", "reject", "yaw", 9.5, 9.6),
    ("pitch", "warn", "pitch", 17.0, -17.1),
    ("sharpness", "reject", "sharpness", 1.8, 1.79),
    ("sharpness", "reject", "texture", 0.33, 0.32),
    ("side_light", "warn", "side_light", 16.0, -16.1),
    ("side_light", "reject", "side_light", 20.0, 20.1),
    ("side_light", "reject", "side_stops", 1.3, -1.31),
    ("overexposed", "reject", "burnt", 0.06, 0.07),
    ("overexposed", "reject", "skin", [94.0, 5.0, 5.0], [94.5, 5.0, 5.0]),
    ("overexposed", "warn", "skin", [93.0, 5.0, 5.0], [93.5, 5.0, 5.0]),
    ("face_glare", "warn", "under_eye", 16.0, 16.1),
    ("red_eye", "warn", "red_eye", 0.18, 0.19),
    ("red_eye", "reject", "red_eye", 0.25, 0.26),
    ("red_eye", "reject", "red_eyes", 0.12, 0.13),
    ("eyes", "warn", "eye_opening", 0.52, 0.51),
    ("eyes", "warn", "eye_aspect", 0.18, 0.17),
    ("gaze", "warn", "gaze", -0.06, -0.07),
    ("mouth", "warn", "mouth_gap", 0.06, 0.061),
    ("mouth", "reject", "mouth_gap", 0.07, 0.071),
    ("smile", "warn", "smile", 0.69, 0.7),
    ("fringe", "warn", "forehead_skin", 0.6, 0.5),
    ("fringe", "reject", "forehead_skin", 0.25, 0.2),
    ("fringe", "warn", "forehead_detail", 2.7, 2.8),
    ("fringe", "reject", "forehead_detail", 3.5, 3.6),
    ("ears", "warn", "ear_skin", 0.23, 0.22),
    ("necklace", "warn", "necklace", 0.65, 0.66),
    ("head_cover", "warn", "cover_colour", 0.22, 0.23),
    ("head_cover", "warn", "cover_around", 0.5, 0.51),
    ("head_cover", "warn", "strands", 3.3, 3.2),
    ("clothes_background", "reject", "clothes_blue", 0.5, 0.51),
    ("clothes_seen", "warn", "clothes_seen", 0.03, 0.029),
    ("blue_top", "warn", "clothes_hue_blue", 0.25, 0.26),
    ("blue_top", "reject", "clothes_hue_blue", 0.45, 0.46),
    ("pattern", "warn", "pattern", 0.5, 0.51),
    ("shoulders", "warn", "shoulders", -7.0, -7.1),
    ("screen", "warn", "screen", 1.5, 1.51),
    ("print_edge", "warn", "frame_corners", 0, 1),
    ("beautified", "warn", "skin_detail", 1.1, 1.09),
    ("colour", "warn", "skin_chroma", 5.0, 4.9),
    ("colour", "warn", "skin_chroma", 68.0, 68.1),
    ("colour", "warn", "skin_hue", 12.0, 11.9),
    ("colour", "warn", "skin_hue", 80.0, 80.1),
    ("incomplete", "reject", "blank", 0.01, 0.011),
    ("incomplete", "reject", "step", 10.0, 10.1),
    ("too_close", "reject", "outside", 0.04, 0.041),
    ("too_close", "warn", "outside", 0.02, 0.021),
]


def found(changes: dict | None = None, limits: Limits | None = None) -> list[tuple[str, str]]:
    findings = judge({**COMPLIANT, **(changes or {})}, limits).findings
    return [(finding.rule, finding.outcome) for finding in findings]


def test_order_and_names():
    assert list(RULE_NAMES) == ORDER
    assert [rule.name for rule in RULES] == ORDER


def test_a_compliant_photo_is_green():
    assert judge(COMPLIANT) == Verdict(())
    assert judge(COMPLIANT).outcome == "green"


@pytest.mark.parametrize(("rule", "outcome", "name", "inside", "past"), BOUNDS)
def test_limit(rule, outcome, name, inside, past):
    assert (rule, outcome) not in found({name: inside})
    assert found({name: past}) == [(rule, outcome)]


def test_nobody_in_the_photo_is_one_finding():
    verdict = judge({"faces": 0, "other_face": 0.0, "width": 800, "height": 600})

    assert verdict.findings == (Finding("one_face", "reject", 0.0, 1.0),)
    assert verdict.outcome == "red"


def test_a_photo_that_lies_is_one_finding():
    verdict = judge({"faces": 0, "other_face": 0.0, "width": 800, "height": 600, "lies": 1.0})

    assert verdict.findings == (Finding("upright", "reject"),)


def test_a_bar_of_black_or_white_may_be_a_border_or_a_picture_that_fades():
    bar = {"blank": 0.1, "blank_colour": 2.0}

    assert found({**bar, "blank_edge": 60.0}) == [("incomplete", "warn")]
    assert found({**bar, "blank_edge": 60.0, "blank": 0.015}) == []
    assert found({**bar, "blank_edge": 60.0, "blank_alike": 0.51}) == []
    assert found({**bar, "blank_edge": 60.0, "blank_alike": 0.51, "blank_colour": 40.0}) == [("incomplete", "reject")]
    assert found({**bar, "blank_edge": 11.0}) == []
    assert found({**bar, "blank_edge": 5.0, "blank_colour": 120.0}) == [("incomplete", "reject")]
    assert found({**bar, "blank_edge": 5.0, "blank_colour": 40.0}) == []
    assert found({**bar, "blank_edge": 60.0, "blank_colour": 40.0}) == [("incomplete", "reject")]


def test_somebody_small_in_the_background_is_allowed():
    assert found({"faces": 2, "other_face": 0.2}) == []


def test_dark_skin_in_good_light_is_not_underexposed():
    assert found({"face_light": 22.0, "eye_white": 45.0}) == []
    assert found({"face_light": 22.0, "eye_white": 25.0}) == [("underexposed", "warn")]


def test_narrow_open_eyes_are_never_rejected_but_a_slit_is():
    narrow = {"wider_eye": 0.55}
    assert found({**narrow, "eye_opening": 0.47, "eye_aspect": 0.18}) == [("eyes", "warn")]
    assert found({**narrow, "eye_opening": 0.47, "eye_aspect": 0.15}) == [("eyes", "reject")]
    assert found({**narrow, "eye_opening": 0.55, "eye_aspect": 0.15}) == [("eyes", "warn")]


def test_shine_is_burnt_to_white_in_its_middle_and_gauze_is_not():
    assert found({"highlights": 0.036, "burnt": 0.021}) == [("face_glare", "warn")]
    assert found({"highlights": 0.035, "burnt": 0.03}) == []
    assert found({"highlights": 0.2, "burnt": 0.02}) == []


def test_two_shut_eyes_are_rejected_and_one_is_looked_at():
    assert found({"eye_opening": 0.2, "wider_eye": 0.3}) == [("eyes", "reject")]
    assert found({"eye_opening": 0.44, "wider_eye": 0.65}) == [("eyes", "reject")]
    assert found({"eye_opening": 0.45, "wider_eye": 0.65}) == [("eyes", "warn")]
    assert found({"eye_opening": 0.0, "eye_aspect": 0.0, "wider_eye": 0.66}) == [("eyes", "warn")]
    assert found({"eye_opening": 0.0, "eye_aspect": 0.0, "wider_eye": 0.66, "wider_eye_contrast": 11.0}) == [
        ("eyes", "reject")
    ]


@pytest.mark.parametrize(
    ("rule", "name", "inside", "past"),
    [("lens_glare", "lens_glare", 0.005, 0.006), ("tinted_lens", "lens_shade", 15.0, 15.1)],
)
def test_lenses_are_judged_only_where_glasses_are_seen(rule, name, inside, past):
    assert found({"glasses": 0.86, name: inside}) == []
    assert found({"glasses": 0.86, name: past}) == [(rule, "warn")]
    assert found({"glasses": 0.85, name: past}) == []


def test_a_gaze_is_rejected_only_where_both_open_eyes_share_it():
    assert found({"gaze": 0.08, "gaze_shared": 0.017}) == [("gaze", "warn")]
    assert found({"gaze": 0.08, "gaze_shared": 0.018}) == [("gaze", "reject")]
    assert found({"gaze": 0.08, "gaze_shared": 0.07, "iris_contrast": 8.0}) == [("gaze", "warn")]
    assert found({"gaze": 0.05, "gaze_shared": 0.05}) == []
    assert found({"gaze": 0.069, "gaze_shared": 0.05}) == [("gaze", "warn")]
    assert found({"gaze": -0.08, "gaze_shared": -0.07, "eye_opening": 0.3}) == [("eyes", "warn"), ("gaze", "warn")]


def test_mask_needs_lips_like_the_chin_and_a_face_of_two_colours():
    covered = {"lip_redness": 0.0, "lip_distance": 2.0, "chin_hue": -90.0}

    assert found(covered) == []
    assert found({**covered, "chin_distance": 30.0}) == [("mask", "reject")]
    assert found({**covered, "forehead_distance": 16.0}) == []
    assert found({**covered, "forehead_distance": 16.0, "skin_hue": -120.0}) == [("mask", "reject")]
    assert found({**covered, "skin_chroma": 7.0}) == [("mask", "reject")]
    assert found({**covered, "chin_distance": 30.0, "lip_distance": 9.0}) == []


def test_behind_a_mask_nothing_is_said_of_the_skin():
    """The cheeks that forehead, detail and hue are compared with are cloth."""
    covered = {"lip_redness": 0.0, "lip_distance": 2.0, "chin_hue": -90.0, "chin_distance": 30.0}

    assert found({**covered, "forehead_skin": 0.0, "skin_detail": 0.1, "skin_hue": 120.0}) == [("mask", "reject")]


def test_hair_of_the_skins_own_colour_shows_in_its_detail():
    assert found({"forehead_skin": 1.0, "forehead_detail": 3.6}) == [("fringe", "reject")]
    assert found({"forehead_skin": 1.0, "forehead_detail": 3.6}, limits_of({"fringe": {"detail": None}})) == [
        ("fringe", "warn")
    ]


def test_a_fringe_that_shows_in_colour_and_in_detail_needs_less_of_each():
    assert found({"forehead_skin": 0.3, "forehead_detail": 2.5}) == [("fringe", "reject")]
    assert found({"forehead_skin": 0.3, "forehead_detail": 1.6}) == [("fringe", "warn")]
    assert found({"forehead_skin": 0.4, "forehead_detail": 2.5}) == [("fringe", "warn")]


def test_grey_picture_is_no_mask():
    grey = {"lip_redness": 0.0, "lip_distance": 2.0, "skin_chroma": 0.1, "forehead_chroma": 0.1, "picture_chroma": 0.5}

    assert found(grey) == [("colour", "reject")]


def test_patches_without_pigment_are_no_mask():
    patches = {"lip_redness": 0.0, "lip_distance": 2.0, "chin_distance": 30.0}

    assert found({**patches, "chin_hue": 50.0, "chin_chroma": 16.0}) == []
    assert found({**patches, "chin_hue": 50.0, "chin_chroma": 4.0}) == [("mask", "reject")]


def test_cloth_over_the_forehead_is_looked_at_and_not_rejected():
    assert found({"forehead_skin": 0.0, "forehead_light": 20.0, "forehead_chroma": 5.0, "forehead_detail": 1.0}) == [
        ("fringe", "warn")
    ]
    assert found({"forehead_skin": 0.0, "cover_colour": 0.9}) == [("fringe", "warn"), ("head_cover", "warn")]
    assert found({"forehead_skin": 0.0}) == [("fringe", "reject")]


def test_a_blue_headscarf_is_looked_at():
    assert found({"clothes_hue_blue": 0.9, "cover_around": 0.9}) == [("head_cover", "warn"), ("blue_top", "warn")]


def test_the_edge_of_a_plaster_is_no_hair():
    assert found({"forehead_detail": 4.6, "forehead_hair": 1.3}) == [("fringe", "warn")]


def test_very_pale_skin_in_a_coloured_picture_is_looked_at():
    assert found({"skin_chroma": 4.0, "picture_chroma": 25.0}) == [("colour", "warn")]
    assert found({"skin_chroma": 4.0, "picture_chroma": 6.0}) == [("colour", "reject")]


def test_smooth_skin_is_not_judged_when_the_photo_is_blurred():
    smooth = {"skin_detail": 0.05}

    assert found(smooth) == [("beautified", "warn")]
    assert found({**smooth, "sharpness": 1.0}) == [("sharpness", "reject")]


def test_a_blurred_photo_has_no_strands_anywhere():
    assert found({"strands": 1.0}) == [("head_cover", "warn")]
    assert found({"strands": 1.0, "sharpness": 1.0}) == [("sharpness", "reject")]


def test_a_blurred_photo_of_a_screen_needs_a_stronger_grid():
    assert found({"screen": 1.5, "sharpness": 1.0}) == [("sharpness", "reject")]
    assert found({"screen": 1.7, "sharpness": 1.0}) == [("sharpness", "reject"), ("screen", "warn")]


def test_clothes_are_compared_with_the_seasons_background():
    white_shirt = {"clothes_white": 0.95}

    assert found(white_shirt) == []
    assert found(white_shirt, limits_of(background="white")) == [("clothes_background", "reject")]


def test_a_photo_without_clothes_in_it_is_not_judged_on_them():
    without = {key: value for key, value in COMPLIANT.items() if not key.startswith("clothes") and key != "pattern"}

    assert judge(without).outcome == "green"


def test_amber_red_green():
    assert judge({**COMPLIANT, "roll": 6.0}).outcome == "amber"
    assert judge({**COMPLIANT, "roll": 6.0, "yaw": 20.0}).outcome == "red"


def test_season_limits_replace_defaults():
    limits = limits_of({"roll": {"reject": 12, "warn": 10}, "mouth": {"reject": None, "warn": None}})

    assert found({"roll": 9.0, "mouth_gap": 0.4}, limits) == []
    assert found({"roll": 11.0}, limits) == [("roll", "warn")]
    assert limits_of().get("roll", "reject") == 8


def test_limits_survive_json():
    limits = limits_of({"roll": {"reject": 12}})

    assert limits_of(json.loads(json.dumps(limits.as_dict()))) == limits


@pytest.mark.parametrize("changes", [{"rol": {"reject": 1}}, {"roll": {"refuse": 1}}, {"roll": {"reject": "much"}}])
def test_unknown_limits_are_refused(changes):
    with pytest.raises(ValueError, match=r"unknown limit|could not convert"):
        limits_of(changes)


def test_finding_names_value_limit_and_place():
    (finding,) = judge({**COMPLIANT, "mouth_gap": 0.2}).findings

    assert finding == Finding("mouth", "reject", 0.2, 0.07, (("box", 0.3, 0.3, 0.7, 0.7),))
    assert finding.as_dict() == {"rule": "mouth", "outcome": "reject", "value": 0.2, "limit": 0.07}


def test_the_lines_of_a_print_are_marked():
    lines = [[[0.1, 0.2], [0.1, 0.9]], [[0.1, 0.1], [0.8, 0.12]], [[0.9, 0.2], [0.9, 0.8]]]

    (finding,) = judge({**COMPLIANT, "frame_corners": 2, "frame_lines": lines}).findings

    assert finding.marks[1] == ("box", 0.1, 0.1, 0.8, 0.12)
    assert len(finding.marks) == 3


@pytest.mark.parametrize(("rule", "outcome", "name", "inside", "past"), BOUNDS)
def test_every_finding_has_its_place(rule, outcome, name, inside, past):
    lines = [[[0.1, 0.2], [0.1, 0.9]]]

    (finding,) = judge({**COMPLIANT, name: past, "other_boxes": [[0, 0, 0.1, 0.1]], "frame_lines": lines}).findings

    assert finding.marks


def test_marks_stay_inside_the_picture():
    outside = [[-0.2, 0.1], [1.3, 0.4]]

    (finding,) = judge({**COMPLIANT, "mouth_gap": 0.2, "mouth_box": outside}).findings

    assert finding.marks == (("box", 0.0, 0.1, 1.0, 0.4),)


def test_rejecting_rules_are_those_that_separate():
    rejecting = {name for name, limits in DEFAULTS.items() if "reject" in limits}

    assert rejecting == {
        "one_face",
        "face_size",
        "roll",
        "yaw",
        "sharpness",
        "side_light",
        "overexposed",
        "red_eye",
        "eyes",
        "gaze",
        "mouth",
        "fringe",
        "mask",
        "clothes_background",
        "blue_top",
        "colour",
        "upright",
        "incomplete",
        "unreadable",
        "too_close",
    }

"""The figures of an evaluation, on made-up scores."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vision.test_rules import BOUNDS, COMPLIANT
from vision import BACKGROUNDS, RULES, RULES_BY_NAME, limits_of
from vision.evaluation.labelled_photos import (
    EvaluatedPhoto,
    Evaluation,
    KeptMeasures,
    LabelError,
    LabelledPhoto,
    area_under_curve,
    evaluate,
    read_labels,
    rule_row,
    total_result,
    violation_kinds,
)
from vision.verdict import Finding


def test_area_under_curve():
    assert area_under_curve([1.0, 2.0, 3.0, 4.0], [False, False, True, True]) == 1.0
    assert area_under_curve([1.0, 3.0, 2.0, 4.0], [False, False, True, True]) == 0.75
    assert area_under_curve([1.0, 1.0], [True, False]) == 0.5
    assert area_under_curve([1.0, 2.0], [False, False]) is None
    assert area_under_curve([None, 2.0], [True, False]) is None


def test_every_measured_rule_has_a_score(checked):
    scores = {rule.name: rule.violation_score(checked.measures, background="blue") for rule in RULES}

    assert {name for name, score in scores.items() if score is not None} == {
        r.name for r in RULES if r.is_checked and r.criteria
    } - {"same_person", "same_face", "live"}  # of two photos, of a film
    assert all(isinstance(score, int | float) for score in scores.values() if score is not None)


def test_more_is_worse():
    """Each score rises on the way from a photo that keeps the rule to one that breaks it."""
    for name, _outcome, measure, inside, past in BOUNDS:
        if (name, measure) in BESIDE_THE_SCORE:
            continue
        good, bad = (
            RULES_BY_NAME[name].violation_score({**COMPLIANT, measure: value}, background="blue")
            for value in (inside, past)
        )
        assert bad > good, name


# Measures that a rule weighs beside the one of its score; colour too strong is the opposite of colour too weak.
BESIDE_THE_SCORE = {
    ("incomplete", "step"),
    ("live", "live_distinct"),
    ("sharpness", "texture"),
    ("side_light", "side_stops"),
    ("overexposed", "skin"),
    ("face_glare", "under_eye"),
    ("red_eye", "red_eyes"),
    ("eyes", "eye_aspect"),
    ("head_cover", "cover_around"),
    ("head_cover", "strands"),
    ("colour", "skin_hue"),
    ("colour", "skin_chroma"),
}


def test_a_photo_without_a_face_has_no_score():
    assert all(rule.violation_score({"faces": 0}, background="blue") is None for rule in RULES)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_clothes_are_scored_against_the_seasons_background(background):
    """Of a white and a coloured top the one like the background is the violation, whatever the background."""
    tops = {name: {**COMPLIANT, f"clothes_{name}": 0.9} for name in BACKGROUNDS}
    photos = [
        replace(photo("clothes_background" if name == background else ""), measures=measures)
        for name, measures in tops.items()
    ]
    assert rule_row("clothes_background", "reject", photos, limits_of(background=background)).auc == 1.0


def test_labels_may_name_several_rules_and_a_group(tmp_path):
    (tmp_path / "labels.csv").write_text("file,expected,group\na.jpg,mouth; fringe:warn,dark\nb.jpg,,\n")
    first, second = read_labels(tmp_path, tmp_path / "labels.csv")

    assert first.expected == {"mouth", "fringe"}
    assert first.warned == {"fringe"}
    assert first.groups == {"dark"}
    assert second.is_clean


def test_where_a_warning_is_asked_a_rejecting_rule_owes_no_rejection():
    photos = [photo("colour", warned=frozenset({"colour"})), photo("colour", "colour")]

    assert rule_row("colour", "reject", photos, limits_of()).labelled == 1
    assert rule_row("colour", "warn", photos, limits_of()).labelled == 2
    assert total_result(photos).labelled == 1


def test_what_is_left_to_the_reviewer_is_labelled_with_a_question_mark(tmp_path):
    row = "a.jpg,?earrings,skin-dark eyes-narrow,hoops,weak"
    (tmp_path / "labels.csv").write_text(f"file,expected,group,kind,strength\n{row}\n")
    (label,) = read_labels(tmp_path, tmp_path / "labels.csv")

    assert (label.expected, label.overlooked) == (frozenset(), {"earrings"})
    assert label.groups == {"skin-dark", "eyes-narrow"}
    assert (label.kind, label.strength) == ("hoops", "weak")
    assert not label.is_clean


def test_somebodys_own_earrings_do_not_disturb_other_rules():
    photos = [
        photo(overlooked=frozenset({"ears"})),
        photo("", "ears", overlooked=frozenset({"ears"})),
        photo("", "ears"),
    ]

    assert [each.label.is_clean for each in photos] == [True, True, True]
    assert rule_row("ears", "warn", photos, limits_of()).images == 1
    assert rule_row("mouth", "reject", photos, limits_of()).images == 3


def photo(expected: str = "", *found: str, **label: object) -> EvaluatedPhoto:
    findings = tuple(Finding(rule, "reject") for rule in found)
    return EvaluatedPhoto(LabelledPhoto(Path("a.jpg"), "a.jpg", frozenset(expected.split()), **label), {}, findings)


def test_photos_of_other_rules_are_not_held_against_a_rule():
    photos = [photo(), photo("", "gaze"), photo("gaze", "gaze"), photo("gaze"), photo("sharpness", "gaze")]
    row = rule_row("gaze", "reject", photos, limits_of())

    assert (row.images, row.false, row.labelled, row.found) == (4, 1, 2, 1)
    assert total_result(photos).false == 1


def test_groups_and_kinds_are_counted_apart():
    photos = [
        photo("mouth", "mouth", kind="opened", strength="weak", groups=frozenset({"dark"})),
        photo("mouth", kind="opened", strength="weak"),
        photo("mouth", "mouth", kind="opened", strength="strong"),
        photo("", "screen", kind="far_screen", strength="weak", overlooked=frozenset({"screen"})),
    ]
    judged = Evaluation(photos, limits_of())
    opened, far = violation_kinds(judged)

    assert opened.strengths == {"weak": (1, 2), "strong": (1, 1)}
    assert (far.name, far.overlooked, far.strengths) == ("far_screen", True, {"weak": (1, 1)})
    assert judged.of_group("dark").photos == photos[:1]
    assert total_result(photos).false == 0


def test_photos_of_the_same_name_in_two_folders_are_two_photos(tmp_path):
    (tmp_path / "labels.csv").write_text("file,expected\none/a.jpg,\ntwo/a.jpg,\n")
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"one/a.jpg": None, "two/a.jpg": {"faces": 0}}))
    judged = evaluate(read_labels(tmp_path, tmp_path / "labels.csv"), limits_of(), KeptMeasures(kept))

    assert [[finding.rule for finding in photo.findings] for photo in judged.photos] == [["unreadable"], ["one_face"]]


def test_of_an_ignored_rule_real_photos_stay_and_made_ones_go(tmp_path):
    rows = ["real.jpg,too_close,", "made.jpg,too_close,close", "mouth.jpg,mouth,opened"]
    (tmp_path / "labels.csv").write_text("file,expected,kind\n" + "\n".join(rows) + "\n")
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({f"{name}.jpg": {"faces": 0} for name in ("real", "made", "mouth")}))
    labels = read_labels(tmp_path, tmp_path / "labels.csv")
    judged = evaluate(labels, limits_of(), KeptMeasures(kept), ignored=["too_close"])

    assert [(photo.label.name, photo.label.is_clean) for photo in judged.photos] == [
        ("real.jpg", True),
        ("mouth.jpg", False),
    ]


def test_labels_without_files_are_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("name\na.jpg\n")

    with pytest.raises(LabelError, match="no column 'file'"):
        read_labels(tmp_path, tmp_path / "labels.csv")

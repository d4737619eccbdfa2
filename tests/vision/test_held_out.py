"""Limits from some sets, tried on the one that was left out: made-up measures with a known answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vision.test_rules import COMPLIANT
from vision import limits_of
from vision.evaluation.held_out import Reading, chosen_limit, leave_one_set_out
from vision.evaluation.labelled_photos import EvaluatedPhoto, Evaluation, LabelledPhoto
from vision.evaluation.shares import Share


def photo(room: str, expected: str = "", **measures: object) -> EvaluatedPhoto:
    label = LabelledPhoto(Path("a.jpg"), "a.jpg", frozenset(expected.split()), set=room)
    return EvaluatedPhoto(label, {**COMPLIANT, **measures}, ())


def held_out(photos: list[EvaluatedPhoto], rule: str, **options: object) -> dict[str, tuple[float, Share, Share]]:
    rows = leave_one_set_out(Evaluation(photos, limits_of(), **options))
    return {row.set: (row.measured_limit, row.false, row.found) for row in rows if row.rule.name == rule}


def test_a_limit_lies_midway_between_the_worst_good_and_the_mildest_twentieth_of_the_bad():
    good = [Reading(False, value) for value in (1.0, 2.0)]
    bad = [Reading(True, float(value)) for value in range(4, 25)]  # 21 of them: the mildest twentieth ends at 5

    assert chosen_limit(good + bad) == pytest.approx((2.0 + 5.0) / 2)
    assert chosen_limit([*good, Reading(True, 1.5)]) == 2.0  # they overlap
    assert chosen_limit(good) is None
    assert chosen_limit(bad) is None


def test_a_set_is_judged_by_the_limit_of_the_others():
    photos = [
        photo("north", mouth_gap=0.02), photo("north", "mouth", mouth_gap=0.10),
        photo("south", mouth_gap=0.04), photo("south", mouth_gap=0.07), photo("south", "mouth", mouth_gap=0.05),
    ]  # fmt: skip
    found = held_out(photos, "mouth")

    # From the north: midway between 0.02 and 0.10. From the south, where both overlap: its worst compliant photo.
    assert found["south"] == (pytest.approx(0.06), Share(1, 2), Share(0, 1))
    assert found["north"] == (pytest.approx(0.07), Share(0, 1), Share(1, 1))


def test_a_limit_below_which_a_rule_is_broken_is_shown_as_it_is_measured():
    photos = [photo(room, "ears" if value < 0.5 else "", ear_skin=value) for room in "ab" for value in (0.2, 0.8)]
    assert held_out(photos, "ears")["a"] == (pytest.approx(0.5), Share(0, 1), Share(1, 1))


def test_photos_of_other_violations_and_rules_that_are_ignored_are_left_out():
    photos = [photo(room, label, mouth_gap=value) for room in "ab" for label, value in (("", 0.0), ("mouth", 0.1))]
    photos.append(photo("a", "gaze", mouth_gap=0.9))

    assert held_out(photos, "mouth")["a"][1:] == (Share(0, 1), Share(1, 1))
    assert held_out(photos, "mouth", ignored=frozenset({"mouth"})) == {}


def test_one_set_leaves_nothing_to_choose_from():
    assert (
        leave_one_set_out(Evaluation([photo("a", mouth_gap=0.0), photo("a", "mouth", mouth_gap=0.1)], limits_of()))
        == []
    )

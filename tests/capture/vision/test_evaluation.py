"""The figures of an evaluation, on made-up scores."""

from __future__ import annotations

import pytest

from capture.vision.evaluation import SCORES, LabelError, area_under_curve, read_labels
from capture.vision.rules import RULES


def test_area_under_curve():
    assert area_under_curve([1.0, 2.0, 3.0, 4.0], [False, False, True, True]) == 1.0
    assert area_under_curve([1.0, 3.0, 2.0, 4.0], [False, False, True, True]) == 0.75
    assert area_under_curve([1.0, 1.0], [True, False]) == 0.5
    assert area_under_curve([1.0, 2.0], [False, False]) is None
    assert area_under_curve([None, 2.0], [True, False]) is None


def test_every_measured_rule_has_a_score(checked):
    measured = {rule.name for rule in RULES if rule.check}

    assert set(SCORES) == measured
    assert all(isinstance(score(checked.measures), int | float) for score in SCORES.values())


def test_labels_may_name_several_rules_and_a_group(tmp_path):
    (tmp_path / "labels.csv").write_text("file,expected,group\na.jpg,mouth; fringe,dark\nb.jpg,,\n")
    first, second = read_labels(tmp_path, tmp_path / "labels.csv")

    assert first.expected == {"mouth", "fringe"}
    assert first.group == "dark"
    assert second.expected == frozenset()


def test_labels_without_files_are_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("name\na.jpg\n")

    with pytest.raises(LabelError, match="no column 'file'"):
        read_labels(tmp_path, tmp_path / "labels.csv")

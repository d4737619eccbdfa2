"""Which verdicts turn under a change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demo.drawn_people.person import Person
from demo.drawn_people.portrait import draw_jpeg
from vision import limits_of
from vision.evaluation.labelled_photos import EvaluatedPhoto, Evaluation, KeptMeasures, LabelledPhoto, evaluate
from vision.evaluation.shares import Share
from vision.evaluation.stability import Stability, VariedPhoto, stability
from vision.evaluation.variations import Original, Variation
from vision.verdict import Finding


def unchanged(original: Original) -> np.ndarray:
    return original.rgb


def blackened(original: Original) -> np.ndarray:
    return np.zeros_like(original.rgb)


def varied(before: str, after: str, *answers: str, room: str = "") -> VariedPhoto:
    """Findings written as "rule:outcome rule:outcome"."""

    def findings(text: str) -> tuple[Finding, ...]:
        return tuple(Finding(rule, outcome) for rule, outcome in (name.split(":") for name in text.split()))

    label = LabelledPhoto(Path("a.jpg"), "a.jpg", frozenset(), set=room)
    variation = Variation("a", True, "why", unchanged, frozenset(answers))
    return VariedPhoto(EvaluatedPhoto(label, {}, findings(before)), variation, findings(after))


def test_a_verdict_turns_when_its_colour_does():
    photo = varied("", "mouth:reject")

    assert photo.verdicts == ("green", "red")
    assert photo.has_turned
    assert photo.appeared == ["mouth:reject"]
    assert varied("ears:warn", "").vanished == ["ears:warn"]
    assert photo.is_worse
    assert not varied("ears:warn", "").is_worse
    assert not varied("ears:warn", "smile:warn").has_turned


def test_rules_that_may_answer_do_not_count():
    assert not varied("", "face_size:reject", "face_size").has_turned
    assert varied("", "face_size:reject mouth:warn", "face_size").verdicts == ("green", "amber")


def test_a_harmless_change_may_turn_two_percent():
    def row(turned: int, *, harmless: bool = True) -> Stability:
        photos = [varied("", "mouth:reject", room="a")] * turned + [varied("", "", room="b")] * (100 - turned)
        return Stability(Variation("a", harmless, "why", unchanged), photos)

    assert not row(2).is_unstable
    assert row(3).is_unstable
    assert not row(3, harmless=False).is_unstable
    assert row(3).turned == Share(3, 100)
    assert row(3).rejected == row(3).worse == 3
    assert row(3).turned_in("a") == Share(3, 3)
    assert row(3).turned_in("b") == Share(0, 97)
    assert row(3).rules()[0] == {"mouth:reject": 3}


@pytest.fixture
def judged(tmp_path) -> Evaluation:
    """A photo that keeps the rules, one that does not, and one that is no photo."""
    (tmp_path / "good.jpg").write_bytes(draw_jpeg(Person.random(3), size=(900, 1200)))
    (tmp_path / "text.jpg").write_text("no photo")
    labels = [
        LabelledPhoto(tmp_path / "good.jpg", "good.jpg", frozenset()),
        LabelledPhoto(tmp_path / "good.jpg", "other.jpg", frozenset({"mouth"})),
        LabelledPhoto(tmp_path / "text.jpg", "text.jpg", frozenset()),
    ]
    return evaluate(labels, limits_of())


def test_only_faces_that_keep_the_rules_are_changed_and_judged_again(judged):
    changes = [Variation("same", True, "nothing", unchanged), Variation("black", False, "no light", blackened)]
    told: list[tuple[int, int]] = []
    same, black = stability(judged, changes, progress=lambda *numbers: told.append(numbers))

    assert [photo.photo.label.name for photo in same.photos] == ["good.jpg"]
    assert same.turned == Share(0, 1)
    assert black.turned == Share(1, 1)
    assert black.rules()[0] == {"one_face:reject": 1}
    assert told == [(1, 1)]


def test_what_is_kept_is_not_measured_again(judged, tmp_path):
    kept = KeptMeasures(tmp_path / "kept.json")
    black = Variation("black", False, "no light", blackened)
    stability(judged, [black], kept)
    read_again = KeptMeasures(tmp_path / "kept.json")
    read_again["good.jpg#black"] = judged.photos[0].measures

    assert stability(judged, [black], read_again)[0].turned == Share(0, 1)

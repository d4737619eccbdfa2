"""A rule is one entry in one place: whatever else is needed of it is found from there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.utils.translation import override

import vision.rules
from tests.vision.test_rules import BOUNDS, COMPLIANT
from vision import BACKGROUNDS, RULES, RULES_BY_NAME, Finding, Limits, Rule, judge, limits_of
from vision.rules import FAMILIES, drawing_for, group_rules, prevents_portrait
from vision.rules.criteria import TIMES, above, below, criterion

MASKED = {"lip_redness": 0.0, "lip_distance": 2.0, "chin_hue": -90.0}
BROKEN = [
    {},
    *({name: past} for _rule, _outcome, name, _inside, past in BOUNDS),
    {"faces": 2, "other_face": 0.5, "other_boxes": [[0.1, 0.1, 0.2, 0.2]]},
    {"face_light": 20.0, "eye_white": 20.0},
    {"eye_opening": 0.47, "eye_aspect": 0.15},
    {"eye_opening": 0.2, "wider_eye": 0.7, "wider_eye_contrast": 5.0},
    {"forehead_skin": 0.3, "forehead_detail": 2.5},
    {**MASKED, "chin_distance": 30.0},
    {**MASKED, "forehead_distance": 30.0, "skin_hue": -100.0},
    {**MASKED, "skin_chroma": 7.0},
    {**MASKED, "chin_hue": 50.0, "chin_chroma": 4.0},
    {"screen": 2.0, "sharpness": 1.0},
    {"highlights": 0.1, "burnt": 0.03},
    {"glasses": 2.0, "lens_glare": 0.1, "lens_shade": 30.0},
    {"blank": 0.1, "blank_colour": 0.0, "blank_edge": 50.0},
    {"step": 20.0, "step_match": 0.0},
    {"live_relief": 0.001, "live_share": 0.02},
    {"faces": 0},
]
GEOMETRY = {"outside": 0.5, "edge": 0.5, "face_width": 240.0, "eye_line": 255.0, "hair_top": 80.0}


class Watched(dict[str, Any]):
    """Measures that remember which of them were read."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)


class WatchedLimits(Limits):
    """Limits that remember of which rules they were asked."""

    asked: set[str]

    def get(self, rule: str, name: str) -> float | None:
        self.asked.add(rule)
        return super().get(rule, name)


def watched_limits() -> WatchedLimits:
    limits = WatchedLimits(limits_of().values)
    object.__setattr__(limits, "asked", set())
    return limits


def by_name(rules: Any) -> Any:
    return pytest.mark.parametrize("rule", rules, ids=lambda rule: rule.name)


def named(measures: frozenset[str]) -> set[str]:
    return {name.format(background="blue") for name in measures}


@by_name(RULES)
def test_every_rule_has_its_words(rule: Rule):
    with override("en"):
        for words in (rule.title, rule.label, rule.sentence, rule.advice):
            assert str(words)[:1].isupper()
        assert not str(rule.label).endswith(".")


@by_name(RULES)
def test_every_rule_is_drawn(rule: Rule):
    """tests/demo/test_rule_illustrations.py looks at what is drawn."""
    found = [Finding(rule.name, "reject", 0.0, 1.0), Finding(rule.name, "warn", 1.0, 1.0)]
    for finding in found:
        assert finders.find(f"rules/{drawing_for(finding)}.svg")
        assert finders.find(f"rules/{drawing_for(finding)}-pair.svg")


def test_nobody_has_a_drawing_of_its_own():
    assert drawing_for(Finding("one_face", "reject", 0.0, 1.0)) == "nobody"
    assert drawing_for(Finding("one_face", "reject", 2.0, 1.0)) == "one_face"


@by_name(RULES)
def test_every_limit_stands_on_one_gauge_or_is_no_number(rule: Rule):
    on_criteria = [limit.name for criterion in rule.criteria for limit in criterion.limits]
    assert list(rule.limits) == (on_criteria or [rule.outcome])
    assert len(set(on_criteria)) == len(on_criteria)
    assert bool(rule.criteria) != bool(rule.outcome)
    for limit in rule.limits.values():
        assert (limit.default is None) == (not rule.criteria)
        assert limit.name not in ("reject", "warn") or limit.outcome == limit.name
        assert str(limit.text)
    assert rule.outcomes


@by_name([rule for rule in RULES if rule.is_checked])
def test_the_declared_measures_are_those_that_the_check_reads(rule: Rule):
    read: set[str] = set()
    for changes in BROKEN:
        measures = Watched({**COMPLIANT, **changes})
        rule.check(measures, limits_of())
        read |= measures.read
    declared = rule.measures.union(*(RULES_BY_NAME[name].measures for name in rule.depends_on))
    assert read == named(declared)


@by_name([rule for rule in RULES if rule.needs_portrait])
def test_a_rule_of_the_portrait_reads_its_geometry(rule: Rule):
    geometry = Watched(GEOMETRY)
    rule.check_portrait(geometry, limits_of())
    assert geometry.read == rule.measures


@by_name([rule for rule in RULES if rule.is_checked])
def test_the_declared_rules_are_those_whose_limits_the_check_asks(rule: Rule):
    limits = watched_limits()
    for changes in BROKEN:
        rule.check({**COMPLIANT, **changes}, limits)
    assert limits.asked == ({rule.name, *rule.depends_on} if rule.criteria else set())


def test_what_the_rules_read_is_measured(checked):
    read = set().union(*(named(rule.measures) for rule in RULES if rule.is_checked))
    measured_later = {
        *("face_distance", "other_face_distance", "face_answered"),  # capture.same_person.comparison
        *("live_relief", "live_share", "live_distinct"),  # capture.live.watching
    }
    assert read - measured_later <= set(checked.measures)
    for background in BACKGROUNDS:
        assert RULES_BY_NAME["clothes_background"].criteria[0].key(background) in checked.measures


def declared() -> Iterator[tuple[str, Rule]]:
    """The rules that stand in any module of the package, with the name of their variable."""
    for module in pkgutil.iter_modules(vision.rules.__path__, "vision.rules."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Rule):
                yield name, value


def test_every_declared_rule_is_asked_under_its_own_name():
    found = dict(declared())
    assert set(found) == set(RULES_BY_NAME)
    assert all(RULES_BY_NAME[name] is rule for name, rule in found.items())


def test_every_family_has_rules_and_every_rule_is_shown_once():
    shown = [rule.name for _title, rules in group_rules() for rule in rules]
    assert sorted(shown) == sorted(RULES_BY_NAME)
    assert [str(title) for title, _rules in group_rules()] == [str(family.title) for family in FAMILIES]
    with override("en"):
        groups = {str(title): [rule.name for rule in rules] for title, rules in group_rules()}
    assert groups["Framing"][-1] == "too_close"
    assert groups["Re-shot and beautified photos: only a person may lock"][-4:] == [
        "duplicate",
        "same_person",
        "same_face",
        "live",
    ]


def test_a_new_rule_needs_nothing_but_its_entry(monkeypatch):
    """LimitDeclaration with a criterion it is judged, scored and shown in its words."""
    nose = Rule(
        "nose",
        title="Nose straight",
        label="Nose crooked",
        sentence="The nose is crooked.",
        advice="Straighten it.",
        criteria=(criterion("Bend", TIMES, "nose", reject=above(2), low=below(-1, "warn")),),
    )
    monkeypatch.setattr(vision.rules, "RULES", (*RULES, nose))
    monkeypatch.setitem(RULES_BY_NAME, "nose", nose)
    limits = Limits({**limits_of().values, "nose": nose.defaults})

    assert judge({**COMPLIANT, "nose": 3.0}, limits).findings == (Finding("nose", "reject", 3.0, 2),)
    assert judge({**COMPLIANT, "nose": -2}, limits).findings == (Finding("nose", "warn", -2, -1),)
    assert judge({**COMPLIANT, "nose": None}, limits).findings == ()
    assert nose.violation_score({"faces": 1, "nose": 3.0}, background="blue") == 3.0
    assert vision.rules.sentence_for(Finding("nose", "reject")) == "The nose is crooked."


def test_only_what_a_person_can_confirm_locks():
    assert {rule.name for rule in RULES if rule.can_lock} == {"screen", "print_edge", "beautified", "live"}
    assert all("reject" not in rule.limits for rule in RULES if rule.can_lock)


def test_what_prevents_a_portrait():
    assert prevents_portrait(Finding("unreadable", "reject"))
    assert prevents_portrait(Finding("too_close", "reject", 0.3, 0.04))
    assert prevents_portrait(Finding("one_face", "reject", 0.0, 1.0))
    assert not prevents_portrait(Finding("one_face", "reject", 2.0, 1.0))
    assert not prevents_portrait(Finding("a rule of an older engine", "reject"))

"""The same verdict from what is stored as from the picture, and another one under other limits."""

import pytest

import vision
from capture.judging import replay
from demo import drawn_people

VIOLATIONS = (None, "eyes", "mouth", "roll", "blue_top", "sharpness", "screen", "one_face", "side_light")


def shot(violation: str | None) -> bytes:
    return drawn_people.draw_jpeg(drawn_people.Person.random(3), violation, size=(900, 1200))


@pytest.fixture(scope="module")
def pictures() -> dict:
    """{violation: (measures, geometry, findings)} of drawn photos, the portrait made where nothing is rejected."""
    found = {}
    for violation in VIOLATIONS:
        checked = vision.check(shot(violation))
        findings, geometry = checked.verdict.findings, {}
        if not checked.verdict.is_rejected:
            portrait = vision.make_portrait(checked.source, checked.measures)
            geometry = portrait.geometry
            findings = (*findings, *portrait.findings)
        found[violation] = (checked.measures, geometry, findings)
    return found


def test_the_same_limits_give_the_same_findings(pictures):
    for measures, geometry, findings in pictures.values():
        again = replay.replay_findings(measures, geometry, findings, vision.limits_of())
        assert {(f.rule, f.outcome, f.value) for f in again} == {(f.rule, f.outcome, f.value) for f in findings}


def test_other_limits_give_other_findings(pictures):
    measures, geometry, findings = pictures["eyes"]
    off = dict.fromkeys(vision.DEFAULTS["eyes"])
    again = replay.replay_findings(measures, geometry, findings, vision.limits_of({"eyes": off}))
    assert "eyes" in {f.rule for f in findings}
    assert "eyes" not in {f.rule for f in again}
    assert replay.differ_in_outcome(findings, again)


def test_only_the_rules_asked_for_are_asked_again(pictures):
    measures, geometry, findings = pictures["eyes"]
    strict = vision.limits_of(
        {"eyes": {"reject": None, "warn": None, "aspect": None}, "roll": {"reject": 0, "warn": None}}
    )
    again = replay.replay_findings(measures, geometry, findings, strict, rules={"roll"})
    assert {"eyes", "roll"} <= {f.rule for f in again}


def test_the_outline_is_replayed_from_the_stored_grade(pictures):
    measures, geometry, findings = pictures[None]
    strict = vision.limits_of({"edge": {"warn": 0.0}})
    assert "edge" in {f.rule for f in replay.replay_findings(measures, geometry, findings, strict)}
    stored = vision.Finding("edge", "warn", 0.3, 0.15)
    older = {name: value for name, value in geometry.items() if name != "edge"}
    assert stored in replay.replay_findings(measures, older, [stored], vision.limits_of())


def test_what_no_rule_finds_stays_as_it_was_found(pictures):
    measures, geometry, _findings = pictures[None]
    duplicate = vision.Finding("duplicate", "warn")
    assert duplicate in replay.replay_findings(measures, geometry, [duplicate], vision.limits_of())
    unreadable = (vision.Finding("unreadable", "reject"),)
    assert replay.replay_findings({}, {}, unreadable, vision.limits_of()) == unreadable


def test_a_measure_that_an_older_engine_did_not_take_leaves_its_finding(pictures):
    measures, geometry, _findings = pictures[None]
    older = {name: value for name, value in measures.items() if name != "lip_distance"} | {"lip_redness": 0.0}
    mask = vision.Finding("mask", "reject", 0.0, 2.5)
    assert mask in replay.replay_findings(older, geometry, [mask], vision.limits_of())
    framing = vision.Finding("framing", "warn")
    assert framing in replay.replay_findings(measures, {"crop": {}}, [framing], vision.limits_of())


def test_a_rule_is_asked_again_when_the_limits_change_that_it_asks():
    assert replay.affected_rules(["roll"]) == {"roll"}
    assert replay.affected_rules(["sharpness"]) == {
        "sharpness",
        "screen",
        "beautified",
        "head_cover",
        "fringe",
        "blue_top",
    }
    assert replay.affected_rules(["mask", "roll"]) == {"mask", "fringe", "beautified", "colour", "roll"}
    assert replay.affected_rules([]) == set()

"""The verdict on a photo under other limits, from its stored measures: no picture is opened.

Findings that do not come from measures are kept: an unreadable file, or a likeness to another
student's photo.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import vision
from capture.judging import excuses, limits
from capture.models import Finding, LimitSet, Photo

# Rules that are checked with the stored geometry of the portrait.
IN_PORTRAIT = {rule.name for rule in vision.RULES if rule.needs_portrait}
Answers = dict[str, vision.Finding | None]  # {rule: its finding, or None when nothing is wrong}
ORDER = {rule: place for place, rule in enumerate(vision.RULE_NAMES)}


def affected_rules(rules: Iterable[str]) -> set[str]:
    """The rules whose findings may change when the limits of `rules` change."""
    changed = set(rules)
    return {rule.name for rule in vision.RULES if changed & {rule.name, *rule.depends_on}}


def to_vision_findings(rows: Iterable[Finding]) -> tuple[vision.Finding, ...]:
    return tuple(
        vision.Finding(row.rule, _outcome(row), row.value, row.limit, tuple(tuple(mark) for mark in row.marks))
        for row in rows
    )


def _outcome(row: Finding) -> Any:
    return "reject" if row.outcome == Finding.Outcome.REJECT else "warn"


def replay_photo(photo: Photo, bounds: vision.Limits) -> tuple[vision.Finding, ...]:
    """The findings of a photo under `bounds`. Uses prefetched findings."""
    before = to_vision_findings(photo.findings.all())
    return replay_findings(photo.measures, photo.geometry, before, bounds, excused=photo.excuses)


def replay_findings(
    measures: Mapping[str, Any],
    geometry: Mapping[str, Any],
    before: Iterable[vision.Finding],
    bounds: vision.Limits,
    rules: Collection[str] | None = None,
    *,
    excused: excuses.Excuses | None = None,
) -> tuple[vision.Finding, ...]:
    """The findings under `bounds`.

    `before`: the stored findings; `rules`: check only these again (default: all); `excused`: what
    was excused when the photo was judged.
    """
    wanted = set(vision.RULE_NAMES if rules is None else rules)
    answers = _check_measures(dict(measures), bounds, wanted)
    in_portrait = _check_portrait(geometry, bounds, wanted & IN_PORTRAIT)
    found = [finding for finding in before if finding.rule not in {*answers, *in_portrait}]
    found += [finding for finding in answers.values() if finding]
    known = {finding.rule for finding in found}  # too_close, for example, may follow from the measures already
    found += [finding for rule, finding in in_portrait.items() if finding and rule not in known]
    return tuple(sorted(excuses.excuse(found, excused or {}), key=lambda finding: ORDER.get(finding.rule, len(ORDER))))


def excused_findings(photo: Photo) -> tuple[vision.Finding, ...]:
    """What those rules say that a confirmed exemption takes off this photo, under the limits that it
    was judged under."""
    rules = {rule for rule, effect in photo.excuses.items() if effect == excuses.OFF}
    if not rules:
        return ()
    limit_set = photo.limit_set or LimitSet(season=photo.season, number=0)
    bounds = limits.bounds(limit_set, background=photo.background or photo.season.background)
    return replay_findings(photo.measures, photo.geometry, (), bounds, rules)


def _check_portrait(geometry: Mapping[str, Any], bounds: vision.Limits, rules: Collection[str]) -> Answers:
    """Check the portrait by its geometry.

    A rule has no answer if an older engine did not store its number.
    """
    answers: Answers = {}
    for name in rules:
        rule = vision.RULES_BY_NAME[name]
        if not all(criterion.measure in geometry for criterion in rule.criteria):
            continue
        try:
            answers[name] = rule.check_portrait(geometry, bounds)
        except KeyError:
            continue
    return answers


def _check_measures(measures: dict[str, Any], bounds: vision.Limits, rules: Collection[str]) -> Answers:
    """Like `vision.judge`, for some rules.

    A rule has no answer if an older engine did not store its measure.
    """
    answers: Answers = {}
    if not measures:
        return answers
    has_face = bool(measures.get("faces", 0))
    for name in rules:
        rule = vision.RULES_BY_NAME.get(name)
        if rule is None or not rule.is_checked:
            continue
        try:
            answers[name] = rule.check(measures, bounds) if has_face or not rule.needs_face else None
        except (KeyError, TypeError):
            continue
    return answers


def differ_in_outcome(one: Iterable[vision.Finding], other: Iterable[vision.Finding]) -> bool:
    """Whether two verdicts have different rules or outcomes."""
    return {(f.rule, f.outcome) for f in one} != {(f.rule, f.outcome) for f in other}


def differ_in_numbers(one: Iterable[vision.Finding], other: Iterable[vision.Finding]) -> bool:
    """Whether two verdicts differ in rules, outcomes, values or limits: people would read another
    text."""
    return {(f.rule, f.outcome, f.value, f.limit) for f in one} != {
        (f.rule, f.outcome, f.value, f.limit) for f in other
    }

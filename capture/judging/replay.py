"""A verdict once more under other limits, from what is stored: no picture is opened.

What a replay cannot find stays as it was found: a file that could not be read, and what other steps than the rules
wrote down (the same picture under two students, say).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import vision
from capture.models import Finding, Photo

# Found in the portrait, from its stored geometry, once there is one.
IN_PORTRAIT = {rule.name for rule in vision.RULES if rule.needs_portrait}
Answers = dict[str, vision.Finding | None]
ORDER = {rule: place for place, rule in enumerate(vision.RULE_NAMES)}


def affected(rules: Iterable[str]) -> set[str]:
    """The rules that may decide otherwise when the limits of `rules` change."""
    changed = set(rules)
    return {rule.name for rule in vision.RULES if changed & {rule.name, *rule.depends_on}}


def stored_findings(rows: Iterable[Finding]) -> tuple[vision.Finding, ...]:
    return tuple(
        vision.Finding(row.rule, _outcome(row), row.value, row.limit, tuple(tuple(mark) for mark in row.marks))
        for row in rows
    )


def _outcome(row: Finding) -> Any:
    return "reject" if row.outcome == Finding.Outcome.REJECT else "warn"


def of_photo(photo: Photo, bounds: vision.Limits) -> tuple[vision.Finding, ...]:
    """Everything that is found in a photo under `bounds`. Uses prefetched findings."""
    return findings(photo.measures, photo.geometry, stored_findings(photo.findings.all()), bounds)


def findings(
    measures: Mapping[str, Any],
    geometry: Mapping[str, Any],
    before: Iterable[vision.Finding],
    bounds: vision.Limits,
    rules: Collection[str] | None = None,
) -> tuple[vision.Finding, ...]:
    """What is found under `bounds` where `before` was found; only `rules` are asked again, if given."""
    wanted = set(vision.RULE_NAMES if rules is None else rules)
    answers = _ask(dict(measures), bounds, wanted)
    seen = _look(geometry, bounds, wanted & IN_PORTRAIT)
    found = [finding for finding in before if finding.rule not in {*answers, *seen}]
    found += [finding for finding in answers.values() if finding]
    known = {finding.rule for finding in found}  # such as too_close, which the measures foretell
    found += [finding for rule, finding in seen.items() if finding and rule not in known]
    return tuple(sorted(found, key=lambda finding: ORDER.get(finding.rule, len(ORDER))))


def _look(geometry: Mapping[str, Any], bounds: vision.Limits, rules: Collection[str]) -> Answers:
    """What is found in the portrait. A rule whose number an older engine did not store has no answer."""
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


def _ask(measures: dict[str, Any], bounds: vision.Limits, rules: Collection[str]) -> Answers:
    """As `vision.judge`, of some rules. One whose measure an older engine did not take has no answer."""
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


def differ(one: Iterable[vision.Finding], other: Iterable[vision.Finding]) -> bool:
    """Whether two verdicts find different things."""
    return {(f.rule, f.outcome) for f in one} != {(f.rule, f.outcome) for f in other}


def reads_differently(one: Iterable[vision.Finding], other: Iterable[vision.Finding]) -> bool:
    """Whether two verdicts would be told with other words or numbers."""
    return {(f.rule, f.outcome, f.value, f.limit) for f in one} != {
        (f.rule, f.outcome, f.value, f.limit) for f in other
    }

"""The rules of the photo check, in the order of the official photo rules, and the judgement by
them.

A rule is one `Rule` in the module of its family. Its check, measures, limits, texts and score stand
only there. The defaults are the limits that separated best in measurements (docs/judging.md); a
season may change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vision.rules.clothes import CLOTHES
from vision.rules.cover import COVER
from vision.rules.criteria import Criterion, Limit, Limits, Unit
from vision.rules.expression import EXPRESSION
from vision.rules.file import FILE
from vision.rules.head import FRAMING
from vision.rules.integrity import INTEGRITY
from vision.rules.light import LIGHT
from vision.rules.rule import Family, Numbers, Rule
from vision.verdict import Finding, Verdict

FAMILIES: tuple[Family, ...] = (FRAMING, LIGHT, EXPRESSION, COVER, CLOTHES, INTEGRITY, FILE)
RULES: tuple[Rule, ...] = tuple(rule for family in FAMILIES for rule in family.rules)
RULE_NAMES: tuple[str, ...] = tuple(rule.name for rule in RULES)
RULES_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
DEFAULTS = {rule.name: rule.defaults for rule in RULES}

LEFT_TO_REVIEWER = (
    _("Earrings and other ornaments"),
    _("Thin necklaces, necklaces of beads"),
    _("Coloured contact lenses"),
    _("Frames of glasses over the eyes"),
    _("Displays mirrored in glasses"),
    _("Hair over the ears"),
    _("Hair bands and small caps in the colours of hair"),
    _("Enlarged eyes and slimmed faces"),
    _("Displays photographed from afar, prints without a border in view"),
)
"""What no rule can see yet: shown to the reviewer, claimed for nobody."""


def group_rules() -> list[tuple[Any, list[Rule]]]:
    """Every rule once, grouped by the title of the family that it is shown with."""
    shown = {family: [rule for rule in RULES if _group(rule) is family] for family in FAMILIES}
    return [(family.title, rules) for family, rules in shown.items()]


def _group(rule: Rule) -> Family:
    return rule.group or next(family for family in FAMILIES if rule in family.rules)


def limits_of(changes: Mapping[str, Mapping[str, float | None]] | None = None, *, background: str = "blue") -> Limits:
    """The defaults with `changes` over them.

    Raises ValueError for an unknown rule, an unknown limit or a value that is no number.
    """
    merged = {rule: dict(limits) for rule, limits in DEFAULTS.items()}
    for rule, limits in (changes or {}).items():
        for name, value in limits.items():
            if name not in merged.get(rule, {}):
                raise ValueError(f"unknown limit {rule}.{name}")
            merged[rule][name] = None if value is None else float(value)
    return Limits(merged, background)


def judge(measures: Numbers, limits: Limits | None = None) -> Verdict:
    """Pure: the same measures and limits give the same verdict. No picture is needed."""
    limits = limits or limits_of()
    has_face = bool(measures.get("faces", 0))
    found = [rule.check(measures, limits) for rule in RULES if has_face or not rule.needs_face]
    return Verdict(tuple(finding for finding in found if finding))


def judge_portrait(geometry: Numbers, limits: Limits) -> tuple[Finding, ...]:
    """The findings that only the portrait shows, from its geometry."""
    found = [rule.check_portrait(geometry, limits) for rule in RULES]
    return tuple(finding for finding in found if finding)


def criterion_values(measures: Numbers, geometry: Numbers) -> dict[str, Any]:
    """The values that the criteria read: the measures of a photo, and values that only the geometry
    of its portrait has.
    """
    return {**measures, **{name: geometry.get(name) for name in _ONLY_IN_PORTRAIT}}


_ONLY_IN_PORTRAIT = [
    criterion.measure for rule in RULES if rule.needs_portrait and not rule.is_checked for criterion in rule.criteria
]


def rule_label(rule: str) -> Any:
    """What is wrong when this rule is broken, in two or three words. For a rule that this release does not have: its
    name.
    """
    return RULES_BY_NAME[rule].label if rule in RULES_BY_NAME else rule


def sentence_for(finding: Finding) -> str:
    """What is wrong, in the active language. A finding may be of a newer release, or of a rule that is gone."""
    rule = RULES_BY_NAME.get(finding.rule)
    return (
        str(rule.text_for(finding).sentence)
        if rule
        else gettext("Judged by a rule unknown here: %(rule)s.") % {"rule": finding.rule}
    )


def advice_for(finding: Finding) -> str:
    """What to do about it, in the active language."""
    rule = RULES_BY_NAME.get(finding.rule)
    return (
        str(rule.text_for(finding).advice) if rule else gettext("Take the photo again, or ask a person to look at it.")
    )


def drawing_for(finding: Finding) -> str:
    """The name of the drawing under static/rules/ that shows what is wrong."""
    rule = RULES_BY_NAME.get(finding.rule)
    return (rule and (rule.text_for(finding).drawing or rule.drawing)) or finding.rule


def prevents_portrait(finding: Finding) -> bool:
    """Whether no portrait can be made: no picture, nobody in it, or too little of the person."""
    rule = RULES_BY_NAME.get(finding.rule)
    return rule is not None and rule.text_for(finding).prevents_portrait


__all__ = [
    "DEFAULTS",
    "FAMILIES",
    "LEFT_TO_REVIEWER",
    "RULES",
    "RULES_BY_NAME",
    "RULE_NAMES",
    "Criterion",
    "Family",
    "Limit",
    "Limits",
    "Rule",
    "Unit",
    "advice_for",
    "criterion_values",
    "drawing_for",
    "group_rules",
    "judge",
    "judge_portrait",
    "limits_of",
    "prevents_portrait",
    "rule_label",
    "sentence_for",
]

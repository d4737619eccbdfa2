"""Findings as a person reads them: the sentence, the advice, the drawing of the rule, and the place
in the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders

import vision
from capture.judging import replay
from capture.models import Finding, Photo
from vision import rules

REASONS_SHOWN = 3
POINT = 0.05  # a point is shown as a box of this part of the picture's width
Reason = tuple[str, float | None, float | None]  # rule, value, limit
ORDER = {rule: place for place, rule in enumerate(vision.RULE_NAMES)}


@dataclass(frozen=True)
class Explanation:
    """One finding as text.

    `boxes`: (x, y, width, height), each 0 to 1 of the size of the upright original.
    `drawing`: the static file that shows the rule; empty when there is none.
    """

    rule: str
    outcome: str
    title: str
    sentence: str
    advice: str
    value: float | None
    limit: float | None
    unit: vision.Unit
    boxes: tuple[tuple[float, float, float, float], ...]
    drawing: str

    @property
    def is_reject(self) -> bool:
        return self.outcome == Finding.Outcome.REJECT

    @property
    def is_forbidden(self) -> bool:
        """Whether a reviewer who agrees with the finding should lock the student's account."""
        rule = vision.RULES_BY_NAME.get(self.rule)
        return rule is not None and rule.can_lock


@cache
def drawing_path(rule: str) -> str:
    """The path of a rule's drawing below static/; empty when there is none."""
    path = f"rules/{rule}.svg"
    return path if finders.find(path) else ""


def explain_photo(photo: Photo) -> list[Explanation]:
    """Every finding of a photo: rejections first, then in the order of the rules.

    Uses prefetched findings.
    """
    return [explain_finding(row, photo) for row in _in_order(photo)]


def titles(photo: Photo) -> list[str]:
    """What was found, for a list: needs the findings alone, not what was measured."""
    return [str(vision.rule_label(row.rule)) for row in _in_order(photo)]


def explain_to_student(photo: Photo) -> list[Explanation]:
    """The same without what the student's own exemption concerns: nobody is told to open an eye that
    is not there."""
    return [item for item in explain_photo(photo) if item.rule not in photo.excuses]


def _in_order(photo: Photo) -> list[Finding]:
    return sorted(photo.findings.all(), key=lambda row: (row.outcome, ORDER.get(row.rule, 99)))


def explain_excused(photo: Photo) -> list[Explanation]:
    """What a confirmed exemption takes off the verdict on a photo: its reviewer still sees it."""
    return [_explain(found, found.marks, photo) for found in replay.excused_findings(photo)]


def explain_finding(row: Finding, photo: Photo) -> Explanation:
    return _explain(to_vision_finding(row), row.marks, photo)


def _explain(found: vision.Finding, marks: Iterable[Any], photo: Photo) -> Explanation:
    return Explanation(
        rule=found.rule,
        outcome=found.outcome,
        title=str(vision.rule_label(found.rule)),
        sentence=vision.sentence_for(found),
        advice=vision.advice_for(found),
        value=found.value,
        limit=found.limit,
        unit=_unit_of(found, photo),
        boxes=tuple(_box(mark, photo) for mark in marks),
        drawing=drawing_path(rules.drawing_for(found)),
    )


def _unit_of(found: vision.Finding, photo: Photo) -> vision.Unit:
    """The unit of the measure that was found: a rule may have several. None of a rule of another release."""
    rule = vision.RULES_BY_NAME.get(found.rule)
    criteria = rule.criteria if rule else ()
    if found.value is None or len(criteria) < 2:
        return criteria[0].unit if criteria else vision.Unit()
    numbers = rules.criterion_values(photo.measures, photo.geometry)
    read = ((one, one.read(numbers, background=photo.background)) for one in criteria)
    return next((one.unit for one, value in read if value == found.value), criteria[0].unit)


def to_vision_finding(row: Finding) -> vision.Finding:
    return vision.Finding(row.rule, "reject" if row.outcome == Finding.Outcome.REJECT else "warn", row.value, row.limit)


def rejection_parameters(found: Iterable[Reason]) -> list[list[Any]]:
    """At most three of what rejects a photo, to be stored with a notification."""
    rows = sorted(found, key=lambda reason: ORDER.get(reason[0], 99))
    return [list(row) for row in rows[:REASONS_SHOWN]]


def describe_rejections(stored: list[list[Any]]) -> str:
    """The text of what `rejection_parameters` gave: a sentence and an advice a line, in the active
    language."""
    found = [vision.Finding(rule, "reject", value, limit) for rule, value, limit in stored]
    return "\n".join(f"{vision.sentence_for(finding)} {vision.advice_for(finding)}" for finding in found)


def marks(explained: Iterable[Explanation], *, is_numbered: bool = False) -> list[dict[str, Any]]:
    """One entry a box, for the template tag `marks`.

    `is_numbered`: the page lists the findings with numbers, so each box carries the number of its
    finding, if there are several findings.
    """
    items = list(explained)
    is_numbered = is_numbered and len(items) > 1
    return [
        {"outcome": item.outcome, "box": box, "is_round": box[2] == POINT, "number": number if is_numbered else None}
        for number, item in enumerate(items, 1)
        for box in item.boxes
    ]


def _box(mark: Any, photo: Photo) -> tuple[float, float, float, float]:
    kind, *numbers = mark
    if kind == "box":
        left, top, right, bottom = numbers
        return left, top, right - left, bottom - top
    x, y = numbers
    high = POINT * photo.width / photo.height if photo.height else POINT
    return x - POINT / 2, y - high / 2, POINT, high

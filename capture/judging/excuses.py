"""What a student's exemption changes in a verdict: this is the only place that applies it.

While the exemption is only declared, its rules warn instead of rejecting, so that a reviewer decides
photo and exemption together. Once confirmed, they say nothing. The excuses are stored with the
verdict, so that a replay gives the same one.
"""

import dataclasses
from collections.abc import Iterable, Mapping

import vision
from capture.models import Exemption
from students.models import Student

Excuses = Mapping[str, str]
"""{rule: WARN or OFF}."""
WARN, OFF = "warn", "off"
EFFECT = {Exemption.Status.DECLARED: WARN, Exemption.Status.CONFIRMED: OFF}


def of_student(student: Student) -> dict[str, str]:
    """The excuses that apply to the student's photos now."""
    row = Exemption.objects.filter(student=student).first()
    effect = EFFECT.get(Exemption.Status(row.status)) if row else None
    return dict.fromkeys(row.rules, effect) if row and effect else {}


def excuse(findings: Iterable[vision.Finding], excuses: Excuses) -> tuple[vision.Finding, ...]:
    """The findings that remain."""
    return tuple(
        dataclasses.replace(finding, outcome="warn") if excuses.get(finding.rule) == WARN else finding
        for finding in findings
        if excuses.get(finding.rule) != OFF
    )

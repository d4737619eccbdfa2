"""How often each rule is right on labelled photos: the numbers behind every limit."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import networks
from .errors import Unreadable
from .measures import Measures, measure
from .rules import RULES, judge
from .source import open_photo
from .verdict import Finding, Limits

OUTCOMES = ("reject", "warn")


class LabelError(Exception):
    """The labels file cannot be used; the message says why."""


@dataclass(frozen=True)
class Labelled:
    """`expected` are the rules that this photo breaks."""

    path: Path
    expected: frozenset[str]
    group: str = ""


@dataclass(frozen=True)
class Row:
    """One rule and outcome over all photos. `false` counts findings that were not expected (for warnings too)."""

    rule: str
    outcome: str
    images: int
    false: int
    labelled: int
    found: int
    limit: float | None = None
    auc: float | None = None


@dataclass(frozen=True)
class Judged:
    """Per photo the label and the findings; rows per rule; rejects per group."""

    photos: list[tuple[Labelled, tuple[Finding, ...]]]
    rows: list[Row] = field(default_factory=list)
    groups: dict[str, Row] = field(default_factory=dict)


def read_labels(directory: Path, labels: Path) -> list[Labelled]:
    """labels: a CSV with the columns file, expected (rules, separated by spaces or semicolons) and, if wanted, group."""
    with labels.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or "file" not in rows[0]:
        raise LabelError(f"{labels} has no column 'file'")
    known = {rule.name for rule in RULES}
    labelled = []
    for row in rows:
        expected = frozenset((row.get("expected") or "").replace(";", " ").split())
        if expected - known:
            raise LabelError(f"{row['file']}: unknown rule {', '.join(sorted(expected - known))}")
        labelled.append(Labelled(directory / row["file"], expected, row.get("group") or ""))
    return labelled


def evaluate(labelled: Iterable[Labelled], limits: Limits) -> Judged:
    networks.warm_up()
    photos = [(label, judge_file(label.path, limits)) for label in labelled]
    rows = [_row(rule.name, outcome, photos, limits) for rule in RULES for outcome in rule.outcomes]
    groups = {
        name: _total([p for p in photos if p[0].group == name]) for name in sorted({p[0].group for p in photos} - {""})
    }
    return Judged(photos, rows, groups)


def judge_file(path: Path, limits: Limits) -> tuple[Finding, ...]:
    try:
        measures: Measures = measure(open_photo(path))
    except Unreadable:
        return (Finding("unreadable", "reject"),)
    return judge(measures, limits).findings


def total(judged: Judged) -> Row:
    """All rejecting rules together: photos without a label for a rejecting rule that were rejected all the same."""
    return _total(judged.photos)


def _total(photos: list[tuple[Labelled, tuple[Finding, ...]]]) -> Row:
    rejecting = {rule.name for rule in RULES if "reject" in rule.outcomes}
    labelled = [(label, found) for label, found in photos if label.expected & rejecting]
    clean = [found for label, found in photos if not label.expected & rejecting]
    return Row(
        "all rejecting",
        "reject",
        len(photos),
        sum(map(_rejects, clean)),
        len(labelled),
        sum(_rejects(f) for _, f in labelled),
    )


def _rejects(findings: tuple[Finding, ...]) -> bool:
    return any(finding.outcome == "reject" for finding in findings)


def _row(name: str, outcome: str, photos: list[tuple[Labelled, tuple[Finding, ...]]], limits: Limits) -> Row:
    """A rejection counts as a found warning too: the student hears of it either way."""
    wanted = {outcome} if outcome == "reject" else set(OUTCOMES)
    fired = [any(f.rule == name and f.outcome in wanted for f in found) for _, found in photos]
    expected = [name in label.expected for label, _ in photos]
    found = sum(f and e for f, e in zip(fired, expected, strict=True))
    return Row(name, outcome, len(photos), sum(fired) - found, sum(expected), found, limits.get(name, outcome))

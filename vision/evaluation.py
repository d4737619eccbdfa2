"""How often each rule is right on labelled photos: the numbers behind every limit."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from vision import networks
from vision.errors import Unreadable
from vision.measures import Measures, measure
from vision.rules import RULES, RULES_BY_NAME, Limits, judge
from vision.source import open_photo
from vision.verdict import Finding

OUTCOMES = ("reject", "warn")
OVERLOOKED, ONLY_WARNED = "?", ":warn"


class LabelError(Exception):
    """The labels file cannot be used; the message says why."""


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and what its labels say. `name` is the file with its folders, as the labels write it.

    `expected` are the rules that the photo breaks. `warned` are those of them for which a warning
    is enough. `overlooked` are violations (rules or other names) that the engine does not claim to
    see. `kind` and `strength` say how a violation was made.
    """

    path: Path
    name: str
    expected: frozenset[str]
    warned: frozenset[str] = frozenset()
    overlooked: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    kind: str = ""
    strength: str = ""

    @property
    def is_clean(self) -> bool:
        """True when the photo breaks no rule that the engine judges. A real person with earrings
        counts as clean; a photo with a made violation does not.
        """
        return not self.expected and not (self.overlooked and self.kind)


@dataclass(frozen=True)
class RuleResult:
    """One rule and outcome over some photos. `false` counts findings, warnings too, that no label
    expects.
    """

    rule: str
    outcome: str
    images: int
    false: int
    labelled: int
    found: int
    limit: float | None = None
    auc: float | None = None


@dataclass(frozen=True)
class ViolationKind:
    """One way of breaking a rule. `strengths` maps each strength to (found, photos), in order of
    appearance.
    """

    name: str
    rule: str
    overlooked: bool
    strengths: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class EvaluatedPhoto:
    """One labelled photo with its measures and findings. The measures are empty when the file could
    not be opened.
    """

    label: LabelledPhoto
    measures: Measures
    findings: tuple[Finding, ...]

    @property
    def is_rejected(self) -> bool:
        return any(finding.outcome == "reject" for finding in self.findings)

    def breaks(self, rule: str, outcomes: Iterable[str] = OUTCOMES) -> bool:
        return any(finding.rule == rule and finding.outcome in outcomes for finding in self.findings)


@dataclass(frozen=True)
class Evaluation:
    """The evaluated photos, and one row for each rule and outcome over all of them."""

    photos: list[EvaluatedPhoto]
    limits: Limits
    rows: list[RuleResult] = field(default_factory=list)


def read_labels(directory: Path, labels: Path) -> list[LabelledPhoto]:
    """Read a CSV with the columns file and expected; group, kind and strength are optional.

    expected: rule names, separated by spaces or semicolons. "colour:warn" means that a warning is
    enough, "?earrings" that the violation is left to the reviewer. group: names separated by
    spaces. Raises LabelError.
    """
    with labels.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or "file" not in rows[0]:
        raise LabelError(f"{labels} has no column 'file'")
    return [_label(directory, row) for row in rows]


def _label(directory: Path, row: dict[str, str]) -> LabelledPhoto:
    names = (row.get("expected") or "").replace(";", " ").split()
    warned = frozenset(name.removesuffix(ONLY_WARNED) for name in names if name.endswith(ONLY_WARNED))
    expected = frozenset(name.removesuffix(ONLY_WARNED) for name in names if not name.startswith(OVERLOOKED))
    unknown = expected - {rule.name for rule in RULES}
    if unknown:
        raise LabelError(f"{row['file']}: unknown rule {', '.join(sorted(unknown))}")
    overlooked = frozenset(name.removeprefix(OVERLOOKED) for name in names if name.startswith(OVERLOOKED))
    groups = frozenset((row.get("group") or "").split())
    kind, strength = row.get("kind") or "", row.get("strength") or ""
    return LabelledPhoto(directory / row["file"], row["file"], expected, warned, overlooked, groups, kind, strength)


def evaluate(labelled: Iterable[LabelledPhoto], limits: Limits, kept: Path | None = None) -> Evaluation:
    """Measure and judge every photo.

    `kept` is a JSON file of measures by file name. Photos in it are not measured again, and new
    measures are added to it, so that other limits can be tried in seconds. The file does not record
    the engine version: delete it when the engine changes.
    """
    labels = list(labelled)
    measured = json.loads(kept.read_text()) if kept and kept.exists() else {}
    networks.warm_up()
    for label in labels:
        if label.name not in measured:
            measured[label.name] = measure_file(label.path)
    if kept:
        kept.write_text(json.dumps(measured))
    photos = [evaluate_photo(label, measured[label.name], limits) for label in labels]
    rows = [rule_row(rule.name, outcome, photos, limits) for rule in RULES for outcome in rule.outcomes]
    return Evaluation(photos, limits, rows)


def measure_file(path: Path) -> Measures | None:
    """The measures of a file, or None when it cannot be opened."""
    try:
        return measure(open_photo(path))
    except Unreadable:
        return None


def evaluate_photo(label: LabelledPhoto, measures: Measures | None, limits: Limits) -> EvaluatedPhoto:
    if measures is None:
        return EvaluatedPhoto(label, {}, (Finding("unreadable", "reject"),))
    return EvaluatedPhoto(label, measures, judge(measures, limits).findings)


def total_result(photos: list[EvaluatedPhoto]) -> RuleResult:
    """All rejecting rules together. `false` counts clean photos that were rejected."""
    rejecting = {rule.name for rule in RULES if "reject" in rule.outcomes}
    labelled = [photo for photo in photos if (photo.label.expected - photo.label.warned) & rejecting]
    clean = [photo for photo in photos if photo.label.is_clean]
    false, found = (sum(photo.is_rejected for photo in part) for part in (clean, labelled))
    return RuleResult("all rejecting", "reject", len(clean) + len(labelled), false, len(labelled), found)


def group_names(judged: Evaluation) -> list[str]:
    return sorted(frozenset().union(*(photo.label.groups for photo in judged.photos)))


def photos_of_group(judged: Evaluation, group: str) -> list[EvaluatedPhoto]:
    return [photo for photo in judged.photos if group in photo.label.groups]


def rule_row(name: str, outcome: str, photos: list[EvaluatedPhoto], limits: Limits) -> RuleResult:
    """Results of one rule and outcome, over the photos that are labelled with the rule and the
    clean ones.

    Photos with other violations are left out: a blurred photo may well read as gazing aside. A
    rejection counts as a found warning too, because the student reads about it in both cases.
    """
    asked = [photo for photo in photos if outcome == "warn" or name not in photo.label.warned]
    counted = [photo for photo in asked if name in photo.label.expected or _is_compliant(photo, name)]
    wanted = {outcome} if outcome == "reject" else set(OUTCOMES)
    fired = [photo.breaks(name, wanted) for photo in counted]
    expected = [name in photo.label.expected for photo in counted]
    found = sum(f and e for f, e in zip(fired, expected, strict=True))
    scores = [RULES_BY_NAME[name].violation_score(photo.measures, background=limits.background) for photo in counted]
    auc = area_under_curve(scores, expected)
    return RuleResult(
        name, outcome, len(counted), sum(fired) - found, sum(expected), found, limits.get(name, outcome), auc
    )


def area_under_curve(scores: list[float | None], expected: list[bool]) -> float | None:
    """Probability that a violation has a higher score than a compliant photo; a tie counts half.
    None when one of the two groups is empty.
    """
    known = [(score, bad) for score, bad in zip(scores, expected, strict=True) if score is not None]
    bad, good = ([score for score, is_bad in known if is_bad == wanted] for wanted in (True, False))
    if not bad or not good:
        return None
    higher = sum((b > g) + 0.5 * (b == g) for b in bad for g in good)
    return higher / (len(bad) * len(good))


def _is_compliant(photo: EvaluatedPhoto, rule: str) -> bool:
    return photo.label.is_clean and rule not in photo.label.overlooked


def violation_kinds(judged: Evaluation) -> list[ViolationKind]:
    """How often each kind of made violation is found, by strength. Kinds that are left to the
    reviewer come last.
    """
    found: dict[tuple[bool, str, str], dict[str, tuple[int, int]]] = {}
    for photo in judged.photos:
        for rule in photo.label.expected | photo.label.overlooked if photo.label.kind else ():
            strengths = found.setdefault((rule in photo.label.overlooked, photo.label.kind, rule), {})
            hits, number = strengths.get(photo.label.strength, (0, 0))
            strengths[photo.label.strength] = (hits + photo.breaks(rule), number + 1)
    return [
        ViolationKind(name, rule, overlooked, found[overlooked, name, rule]) for overlooked, name, rule in sorted(found)
    ]

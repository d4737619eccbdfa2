"""How often each rule is right on labelled photos: the numbers behind every limit."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from vision import open_and_measure
from vision.errors import Unreadable
from vision.evaluation.shares import Share
from vision.measures import Measures
from vision.networks import mediapipe_graphs
from vision.rules import RULES, RULES_BY_NAME, Limits, judge
from vision.verdict import Finding

OUTCOMES = ("reject", "warn")
OVERLOOKED, ONLY_WARNED = "?", ":warn"
Progress = Callable[[int, int], None]
"""Is told how many photos of how many are measured."""


class LabelError(Exception):
    """The labels file cannot be used; the message says why."""


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and what its labels say. `name` is the file with its folders, as the labels write it.

    `expected` are the rules that the photo breaks. `warned` are those of them for which a warning
    is enough. `overlooked` are violations (rules or other names) that the engine does not claim to
    see. `kind` and `strength` say how a violation was made. `set` is the room or camera that the
    photo comes from.
    """

    path: Path
    name: str
    expected: frozenset[str]
    warned: frozenset[str] = frozenset()
    overlooked: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    kind: str = ""
    strength: str = ""
    set: str = ""

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

    @property
    def false_share(self) -> Share:
        """Of the photos that are not labelled with the rule."""
        return Share(self.false, self.images - self.labelled)

    @property
    def found_share(self) -> Share:
        return Share(self.found, self.labelled)


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
    """The evaluated photos, and the limits that they were judged by. `ignored` are rules whose
    findings do not count.
    """

    photos: list[EvaluatedPhoto]
    limits: Limits
    ignored: frozenset[str] = frozenset()

    @property
    def rows(self) -> list[RuleResult]:
        return [rule_row(rule.name, outcome, self.photos, self.limits) for rule in RULES for outcome in rule.outcomes]

    @property
    def sets(self) -> dict[str, Evaluation]:
        """The photos of each set by its name, in the order of the photos."""
        parts: dict[str, list[EvaluatedPhoto]] = {}
        for photo in self.photos:
            parts.setdefault(photo.label.set, []).append(photo)
        return {name: replace(self, photos=photos) for name, photos in parts.items()}

    def of_group(self, group: str) -> Evaluation:
        return replace(self, photos=[photo for photo in self.photos if group in photo.label.groups])

    def findings(self, measures: Measures | None) -> tuple[Finding, ...]:
        """The findings that count, of a photo with these measures; None was no photo."""
        found = (Finding("unreadable", "reject"),) if measures is None else judge(measures, self.limits).findings
        return tuple(finding for finding in found if finding.rule not in self.ignored)


class KeptMeasures:
    """Measures by name, in a JSON file, so that other limits can be tried in seconds.

    Without a path nothing is kept. The file does not record the engine version: delete it when the
    engine changes. Raises ValueError when the file holds something else.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._measured: dict[str, Measures | None] = json.loads(path.read_text()) if path and path.exists() else {}
        if not isinstance(self._measured, dict):
            raise ValueError(f"{path} holds no measures by name")

    def __contains__(self, name: str) -> bool:
        return name in self._measured

    def __getitem__(self, name: str) -> Measures | None:
        return self._measured[name]

    def __setitem__(self, name: str, measures: Measures | None) -> None:
        self._measured[name] = measures

    def save(self) -> None:
        """Beside the file first, so that an interruption leaves the old one whole."""
        if self._path:
            new = self._path.with_name(self._path.name + ".new")
            new.write_text(json.dumps(self._measured))
            new.replace(self._path)


def read_labels(directory: Path, labels: Path, sets: Iterable[str] = ()) -> list[LabelledPhoto]:
    """Read a CSV with the columns file and expected; group, kind and strength are optional.

    expected: rule names, separated by spaces or semicolons. "colour:warn" means that a warning is
    enough, "?earrings" that the violation is left to the reviewer. group: names separated by
    spaces. A photo belongs to the set that its directory is named after, or to the one of `sets`
    that is among its groups. Raises LabelError.
    """
    with labels.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or "file" not in rows[0]:
        raise LabelError(f"{labels} has no column 'file'")
    return [_label(directory, row, tuple(sets)) for row in rows]


def _label(directory: Path, row: dict[str, str], sets: tuple[str, ...]) -> LabelledPhoto:
    names = (row.get("expected") or "").replace(";", " ").split()
    warned = frozenset(name.removesuffix(ONLY_WARNED) for name in names if name.endswith(ONLY_WARNED))
    expected = frozenset(name.removesuffix(ONLY_WARNED) for name in names if not name.startswith(OVERLOOKED))
    unknown = expected - {rule.name for rule in RULES}
    if unknown:
        raise LabelError(f"{row['file']}: unknown rule {', '.join(sorted(unknown))}")
    groups = frozenset((row.get("group") or "").split())
    return LabelledPhoto(
        directory / row["file"],
        row["file"],
        expected,
        warned,
        overlooked=frozenset(name.removeprefix(OVERLOOKED) for name in names if name.startswith(OVERLOOKED)),
        groups=groups - set(sets),
        kind=row.get("kind") or "",
        strength=row.get("strength") or "",
        set=next((name for name in sets if name in groups), directory.resolve().name),
    )


def evaluate(
    labelled: Iterable[LabelledPhoto],
    limits: Limits,
    kept: KeptMeasures | None = None,
    *,
    ignored: Iterable[str] = (),
    progress: Progress | None = None,
) -> Evaluation:
    """Measure and judge every photo that is not among the `kept` measures; the new ones are added.

    A photo that breaks an ignored rule counts as one that does not. One that was made to break it is
    left out.
    """
    measured, switched_off = kept or KeptMeasures(), frozenset(ignored)
    labels = [label for label in labelled if not (label.kind and label.expected & switched_off)]
    missing = [label for label in labels if label.name not in measured]
    if missing:
        mediapipe_graphs.warm_up()
    for number, label in enumerate(missing, 1):
        measured[label.name] = measure_file(label.path)
        if progress:
            progress(number, len(missing))
    measured.save()
    judged = Evaluation([], limits, switched_off)
    for label in labels:
        measures = measured[label.name]
        asked = replace(label, expected=label.expected - judged.ignored)
        judged.photos.append(EvaluatedPhoto(asked, measures or {}, judged.findings(measures)))
    return judged


def measure_file(photo: Path | bytes) -> Measures | None:
    """The measures of a file or of its bytes, or None when it cannot be opened."""
    try:
        return open_and_measure(photo)[1]
    except Unreadable:
        return None


def total_result(photos: list[EvaluatedPhoto]) -> RuleResult:
    """All rejecting rules together. `false` counts clean photos that were rejected."""
    rejecting = {rule.name for rule in RULES if "reject" in rule.outcomes}
    labelled = [photo for photo in photos if (photo.label.expected - photo.label.warned) & rejecting]
    clean = [photo for photo in photos if photo.label.is_clean]
    false, found = (sum(photo.is_rejected for photo in part) for part in (clean, labelled))
    return RuleResult("all rejecting", "reject", len(clean) + len(labelled), false, len(labelled), found)


def group_names(judged: Evaluation) -> list[str]:
    return sorted(frozenset().union(*(photo.label.groups for photo in judged.photos)))


def rule_row(name: str, outcome: str, photos: list[EvaluatedPhoto], limits: Limits) -> RuleResult:
    """Results of one rule and outcome, over the photos that are labelled with the rule and the
    clean ones.

    Photos with other violations are left out: a blurred photo may well read as gazing aside. A
    rejection counts as a found warning too, because the student reads about it in both cases.
    """
    asked = [photo for photo in photos if outcome == "warn" or name not in photo.label.warned]
    counted = [photo for photo in asked if name in photo.label.expected or is_compliant(photo, name)]
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


def is_compliant(photo: EvaluatedPhoto, rule: str) -> bool:
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

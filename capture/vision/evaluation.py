"""How often each rule is right on labelled photos: the numbers behind every limit."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
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
class Photo:
    """One labelled photo with its measures and findings; no measures when it could not be opened."""

    label: Labelled
    measures: Measures
    findings: tuple[Finding, ...]

    @property
    def is_rejected(self) -> bool:
        return any(finding.outcome == "reject" for finding in self.findings)


@dataclass(frozen=True)
class Judged:
    """The photos; rows per rule and outcome; all rejecting rules together per group."""

    photos: list[Photo]
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
    photos = [judge_file(label, limits) for label in labelled]
    rows = [_row(rule.name, outcome, photos, limits) for rule in RULES for outcome in rule.outcomes]
    names = sorted({photo.label.group for photo in photos} - {""})
    groups = {name: _together([photo for photo in photos if photo.label.group == name]) for name in names}
    return Judged(photos, rows, groups)


def judge_file(label: Labelled, limits: Limits) -> Photo:
    try:
        measures = measure(open_photo(label.path))
    except Unreadable:
        return Photo(label, {}, (Finding("unreadable", "reject"),))
    return Photo(label, measures, judge(measures, limits).findings)


def total(judged: Judged) -> Row:
    """All rejecting rules together: photos without a label for a rejecting rule that were rejected all the same."""
    return _together(judged.photos)


def _together(photos: list[Photo]) -> Row:
    rejecting = {rule.name for rule in RULES if "reject" in rule.outcomes}
    labelled = [photo for photo in photos if photo.label.expected & rejecting]
    clean = [photo for photo in photos if not photo.label.expected]
    false, found = (sum(photo.is_rejected for photo in part) for part in (clean, labelled))
    return Row("all rejecting", "reject", len(clean) + len(labelled), false, len(labelled), found)


def _row(name: str, outcome: str, photos: list[Photo], limits: Limits) -> Row:
    """Compared are the photos labelled with the rule and those without any label: a blurred photo may well read as gazing
    aside. A rejection counts as a found warning too, because the student hears of it either way."""
    counted = [photo for photo in photos if name in photo.label.expected or not photo.label.expected]
    wanted = {outcome} if outcome == "reject" else set(OUTCOMES)
    fired = [any(f.rule == name and f.outcome in wanted for f in photo.findings) for photo in counted]
    expected = [name in photo.label.expected for photo in counted]
    found = sum(f and e for f, e in zip(fired, expected, strict=True))
    auc = area_under_curve([_score(name, photo.measures) for photo in counted], expected)
    return Row(name, outcome, len(counted), sum(fired) - found, sum(expected), found, limits.get(name, outcome), auc)


def _score(name: str, measures: Measures) -> float | None:
    score = SCORES.get(name)
    return None if score is None or not measures.get("faces") else score(measures)


def area_under_curve(scores: list[float | None], expected: list[bool]) -> float | None:
    """Chance that a violation scores above a compliant photo, ties counting half; None when there are none of either."""
    known = [(score, bad) for score, bad in zip(scores, expected, strict=True) if score is not None]
    bad, good = ([score for score, is_bad in known if is_bad == wanted] for wanted in (True, False))
    if not bad or not good:
        return None
    higher = sum((b > g) + 0.5 * (b == g) for b in bad for g in good)
    return higher / (len(bad) * len(good))


# What each rule looks at, turned so that more is worse; rules that weigh several measures show their first.
SCORES: dict[str, Callable[[Measures], float | None]] = {
    "one_face": lambda m: m["other_face"],
    "face_size": lambda m: -m["face_width"],
    "roll": lambda m: abs(m["roll"]),
    "yaw": lambda m: abs(m["yaw"]),
    "pitch": lambda m: abs(m["pitch"]),
    "sharpness": lambda m: -m["sharpness"],
    "side_light": lambda m: abs(m["side_light"]),
    "overexposed": lambda m: m["burnt"],
    "underexposed": lambda m: -m["eye_white"],
    "face_glare": lambda m: m["highlights"],
    "red_eye": lambda m: m["red_eye"],
    "eyes": lambda m: -m["eye_opening"],
    "gaze": lambda m: abs(m["gaze"]),
    "mouth": lambda m: m["mouth_gap"],
    "smile": lambda m: m["smile"],
    "fringe": lambda m: -m["forehead_skin"],
    "ears": lambda m: -m["ears"],
    "lens_glare": lambda m: m["lens_glare"],
    "tinted_lens": lambda m: -m["under_eye"],
    "head_cover": lambda m: m["hair_chroma"],
    "mask": lambda m: -m["lip_redness"],
    "clothes_background": lambda m: m.get("clothes_blue"),
    "blue_top": lambda m: m.get("clothes_hue_blue"),
    "pattern": lambda m: m.get("pattern"),
    "shoulders": lambda m: None if m["shoulders"] is None else abs(m["shoulders"]),
    "screen": lambda m: m["screen"],
    "print_edge": lambda m: m["frame_sides"],
    "beautified": lambda m: -m["skin_detail"],
    "colour": lambda m: -m["skin_chroma"],
    "too_close": lambda m: m["outside"],
}

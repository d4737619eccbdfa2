"""Limits chosen on half of the people, tried on the other half: what a limit is worth beyond the faces that it was set on.

    .venv/bin/python manage.py evaluate_checks DIR --kept MEASURES.json
    .venv/bin/python -m bench.cross_validation DIR MEASURES.json [SPLITS]

For every rule that reads one measure. The limit lies midway between the worst photo of the first half that keeps the rules and the
mildest twentieth of the first half's violations; where these overlap, at that worst photo.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.evaluation import LabelledPhoto, read_labels
from vision.measures import Measures
from vision.rules import RULES, Rule

SPLITS = 50
WEIGH_SEVERAL = ("mask", "colour")
MILD = 5  # percent


@dataclass(frozen=True)
class Reading:
    person: str
    breaks: bool
    value: float


def readings(rule: Rule, labels: list[LabelledPhoto], measured: dict[str, Measures | None]) -> list[Reading]:
    """The photos that break this rule and the photos that break none."""
    found = []
    for label in labels:
        value = rule.violation_score(measured.get(label.name) or {}, background="blue")
        if value is not None and (label.is_clean or rule.name in label.expected):
            found.append(Reading("_".join(label.path.stem.split("_")[:2]), not label.is_clean, value))
    return found


def chosen_limit(half: list[Reading]) -> float:
    worst_good = max(reading.value for reading in half if not reading.breaks)
    mild_bad = float(np.percentile([reading.value for reading in half if reading.breaks], MILD))
    return (worst_good + mild_bad) / 2 if mild_bad > worst_good else worst_good


def shares(half: list[Reading], limit: float) -> tuple[float, float]:
    """(false alarms, detected violations), in percent."""
    good, bad = ([reading.value > limit for reading in half if reading.breaks == breaks] for breaks in (False, True))
    return 100 * float(np.mean(good)), 100 * float(np.mean(bad))


def split(found: list[Reading], chance: np.random.Generator) -> tuple[list[Reading], list[Reading]]:
    people = sorted({reading.person for reading in found})
    first = set(chance.permutation(people)[: len(people) // 2])
    return [r for r in found if r.person in first], [r for r in found if r.person not in first]


def main() -> None:
    folder, measured = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    splits = int(sys.argv[3]) if len(sys.argv) > 3 else SPLITS
    labels = read_labels(folder, folder / "labels.csv")
    print(
        f"{'rule':20}{'false %':>9}{'worst':>7}{'found %':>9}{'worst':>7}   of the other half, mean and worst of {splits}"
    )
    for rule in RULES:
        found, chance = readings(rule, labels, measured), np.random.default_rng(7)
        if rule.name in WEIGH_SEVERAL or not any(reading.breaks for reading in found):
            continue
        halves = [split(found, chance) for _ in range(splits)]
        false, detected = np.array([shares(other, chosen_limit(half)) for half, other in halves]).T
        print(f"{rule.name:20}{false.mean():9.1f}{false.max():7.1f}{detected.mean():9.1f}{detected.min():7.1f}")


if __name__ == "__main__":
    main()

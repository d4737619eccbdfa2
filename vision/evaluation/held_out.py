"""Limits chosen on some sets of photos and tried on the set that was left out: what a limit is worth
on cameras and people that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vision.evaluation.labelled_photos import EvaluatedPhoto, Evaluation, is_compliant
from vision.evaluation.shares import Share
from vision.rules import RULES, Rule
from vision.rules.criteria import BELOW

MILD = 5  # percent of the violations


@dataclass(frozen=True)
class Reading:
    """The score of a photo by one rule; higher is worse."""

    breaks: bool
    score: float


@dataclass(frozen=True)
class HeldOut:
    """One rule on the set that was left out, by a limit on its score from the other sets."""

    rule: Rule
    set: str
    limit: float
    false: Share
    found: Share

    @property
    def measured_limit(self) -> float:
        """The limit as the rule's measure is compared with it; of a rule with a score of its own, as
        the score is.
        """
        is_negated = not self.rule.score and self.rule.criteria[0].limits[0].side == BELOW
        return -self.limit if is_negated else self.limit

    @property
    def is_whole_rule(self) -> bool:
        """False when the rule weighs more than this one number."""
        return self.rule.compares_one_measure


def leave_one_set_out(judged: Evaluation) -> list[HeldOut]:
    """For each rule that has a score, violations and compliant photos in the other sets."""
    sets = {name: part.photos for name, part in judged.sets.items()}
    rows = []
    for rule in (rule for rule in RULES if rule.name not in judged.ignored):
        read = {name: readings(rule, photos, judged.limits.background) for name, photos in sets.items()}
        for name, here in read.items():
            limit = chosen_limit([reading for other, part in read.items() if other != name for reading in part])
            if limit is not None and here:
                rows.append(HeldOut(rule, name, limit, *shares(here, limit)))
    return rows


def readings(rule: Rule, photos: Iterable[EvaluatedPhoto], background: str) -> list[Reading]:
    """The photos that break this rule and those that break none, as far as they have a score."""
    scored = [
        (rule.name in photo.label.expected, rule.violation_score(photo.measures, background=background))
        for photo in photos
        if rule.name in photo.label.expected or is_compliant(photo, rule.name)
    ]
    return [Reading(breaks, score) for breaks, score in scored if score is not None]


def chosen_limit(read: list[Reading]) -> float | None:
    """Midway between the worst compliant photo and the mildest twentieth of the violations; where
    these overlap, at that worst photo. None without photos of both kinds.
    """
    good, bad = ([reading.score for reading in read if reading.breaks == breaks] for breaks in (False, True))
    if not good or not bad:
        return None
    worst_good, mild_bad = max(good), float(np.percentile(bad, MILD))
    return (worst_good + mild_bad) / 2 if mild_bad > worst_good else worst_good


def shares(read: list[Reading], limit: float) -> tuple[Share, Share]:
    """(false alarms among the compliant photos, violations found)."""
    good, bad = ([reading.score > limit for reading in read if reading.breaks == breaks] for breaks in (False, True))
    return Share(sum(good), len(good)), Share(sum(bad), len(bad))

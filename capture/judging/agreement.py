"""How often reviewers agree with the rules: a sample of decided photos, compared rule by rule.

A reviewer sees the verdict before deciding, and rejected photos reach a reviewer only when the student asks for it or the
season sends red photos to people. So agreement is flattered, and a rejection that nobody asked about is not counted.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

import vision
from capture.judging import limits
from capture.models import Finding, Photo
from capture.review.return_reasons import REASONS
from schools.models import Season
from vision.evaluation.shares import Share
from vision.rules import criterion_values

SAMPLE = 5000  # the newest decided photos
ENOUGH = 30  # decisions: with fewer, a share says next to nothing
OWN_WORDS = _("In the reviewer's own words")
OF_PEOPLE = (Photo.Status.APPROVED, Photo.Status.RETURNED)


@dataclass(frozen=True)
class Decision:
    """A photo that a person approved or returned. `found`: {rule: outcome}; `blamed`: the rules that the return speaks of;
    `excused`: those that the student's exemption concerns.
    """

    photo_id: int
    is_returned: bool
    found: dict[str, str]
    blamed: frozenset[str]
    excused: frozenset[str]
    measures: dict[str, Any]


@dataclass(frozen=True)
class Proposal:
    """The value of one limit that would have agreed best with the decisions, beside the one in force.

    `present`, `best`: values; `present` is None while the limit is off. `agreed_now`, `agreed_then`: photos of `photos` on
    which limit and reviewer agree. `turned`: photos whose finding would change.
    """

    limit: vision.Limit
    present: float | None
    best: float
    photos: int
    agreed_now: int
    agreed_then: int
    turned: int

    @property
    def is_better(self) -> bool:
        return self.agreed_then > self.agreed_now


@dataclass(frozen=True)
class RuleAgreement:
    """One rule over the sample.

    `overturned`: of the photos that the rule rejected and a person decided, those that were approved. `ignored`: of the
    photos with its warning, those that were approved. `missed`: of the photos without a finding of the rule, those that
    were returned for what it looks at. `agreement`: of all, those where finding and return go together.
    """

    rule: vision.Rule
    overturned: Share
    ignored: Share
    missed: Share
    agreement: Share
    proposal: Proposal | None

    @property
    def found(self) -> int:
        return self.overturned.of + self.ignored.of

    @property
    def is_enough(self) -> bool:
        return self.found + self.missed.hits >= ENOUGH


@dataclass(frozen=True)
class Agreement:
    """`outcomes`: [(green, amber or red; returned of decided)]. `reasons`: [(title, number)] of the returned green photos,
    the most frequent first, OWN_WORDS last.
    """

    photos: int
    is_cut: bool
    outcomes: list[tuple[str, Share]]
    reasons: list[tuple[Any, int]]
    rules: list[RuleAgreement]


def measure_agreement(season: Season, *, days: int) -> Agreement:
    """The newest decisions of people in the last days, at most SAMPLE."""
    decided = _decisions(season, days)
    bounds = limits.bounds(limits.in_force(season), background=season.background)
    return Agreement(
        photos=len(decided),
        is_cut=len(decided) == SAMPLE,
        outcomes=[(outcome, _returned(decided, outcome)) for outcome in ("green", "amber", "red")],
        reasons=_reasons_of_green(season, decided),
        rules=[_agreement_of(rule, decided, bounds) for rule in vision.RULES],
    )


def _decisions(season: Season, days: int) -> list[Decision]:
    since = timezone.now() - dt.timedelta(days=days)
    photos = Photo.objects.filter(season=season, is_moved=False, status__in=OF_PEOPLE)
    photos = photos.filter(decided_by__isnull=False, decided_at__gte=since)
    rows = list(
        photos.order_by("-decided_at").values_list("pk", "status", "reason_names", "excuses", "measures", "geometry")[
            :SAMPLE
        ]
    )
    found: dict[int, dict[str, str]] = {pk: {} for pk, *_rest in rows}
    for photo_id, rule, outcome in Finding.objects.filter(photo__in=list(found)).values_list(
        "photo_id", "rule", "outcome"
    ):
        found[photo_id][rule] = outcome
    return [
        Decision(
            pk,
            status == Photo.Status.RETURNED,
            found[pk],
            _blamed(reasons, found[pk]) if status == Photo.Status.RETURNED else frozenset(),
            frozenset(excused),
            criterion_values(measures, geometry),
        )
        for pk, status, reasons, excused, measures, geometry in rows
    ]


def _blamed(reasons: Sequence[str], found: dict[str, str]) -> frozenset[str]:
    """The rules that a return speaks of. A reason may speak of several: where one of them had found something, it is meant."""
    blamed: set[str] = set()
    for name in reasons:
        rules = set(REASONS[name].rules) if name in REASONS else set()
        blamed |= rules & found.keys() or rules
    return frozenset(blamed)


def _outcome(found: dict[str, str]) -> str:
    if Finding.Outcome.REJECT in found.values():
        return "red"
    return "amber" if found else "green"


def _returned(decided: list[Decision], outcome: str) -> Share:
    these = [decision for decision in decided if _outcome(decision.found) == outcome]
    return Share(sum(decision.is_returned for decision in these), len(these))


def _reasons_of_green(season: Season, decided: list[Decision]) -> list[tuple[Any, int]]:
    """How often each ready-made reason stands in the returns of green photos."""
    green = [decision.photo_id for decision in decided if decision.is_returned and not decision.found]
    names = list(Photo.objects.filter(pk__in=green).values_list("reason_names", flat=True))
    counted = {name: sum(name in each for each in names) for name in REASONS}
    ordered = sorted((item for item in counted.items() if item[1]), key=lambda item: -item[1])
    own_words = sum(not each for each in names)
    return [(REASONS[name].title, number) for name, number in ordered] + ([(OWN_WORDS, own_words)] if own_words else [])


def _agreement_of(rule: vision.Rule, every: list[Decision], bounds: vision.Limits) -> RuleAgreement:
    """Without the photos of students from whom the rule is not asked: their approval says nothing of it."""
    decided = [d for d in every if rule.name not in d.excused]
    rejected = [d for d in decided if d.found.get(rule.name) == Finding.Outcome.REJECT]
    warned = [d for d in decided if d.found.get(rule.name) == Finding.Outcome.WARN]
    silent = [d for d in decided if rule.name not in d.found]
    agreed = sum((rule.name in d.found) == (rule.name in d.blamed) for d in decided)
    return RuleAgreement(
        rule,
        overturned=Share(sum(not d.is_returned for d in rejected), len(rejected)),
        ignored=Share(sum(not d.is_returned for d in warned), len(warned)),
        missed=Share(sum(rule.name in d.blamed for d in silent), len(silent)),
        agreement=Share(agreed, len(decided)),
        proposal=propose_limit(rule, decided, bounds),
    )


def propose_limit(rule: vision.Rule, decided: list[Decision], bounds: vision.Limits) -> Proposal | None:
    """The value of the rule's mildest limit on its first criterion that agrees with most decisions; of equal ones the
    nearest to the limit in force.

    None for a rule that reads more than one measure, and where nobody was returned for it or too few photos were decided.
    """
    if not rule.compares_one_measure:
        return None
    criterion = rule.criteria[0]
    limit = criterion.limits[-1]
    read = [(criterion.read(d.measures, background=bounds.background), rule.name in d.blamed) for d in decided]
    pairs = [(value, is_bad) for value, is_bad in read if value is not None]
    if len(pairs) < ENOUGH or not any(is_bad for _value, is_bad in pairs):
        return None
    values = np.array([value for value, _is_bad in pairs], float)
    bad = np.array([is_bad for _value, is_bad in pairs])
    present = bounds.get(rule.name, limit.name)
    best, agreed = best_limit(values, bad, side=limit.side, near=present)
    beyond_now, beyond_then = (_beyond(values, value, limit.side) for value in (present, best))
    return Proposal(
        limit, present, best, len(pairs), int((beyond_now == bad).sum()), agreed, int((beyond_now != beyond_then).sum())
    )


def _beyond(values: np.ndarray, limit: float | None, side: str) -> np.ndarray:
    if limit is None:
        return np.zeros(len(values), bool)
    return values > limit if side == "above" else values < limit


def best_limit(values: np.ndarray, bad: np.ndarray, *, side: str, near: float | None) -> tuple[float, int]:
    """(limit, number of photos on which it agrees). `values`: (n,) floats; `bad`: (n,) booleans.

    Tried are the middles between neighbouring values, the limit in force, and one beyond each end.
    """
    ordered = np.unique(values)
    gap = float(ordered[-1] - ordered[0]) or abs(float(ordered[0])) or 1.0
    tried = np.concatenate([[ordered[0] - gap / 20], (ordered[1:] + ordered[:-1]) / 2, [ordered[-1] + gap / 20]])
    if near is not None:
        tried = np.append(tried, near)
    bad_sorted, good_sorted = np.sort(values[bad]), np.sort(values[~bad])
    if side == "above":
        agreed = (len(bad_sorted) - np.searchsorted(bad_sorted, tried, "right")) + np.searchsorted(
            good_sorted, tried, "right"
        )
    else:
        agreed = np.searchsorted(bad_sorted, tried, "left") + (
            len(good_sorted) - np.searchsorted(good_sorted, tried, "left")
        )
    winners = tried[agreed == agreed.max()]
    target = near if near is not None else float(np.median(winners))
    best = float(winners[np.argmin(np.abs(winners - target))])
    return best, int(agreed.max())

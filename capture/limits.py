"""The limits of the photo rules, season by season: which set is in force, and how it is changed.

A verdict is measures x limits x engine version. A set is never changed, only followed by the next number.
"""

import logging
from collections.abc import Iterable

from capture import vision
from capture.models import LimitSet
from schools.models import Season

log = logging.getLogger(__name__)


def in_force(season: Season) -> LimitSet:
    """The newest set of the season, else what the seasons before it ended with, else the defaults: number 0, not stored."""
    sets = LimitSet.objects.filter(season__year__lte=season.year).select_related("season", "made_by")
    return sets.first() or LimitSet(season=season, number=0)


def stored(limit_set: LimitSet | None) -> LimitSet | None:
    """What a photo may point to: the defaults have no row."""
    return limit_set if limit_set and limit_set.pk else None


def bounds(limit_set: LimitSet, *, background: str) -> vision.Limits:
    """The limits as the engine takes them. What this engine does not know (any more) is left out, and logged."""
    known: dict[str, dict[str, float | None]] = {}
    for rule, values in limit_set.changes.items():
        for name, value in values.items():
            if name in vision.DEFAULTS.get(rule, {}):
                known.setdefault(rule, {})[name] = value
            else:
                log.error("Set %s has a limit %s.%s, which this engine does not know", limit_set, rule, name)
    return vision.Limits.of(known, background=background)


def refuses(limit_set: LimitSet | None, findings: Iterable[vision.Finding]) -> bool:
    """Whether a photo with these findings goes back to the student by itself, without a person and without a portrait."""
    rejects = [finding for finding in findings if finding.outcome == "reject"]
    if limit_set is None or limit_set.rejects_red:
        return bool(rejects)
    return any(is_hopeless(finding) for finding in rejects)


def is_hopeless(finding: vision.Finding) -> bool:
    """No picture, nobody in it, or too little of it to make a portrait: there is nothing that a person could approve."""
    return finding.rule in ("unreadable", "too_close") or (finding.rule == "one_face" and finding.value == 0)

"""Findings of rules whose measures come after the verdict: from the comparison of faces, from the film."""

from collections.abc import Iterable

import vision
from capture.judging import limits
from capture.models import Finding, Photo
from portal import history


def update(photo: Photo, rules: Iterable[str], *, kind: str) -> None:
    """Let the findings of these rules be what the photo's measures say under the limits in force.

    A new one is an event of this `kind`. The caller has locked the photo, and updates its outcome.
    """
    bounds = limits.bounds(limits.in_force(photo.season), background=photo.season.background)
    for rule in rules:
        found = vision.RULES_BY_NAME[rule].check(photo.measures, bounds)
        if found is None:
            Finding.objects.filter(photo=photo, rule=rule).delete()
            continue
        values = {
            "school_id": photo.school_id,
            "season_id": photo.season_id,
            "outcome": Finding.Outcome.WARN,
            "value": found.value,
            "limit": found.limit,
            "marks": [list(mark) for mark in found.marks],
        }
        _row, is_new = Finding.objects.update_or_create(photo=photo, rule=rule, defaults=values)
        if is_new:
            history.record(kind, photo, by=history.SYSTEM, facts={"rule": rule, "distance": round(found.value or 0, 2)})

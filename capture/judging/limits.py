"""The limits of the photo rules in each season: which set is in force, and how the next one is
made.

A verdict follows from the measures, the limits and the version of the engine. A set is never
changed: a change appends a set with the next number.
"""

import itertools
import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

import vision
from capture.models import LimitSet
from portal import history
from portal.errors import Conflict, PortalError
from portal.models import User
from schools import seasons
from schools.models import Season
from vision import rules
from vision.rules.criteria import ABOVE, BELOW

log = logging.getLogger(__name__)
REASON_LENGTH = 300
TITLES = {rule.name: rule.title for rule in vision.RULES}
Changes = Mapping[str, Mapping[str, float | None]]
"""{rule: {limit: value}} where it differs from `vision.DEFAULTS`; None as a value switches the limit off."""


class InvalidLimit(PortalError):
    """A limit has an impossible value. `limit`: its name, as "rule.name"."""

    def __init__(self, sentence: str, *, rule: str, name: str) -> None:
        super().__init__(sentence)
        self.limit = f"{rule}.{name}"


def in_force(season: Season) -> LimitSet:
    """The newest set of the season, else the last of an earlier season, else the defaults: number
    0, not stored."""
    sets = LimitSet.objects.filter(season__year__lte=season.year).select_related("season", "made_by")
    return sets.first() or LimitSet(season=season, number=0)


def row_of(limit_set: LimitSet | None) -> LimitSet | None:
    """The set as a value of a foreign key: None for the defaults, which have no row."""
    return limit_set if limit_set and limit_set.pk else None


def version_of(limit_set: LimitSet) -> int:
    """The id of a set, 0 for the defaults. `number` is not unique: it starts at 1 in each season."""
    return limit_set.pk or 0


def bounds(limit_set: LimitSet, *, background: str) -> vision.Limits:
    """The limits in the form of the engine.

    A limit that this engine does not know is logged and left out.
    """
    known: dict[str, dict[str, float | None]] = {}
    for rule, values in limit_set.changes.items():
        for name, value in values.items():
            if name in vision.DEFAULTS.get(rule, {}):
                known.setdefault(rule, {})[name] = value
            else:
                log.error("Set %s has a limit %s.%s, which this engine does not know", limit_set, rule, name)
    return vision.limits_of(known, background=background)


HEAD_RULES = ("one_face", "face_size", "roll", "yaw")


def of_the_head(limit_set: LimitSet) -> dict[str, float | None]:
    """What the camera page must know to warn before the server rejects: the rejecting limit of each rule about the place and
    the pose of the head, None where it is off."""
    found = bounds(limit_set, background="")
    return {rule: found.get(rule, "reject") for rule in HEAD_RULES}


def rejects_automatically(limit_set: LimitSet | None, findings: Iterable[vision.Finding]) -> bool:
    """Whether a photo with these findings is rejected without a person and gets no portrait."""
    rejects = [finding for finding in findings if finding.outcome == "reject"]
    if limit_set is None or limit_set.rejects_red:
        return bool(rejects)
    return prevent_portrait(rejects)


def prevent_portrait(findings: Iterable[vision.Finding]) -> bool:
    """Whether no portrait can be made of a photo with these findings."""
    return any(rules.prevents_portrait(finding) for finding in findings if finding.outcome == "reject")


def draft_set(
    season: Season, *, changes: Changes, approves_green: bool = False, rejects_red: bool = True, reason: str = ""
) -> LimitSet:
    """An unsaved set, for a preview or to be saved.

    Raises PortalError when a limit is unknown or impossible.
    """
    cleaned = clean_changes(changes)
    require_valid(cleaned)
    return LimitSet(
        season=season, changes=cleaned, approves_green=approves_green, rejects_red=rejects_red, reason=reason
    )


def change_limits(*, season: Season, by: User, reason: str, version: int, **wanted: Any) -> LimitSet:
    """Append the next set of the season.

    `version`: `version_of` the set on the person's page; `wanted`: see `draft_set`.

    Raises Conflict when that set is not in force any more. Raises PortalError when nothing is
    changed, a limit is impossible, or the reason is missing.
    """
    reason = _clean_reason(reason)
    limit_set = draft_set(season, reason=reason, **wanted)
    with transaction.atomic():
        Season.objects.select_for_update(no_key=True).get(pk=season.pk)  # two who save wait for each other here
        before = in_force(season)
        if version != version_of(before):
            raise Conflict(
                _("Somebody else has changed the photo rules in the meantime. Look at them again, then save.")
            )
        if is_same(before, limit_set):
            raise PortalError(_("Nothing has been changed."))
        limit_set.number = before.number + 1 if before.season_id == season.pk else 1
        limit_set.made_by = by
        limit_set.save(force_insert=True)
        facts = {"number": limit_set.number, "limits": [line.text for line in differences(before, limit_set)]}
        history.record("limits.changed", limit_set, by=by, facts=facts | {"reason": reason})
    return limit_set


def _clean_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise PortalError(_("Please give the reason: whoever is judged by these limits may ask for it."))
    if len(reason) > REASON_LENGTH:
        raise PortalError(_("Please keep the reason under %(n)d characters.") % {"n": REASON_LENGTH})
    return reason


def clean_changes(changes: Changes) -> dict[str, dict[str, float | None]]:
    """Only what differs from the defaults.

    Raises PortalError for an unknown limit or a value out of range.
    """
    kept: dict[str, dict[str, float | None]] = {}
    for rule, values in changes.items():
        for name, value in values.items():
            if name not in vision.DEFAULTS.get(rule, {}):
                raise PortalError(_("There is no limit “%(name)s”.") % {"name": f"{rule}.{name}"})
            if value != vision.DEFAULTS[rule][name]:
                kept.setdefault(rule, {})[name] = _clean_number(rule, name, value)
    return kept


def _clean_number(rule: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    unit = vision.RULES_BY_NAME[rule].limits[name].unit
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        sentence = _("%(rule)s: a limit is a number from 0 up.") % {"rule": TITLES[rule]}
        raise InvalidLimit(sentence, rule=rule, name=name)
    if unit.most is not None and value > unit.most:
        most = number_text(unit.most, unit)
        sentence = _("%(rule)s: this limit can be %(most)s at most.") % {"rule": TITLES[rule], "most": most}
        raise InvalidLimit(sentence, rule=rule, name=name)
    return value


def require_valid(changes: Changes) -> None:
    """Raise InvalidLimit when a warning could never be given, or a lower limit is not below its
    upper limit."""
    for rule in changes:
        values = vision.DEFAULTS[rule] | dict(changes[rule])
        if _is_unreachable(rule, values.get("reject"), values.get("warn")):
            sentence = _(
                "%(rule)s: the warning at %(warn)s lies beyond the rejection at %(reject)s and would never be given."
            )
            unit = vision.RULES_BY_NAME[rule].limits["reject"].unit
            numbers = {name: number_text(values[name], unit) for name in ("warn", "reject")} | {"rule": TITLES[rule]}
            raise InvalidLimit(sentence % numbers, rule=rule, name="warn")
        for low, high in _pairs_of_ends(vision.RULES_BY_NAME[rule]):
            if (least := values[low]) is not None and (most := values[high]) is not None and least >= most:
                sentence = _("%(rule)s: the lower end lies above the upper end.") % {"rule": TITLES[rule]}
                raise InvalidLimit(sentence, rule=rule, name=low)


def _pairs_of_ends(rule: vision.Rule) -> list[tuple[str, str]]:
    """(lower, upper): the names of two limits of one criterion that enclose good values and have the
    same outcome."""
    return [
        (low.name, high.name)
        for criterion in rule.criteria
        for low, high in itertools.permutations(criterion.limits, 2)
        if (low.side, high.side) == (BELOW, ABOVE) and low.outcome == high.outcome
    ]


def _is_unreachable(rule: str, reject: float | None, warn: float | None) -> bool:
    if reject is None or warn is None:
        return False
    sides = {vision.RULES_BY_NAME[rule].limits[name].side for name in ("reject", "warn")}
    if len(sides) > 1:
        return False
    return warn >= reject if ABOVE in sides else warn <= reject


def is_same(one: LimitSet, other: LimitSet) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("changes", *SWITCHES))


SWITCHES = ("approves_green", "rejects_red")


def number_text(value: Any, unit: vision.Unit, *, digits: int = 6) -> str:
    """A limit or a measure as a person reads it, such as "6%"; a dash for none."""
    if value is None:
        return "–"
    shown = unit.shown(value)
    return f"{shown:.0f}{unit.sign}" if abs(shown) >= 1000 else f"{shown:.{digits}g}{unit.sign}"


@dataclass(frozen=True)
class Difference:
    """One limit or switch in two sets.

    `rule` is empty for a switch; a value of None is switched off.
    """

    rule: str
    name: str
    before: float | bool | None
    after: float | bool | None

    @property
    def text(self) -> str:
        """The change for the history, which stores names of limits, not translated text."""
        name = f"{self.rule}.{self.name}" if self.rule else self.name
        return f"{name} {_format_value(self.before)} → {_format_value(self.after)}"


def _format_value(value: Any) -> str:
    return "off" if value is None or value is False else "on" if value is True else f"{value:g}"


def differences(before: LimitSet, after: LimitSet) -> list[Difference]:
    """What changed from one set to the next: switches first, then in the order of the rules."""
    rows = [Difference("", name, getattr(before, name), getattr(after, name)) for name in SWITCHES]
    for rule, defaults in vision.DEFAULTS.items():
        old, new = (defaults | each.changes.get(rule, {}) for each in (before, after))
        rows += [Difference(rule, name, old[name], new[name]) for name in defaults]
    return [row for row in rows if row.before != row.after]


def list_sets(season: Season) -> list[tuple[LimitSet, list[Difference]]]:
    """The sets of a season, newest first, each with what it changed against the set before it."""
    rows = list(LimitSet.objects.filter(season=season).select_related("made_by", "season"))
    earlier = LimitSet.objects.filter(season__year__lt=season.year).first() or LimitSet(season=season, number=0)
    return [(row, differences(before, row)) for row, before in zip(rows, [*rows, earlier][1:], strict=True)]


@seasons.carries_over
def carry_over(old: Season, new: Season, by: User) -> None:
    """Give a new season a set of its own: what is changed in the old one later does not change the new one."""
    before = in_force(old)
    if before.pk is None:
        return
    made = LimitSet.objects.create(
        season=new,
        number=1,
        changes=before.changes,
        approves_green=before.approves_green,
        rejects_red=before.rejects_red,
        reason=_("Taken over from season %(year)s") % {"year": old.year},
        made_by=by,
    )
    history.record("limits.changed", made, by=by, facts={"number": 1, "limits": [], "reason": made.reason})

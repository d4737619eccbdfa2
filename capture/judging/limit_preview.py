"""A preview of changed limits: which verdicts of the season, or of its last days, would be different under them.

They are compared with the stored verdicts, which students and reviewers have seen. Only rules with
different limits are checked again, and only for the newest photos: 0.4 s of processor time for
10,000 photos and one rule.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

import vision
from capture.judging import limits, rejudge, replay
from capture.models import Finding, LimitSet, Photo
from schools.models import Season

WHOLE_SEASON = 0
DAYS = (WHOLE_SEASON, 1, 3, 7)
# A large province takes some 10,000 photos a day. If there are more than this, only the newest are
# compared.
NEWEST = 30_000
SHOWN = 48
OUTCOMES = ("green", "amber", "red")


@dataclass(frozen=True)
class Change:
    """What would change for one photo.

    `rules`: (rule, stored outcome, new outcome); "" means not found.
    """

    photo_id: int
    before: str
    after: str
    rules: tuple[tuple[str, str, str], ...]


@dataclass
class Comparison:
    """The counts of a preview.

    `moves`: {(outcome before, outcome after): photos}, unchanged photos included.
    `rules`: {rule: {"new" | "lost" | "graver" | "milder": photos}}.
    `approved`, `rejected`: [before, after], the photos that are decided automatically.
    `is_cut`: there were more photos than could be compared.
    """

    days: int
    photos: int = 0
    is_cut: bool = False
    changed: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    shown: list[Change] = field(default_factory=list)
    approved: list[int] = field(default_factory=lambda: [0, 0])
    rejected: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def table(self) -> list[tuple[str, list[tuple[str, int]], int]]:
        """(outcome before, [(outcome after, photos)], sum) in the order of the outcomes."""
        return [(before, self._row(before), sum(n for _, n in self._row(before))) for before in OUTCOMES]

    def _row(self, before: str) -> list[tuple[str, int]]:
        return [(after, self.moves[before, after]) for after in OUTCOMES]


def compare_limits(season: Season, draft: LimitSet, *, days: int) -> Comparison:
    """Compare the stored verdicts of the last days (0: of the season) with those that `draft` would give.

    Nothing is written.
    """
    present, found = limits.in_force(season), Comparison(days)
    rules = replay.affected_rules(line.rule for line in limits.differences(present, draft) if line.rule)
    bounds = limits.bounds(draft, background=season.background)
    for photo_id, outcome, before, stored in _read_verdicts(season, days, found, with_measures=bool(rules)):
        after = before
        if rules:
            measures, geometry, excused = stored
            after = replay.replay_findings(measures, geometry, before, bounds, rules, excused=excused)
        _count_change(found, photo_id, outcome, before, after)
        _count_unattended(found, 0, present, before)
        _count_unattended(found, 1, draft, after)
    found.shown.sort(key=lambda change: (change.before == change.after, change.photo_id))
    return found


Row = tuple[int, str, tuple[vision.Finding, ...], list[dict]]


def _read_verdicts(season: Season, days: int, found: Comparison, *, with_measures: bool) -> Iterator[Row]:
    """(photo id, outcome, findings, [measures, geometry, excuses] or nothing) of the newest photos;
    counts them in `found`."""
    photos = rejudge.judged_photos(season)
    since = None if days == WHOLE_SEASON else timezone.now() - dt.timedelta(days=days)
    if since:
        photos = photos.filter(taken_at__gte=since)
    last_one = photos.values_list("taken_at", flat=True)[NEWEST - 1 : NEWEST]
    findings = _findings(season, next(iter(last_one), since))
    names = ("pk", "outcome", "taken_at", *(("measures", "geometry", "excuses") if with_measures else ()))
    newest = photos.values_list(*names)[:NEWEST]
    for photo_id, outcome, _taken_at, *stored in newest.iterator(chunk_size=2000):
        found.photos += 1
        yield photo_id, outcome, tuple(findings.get(photo_id, ())), stored
    found.is_cut = found.photos == NEWEST and photos.count() > NEWEST


def _findings(season: Season, since: dt.datetime | None) -> dict[int, list[vision.Finding]]:
    rows = Finding.objects.filter(season=season).order_by()
    if since:
        rows = rows.filter(photo__taken_at__gte=since)
    found: dict[int, list[vision.Finding]] = defaultdict(list)
    values: Iterator[Any] = rows.values_list("photo_id", "rule", "outcome", "value").iterator()
    for photo_id, rule, outcome, value in values:
        found[photo_id].append(vision.Finding(rule, outcome, value))
    return found


def _count_change(
    found: Comparison, photo_id: int, outcome: str, before: rejudge.Findings, after: rejudge.Findings
) -> None:
    if before is after or not replay.differ_in_outcome(before, after):
        found.moves[outcome, outcome] += 1
        return
    found.changed += 1
    now = rejudge.outcome_of(after)
    found.moves[outcome, now] += 1
    was, then = ({finding.rule: finding.outcome for finding in each} for each in (before, after))
    rules = [(rule, was.get(rule, ""), then.get(rule, "")) for rule in was | then if was.get(rule) != then.get(rule)]
    for rule, old, new in rules:
        found.rules[rule][change_kind(old, new)] += 1
    change = Change(photo_id, outcome, now, tuple(rules))
    _add_example(found, change)


def change_kind(old: str, new: str) -> str:
    """ "new", "lost", "graver" or "milder", from the outcome of a rule before and after; "" means
    not found."""
    if not old or not new:
        return "new" if new else "lost"
    return "graver" if new == Finding.Outcome.REJECT else "milder"


def _add_example(found: Comparison, change: Change) -> None:
    """Keep the change as an example: the newest first, but photos whose outcome changes displace
    the others."""
    if len(found.shown) < SHOWN:
        found.shown.append(change)
    elif change.before != change.after:
        weak = next((place for place, kept in enumerate(found.shown) if kept.before == kept.after), None)
        if weak is not None:
            found.shown[weak] = change


def _count_unattended(found: Comparison, place: int, limit_set: LimitSet, findings: rejudge.Findings) -> None:
    if not findings:
        found.approved[place] += limit_set.approves_green
    else:
        found.rejected[place] += limits.rejects_automatically(limit_set, findings)


def photos_of(found: Comparison) -> list[tuple[Photo, Change]]:
    """The examples with their photos, in the order of `found.shown`."""
    ids = [change.photo_id for change in found.shown]
    rows = Photo.objects.select_related("student", "school").defer("measures").in_bulk(ids)
    return [(rows[change.photo_id], change) for change in found.shown if change.photo_id in rows]

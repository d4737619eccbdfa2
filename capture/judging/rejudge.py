"""Photos that were judged under other limits are judged again from their stored measures; people's decisions stay.

Safe to run twice, and beside students and reviewers: each photo is replayed under its student's lock.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import vision
from capture.judging import judge, limits, replay
from capture.models import Finding, LimitSet, Photo
from portal import history, jobs, notifications, states
from portal.models import Job, User
from portal.transactions import retried
from schools.models import Action, Enrolment, School, Season
from students.models import Student

KIND = "rejudge"
BATCH = 500
Findings = tuple[vision.Finding, ...]
# Current photos that nobody has decided. A photo that the student gave up is history.
UNDECIDED = (Photo.Status.READY, Photo.Status.SUBMITTED, Photo.Status.REJECTED)


@dataclass
class Report:
    """What a replay changes, or would change. `moves`: photos by (outcome before, after); `rules`: by (rule, found before,
    found after), "" for not found."""

    photos: int = 0
    changed: int = 0
    decided: int = 0
    released: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def count(self, before: Findings, after: Findings, old_outcome: str) -> None:
        self.photos += 1
        if not replay.differ(before, after):
            return
        self.changed += 1
        self.moves[old_outcome, outcome_of(after)] += 1
        was, now = ({finding.rule: finding.outcome for finding in found} for found in (before, after))
        for rule in was | now:
            if was.get(rule) != now.get(rule):
                self.rules[rule, was.get(rule, ""), now.get(rule, "")] += 1

    def as_dict(self) -> dict[str, Any]:
        return {
            "photos": self.photos,
            "changed": self.changed,
            "decided": self.decided,
            "released": self.released,
            "moves": [{"from": a, "to": b, "photos": n} for (a, b), n in sorted(self.moves.items())],
            "rules": [
                {"rule": rule, "from": a or None, "to": b or None, "photos": n}
                for (rule, a, b), n in sorted(self.rules.items())
            ],
        }


def outcome_of(findings: Findings) -> str:
    return vision.Verdict(findings).outcome


def judged(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """Every photo of a season with a verdict, newest first."""
    photos = Photo.objects.filter(season=season, checked_at__isnull=False).exclude(outcome="")
    return (photos.filter(school=school) if school else photos).order_by("-taken_at")


def undecided(season: Season) -> QuerySet[Photo]:
    """Current photos with a verdict that nobody has decided."""
    return Photo.objects.filter(season=season, is_current=True, status__in=UNDECIDED).exclude(outcome="")


def outdated(season: Season, limit_set: LimitSet) -> QuerySet[Photo]:
    """The undecided photos that other limits or another engine judged."""
    present = Q(limit_set=limits.stored(limit_set)) if limit_set.pk else Q(limit_set=None)
    return undecided(season).exclude(present, engine=vision.ENGINE_VERSION)


def foresee(photos: QuerySet[Photo], limit_set: LimitSet, *, season: Season) -> Report:
    """What a replay of these photos would change; nothing is written."""
    bounds, report = limits.bounds(limit_set, background=season.background), Report()
    for photo in photos.prefetch_related("findings").iterator(chunk_size=BATCH):
        before = replay.stored_findings(photo.findings.all())
        after = replay.of_photo(photo, bounds)
        if replay.differ(before, after) and not (photo.is_current and photo.status in UNDECIDED):
            report.decided += 1
        report.count(before, after, photo.outcome)
    return report


def apply(photos: QuerySet[Photo], limit_set: LimitSet, *, season: Season, by: history.Actor) -> Iterator[Report]:
    """Judge these photos again, in batches; yields the report as it stands after each. Decided ones stay as they are."""
    bounds, report = limits.bounds(limit_set, background=season.background), Report()
    ids = list(photos.filter(is_current=True, status__in=UNDECIDED).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        rows = Photo.objects.filter(pk__in=ids[start : start + BATCH]).prefetch_related("findings").order_by("pk")
        same = []
        for photo in rows:
            before = replay.stored_findings(photo.findings.all())
            if replay.reads_differently(before, replay.of_photo(photo, bounds)):
                verdict = judge_anew(photo, limit_set, bounds, by=by)
                if verdict:
                    report.count(verdict.before, verdict.after, verdict.outcome)
                    report.released += verdict.is_released
            else:
                same.append(photo.pk)
        report.photos += len(same)
        _confirm(same, limit_set)
        yield report


def _confirm(ids: list[int], limit_set: LimitSet) -> None:
    """The verdict is the same under these limits too: nothing happened that the history should tell."""
    Photo.objects.filter(pk__in=ids, is_current=True, status__in=UNDECIDED).update(
        limit_set=limits.stored(limit_set), engine=vision.ENGINE_VERSION
    )


@dataclass(frozen=True)
class Verdict:
    """What was found in a photo before and after, its outcome before, and whether it went back to the judge."""

    before: Findings
    after: Findings
    outcome: str
    is_released: bool


@retried
def judge_anew(photo: Photo, limit_set: LimitSet, bounds: vision.Limits, *, by: history.Actor) -> Verdict | None:
    """Write the new verdict of one photo down, under its student's lock. None: a person was faster."""
    students = Student.objects.select_for_update(of=("self",), no_key=True).select_related("school")
    student = students.get(pk=photo.student_id)
    fresh = Photo.objects.select_for_update(of=("self",), no_key=True).prefetch_related("findings").get(pk=photo.pk)
    if not (fresh.is_current and fresh.status in UNDECIDED):
        return None
    before, after, outcome = replay.stored_findings(fresh.findings.all()), replay.of_photo(fresh, bounds), fresh.outcome
    _rewrite(fresh, before, after, limit_set, by=by)
    is_passed = fresh.status == Photo.Status.REJECTED and not limits.refuses(limit_set, after)
    return Verdict(before, after, outcome, is_passed and _release(fresh, student, by=by))


def _rewrite(photo: Photo, before: Findings, after: Findings, limit_set: LimitSet, *, by: history.Actor) -> None:
    """The same faults against another limit are no news: only another verdict is an event."""
    facts = {
        "outcome": [photo.outcome, outcome_of(after)],
        "rules": [finding.rule for finding in after],
        "limit_set": limit_set.number,
        "engine": vision.ENGINE_VERSION,
    }
    photo.outcome, photo.engine, photo.limit_set = outcome_of(after), vision.ENGINE_VERSION, limits.stored(limit_set)
    photo.save(update_fields=["outcome", "engine", "limit_set"])
    photo.findings.all().delete()
    Finding.objects.bulk_create([judge.as_row(photo, finding) for finding in after])
    if replay.differ(before, after):
        history.record("photo.rejudged", photo, by=by, before=photo.status, after=photo.status, facts=facts)


def _release(photo: Photo, student: Student, *, by: history.Actor) -> bool:
    """A rejected photo that is not refused any more goes to the judge again, who makes its portrait."""
    if not _may_be_released(photo, student):
        return False
    judge.send_back(photo, by=by, only_from=Photo.Status.REJECTED, kind="photo.released")
    states.change(student, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    notifications.notify(student, school=student.school, kind="photo_released")
    return True


def _may_be_released(photo: Photo, student: Student) -> bool:
    """The student waits to retake, the picture is still there, and the school still takes photos in."""
    enrolment = Enrolment.objects.filter(season_id=photo.season_id, school_id=photo.school_id).first()
    is_open = enrolment is not None and enrolment.allows(Action.SUBMIT)
    return is_open and student.stage == Student.Stage.RETAKE and not student.is_locked and bool(photo.original)


def start(*, season: Season, by: User) -> Job:
    """Judge every outdated photo again in the background, under the limits in force then."""
    waiting = Job.objects.filter(kind=KIND, season=season, status__in=(Job.Status.QUEUED, Job.Status.RUNNING)).first()
    return waiting or jobs.create(KIND, by=by, season=season, total=outdated(season, limits.in_force(season)).count())


@jobs.handler(KIND, label=gettext_lazy("Judging photos again under the limits in force"))
def run(job: Job) -> None:
    """Safe to run again from wherever it was lost: what was judged under the limits in force is not outdated."""
    assert job.season is not None
    by = job.created_by or history.SYSTEM
    limit_set = limits.in_force(job.season)
    photos = outdated(job.season, limit_set)
    total = photos.count()
    for report in apply(photos, limit_set, season=job.season, by=by):
        jobs.progress(job, report.photos, total)
        job.result = report.as_dict() | {"limit_set": limit_set.number}
    released = job.result.get("released", 0)
    job.message = _(
        "Judged again: %(photos)d. Other verdicts: %(changed)d. Released to be handed in: %(released)d."
    ) % {
        "photos": job.result.get("photos", 0),
        "changed": job.result.get("changed", 0),
        "released": released,
    }

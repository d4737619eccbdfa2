"""Photos that were judged under other limits are judged again from their stored measures; people's
decisions stay.

Safe to run twice, and while students and reviewers work: each photo is judged again under its
student's lock.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

import vision
from capture.judging import excuses, judge, limits, replay
from capture.models import Finding, LimitSet, Photo
from portal import history, notifications
from portal.background import jobs
from portal.changes import states
from portal.changes.transactions import retried
from portal.models import Job, User
from schools.models import Action, Enrolment, School, Season
from students.models import Student

KIND = "rejudge"
BATCH = 500
Findings = tuple[vision.Finding, ...]
# States of current photos that nobody has decided. A withdrawn photo is not judged again.
UNDECIDED = (Photo.Status.READY, Photo.Status.SUBMITTED, Photo.Status.REJECTED)


@dataclass
class Report:
    """What a replay changes, or would change.

    `moves`: {(outcome before, outcome after): photos}.
    `rules`: {(rule, its outcome before, its outcome after): photos}; "" means not found.
    `decided`: changed photos that keep their verdict, because a person has decided them or they are
    not current.
    """

    photos: int = 0
    changed: int = 0
    decided: int = 0
    released: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def count(self, before: Findings, after: Findings, old_outcome: str) -> None:
        self.photos += 1
        if not replay.differ_in_outcome(before, after):
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


def judged_photos(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """Every photo of a season with a verdict, newest first."""
    photos = Photo.objects.filter(season=season, checked_at__isnull=False, is_moved=False).exclude(outcome="")
    return (photos.filter(school=school) if school else photos).order_by("-taken_at")


def undecided_photos(season: Season) -> QuerySet[Photo]:
    """Current photos with a verdict that nobody has decided."""
    return Photo.objects.filter(season=season, is_current=True, status__in=UNDECIDED).exclude(outcome="")


def outdated_photos(season: Season, limit_set: LimitSet) -> QuerySet[Photo]:
    """The undecided photos that were judged under other limits or by another version of the
    engine."""
    present = Q(limit_set=limits.row_of(limit_set)) if limit_set.pk else Q(limit_set=None)
    return undecided_photos(season).exclude(present, engine=vision.ENGINE_VERSION)


def predict(photos: QuerySet[Photo], limit_set: LimitSet, *, season: Season) -> Report:
    """What a replay of these photos would change. Nothing is written."""
    bounds, report = limits.bounds(limit_set, background=season.background), Report()
    for photo in photos.prefetch_related("findings").iterator(chunk_size=BATCH):
        before = replay.to_vision_findings(photo.findings.all())
        after = replay.replay_photo(photo, bounds)
        if replay.differ_in_outcome(before, after) and not (photo.is_current and photo.status in UNDECIDED):
            report.decided += 1
        report.count(before, after, photo.outcome)
    return report


def apply(photos: QuerySet[Photo], limit_set: LimitSet, *, season: Season, by: history.Actor) -> Iterator[Report]:
    """Judge the undecided of these photos again, in batches; yields the report after each batch."""
    bounds, report = limits.bounds(limit_set, background=season.background), Report()
    ids = list(photos.filter(is_current=True, status__in=UNDECIDED).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        rows = Photo.objects.filter(pk__in=ids[start : start + BATCH]).prefetch_related("findings").order_by("pk")
        same = []
        for photo in rows:
            before = replay.to_vision_findings(photo.findings.all())
            if replay.differ_in_numbers(before, replay.replay_photo(photo, bounds)):
                verdict = rejudge_photo(photo, limit_set, bounds, by=by)
                if verdict:
                    report.count(verdict.before, verdict.after, verdict.outcome)
                    report.released += verdict.is_released
            else:
                same.append(photo.pk)
        report.photos += len(same)
        _update_limit_set(same, limit_set)
        yield report


def _update_limit_set(ids: list[int], limit_set: LimitSet) -> None:
    """Note that these photos were judged under the set.

    Their verdicts are the same, so there is no event.
    """
    Photo.objects.filter(pk__in=ids, is_current=True, status__in=UNDECIDED).update(
        limit_set=limits.row_of(limit_set), engine=vision.ENGINE_VERSION
    )


@dataclass(frozen=True)
class Rejudgement:
    """The findings of a photo before and after, its outcome before, and whether it was queued for a
    portrait."""

    before: Findings
    after: Findings
    outcome: str
    is_released: bool


@retried
def rejudge_photo(
    photo: Photo,
    limit_set: LimitSet,
    bounds: vision.Limits,
    *,
    by: history.Actor,
    kind: str = "photo.rejudged",
    told: str = "photo_released",
) -> Rejudgement | None:
    """Store the new verdict of one photo, under its student's lock; None when a person has decided
    meanwhile.

    `kind`: the kind of event; `told`: the kind of notification to a student whose photo is not rejected any more.
    """
    students = Student.objects.select_for_update(of=("self",), no_key=True).select_related("school")
    student = students.get(pk=photo.student_id)
    fresh = Photo.objects.select_for_update(of=("self",), no_key=True).prefetch_related("findings").get(pk=photo.pk)
    if not (fresh.is_current and fresh.status in UNDECIDED):
        return None
    before, outcome = replay.to_vision_findings(fresh.findings.all()), fresh.outcome
    after = replay.replay_photo(fresh, bounds)
    _replace_findings(fresh, before, after, limit_set, kind=kind, by=by)
    is_accepted = fresh.status == Photo.Status.REJECTED and not limits.rejects_automatically(limit_set, after)
    is_released = is_accepted and _can_be_released(fresh, student)
    # One UPDATE: see likeness._update_outcome.
    fields = {"outcome": outcome_of(after), "engine": vision.ENGINE_VERSION, "limit_set": limits.row_of(limit_set)}
    if is_released:
        _release(fresh, student, by=by, told=told, **fields)
    else:
        Photo.objects.filter(pk=fresh.pk).update(**fields)
    return Rejudgement(before, after, outcome, is_released)


def follow_exemption(student: Student, *, by: history.Actor) -> None:
    """Judge the student's undecided photo again with the exemption as it is now, under the limits
    that the photo was judged under. The caller has locked the student's row."""
    photo = undecided_photos(student.season).select_related("limit_set", "season").filter(student=student).first()
    excused = excuses.of_student(student)
    if photo is None or photo.excuses == excused:
        return
    Photo.objects.filter(pk=photo.pk).update(excuses=excused)
    limit_set = photo.limit_set or LimitSet(season=photo.season, number=0)
    bounds = limits.bounds(limit_set, background=photo.background or photo.season.background)
    rejudge_photo(photo, limit_set, bounds, by=by, kind="photo.excused", told="photo_excused")


def _replace_findings(
    photo: Photo, before: Findings, after: Findings, limit_set: LimitSet, *, kind: str, by: history.Actor
) -> None:
    """Store the findings.

    There is an event only when the verdict differs, not when only a limit differs.
    """
    facts = {
        "outcome": [photo.outcome, outcome_of(after)],
        "rules": [finding.rule for finding in after],
        "limit_set": limit_set.number,
        "engine": vision.ENGINE_VERSION,
    }
    photo.findings.all().delete()
    Finding.objects.bulk_create([judge.finding_row(photo, finding) for finding in after])
    if replay.differ_in_outcome(before, after):
        history.record(kind, photo, by=by, before=photo.status, after=photo.status, facts=facts)


def _release(photo: Photo, student: Student, *, by: history.Actor, told: str, **fields: Any) -> None:
    """Queue a photo that is not rejected any more, and set `fields`: judging it again makes its portrait."""
    judge.requeue(photo, by=by, only_from=Photo.Status.REJECTED, kind="photo.released", **fields)
    states.change(student, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    notifications.notify(student, school=student.school, kind=told)


def _can_be_released(photo: Photo, student: Student) -> bool:
    """Whether the student has to retake, the file still exists, and the school still accepts
    submissions."""
    enrolment = Enrolment.objects.filter(season_id=photo.season_id, school_id=photo.school_id).first()
    is_open = enrolment is not None and enrolment.allows(Action.SUBMIT)
    return is_open and student.stage == Student.Stage.RETAKE and not student.is_locked and bool(photo.original)


def start(*, season: Season, by: User) -> Job:
    """Start a job that judges every outdated photo again, or return the one that is waiting or
    running."""
    waiting = Job.objects.filter(kind=KIND, season=season, status__in=(Job.Status.QUEUED, Job.Status.RUNNING)).first()
    return waiting or jobs.create(
        KIND, by=by, season=season, total=outdated_photos(season, limits.in_force(season)).count()
    )


@jobs.handler(KIND, label=gettext_lazy("Judging photos again under the limits in force"))
def run(job: Job) -> None:
    """Safe to run again after a stop: a photo that was judged under the limits in force is not
    outdated."""
    assert job.season is not None
    by = job.created_by or history.SYSTEM
    limit_set = limits.in_force(job.season)
    photos = outdated_photos(job.season, limit_set)
    total = photos.count()
    for report in apply(photos, limit_set, season=job.season, by=by):
        jobs.progress(job, report.photos, total)
        job.result = report.as_dict() | {"limit_set": limit_set.number}
    released = job.result.get("released", 0)
    job.message = _(
        "Checked again: %(photos)d. Verdicts changed: %(changed)d. Released for submission: %(released)d."
    ) % {
        "photos": job.result.get("photos", 0),
        "changed": job.result.get("changed", 0),
        "released": released,
    }

"""Judging a photo: claim it, look, write down what was found, and let photo and student move on together.

Safe to run twice: a claim is a conditional UPDATE, and only one settlement passes the gate. Safe to lose: the sweep
tells the queue again of every photo that waits too long or whose worker is gone.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

import vision
from capture.judging import likeness, limits
from capture.models import Finding, LimitSet, Photo
from capture.upload import intake
from capture.upload.normalising import preview
from portal import files, history, notifications, queue, states
from portal.errors import Conflict
from portal.tenancy import school_scope, system_scope
from portal.transactions import retried
from schools.models import Season
from students.models import Student

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judgement:
    """What the engine says of one photo under a set of limits. Without a portrait when it is rejected."""

    findings: tuple[vision.Finding, ...]
    measures: dict[str, Any] = field(default_factory=dict)
    geometry: dict[str, Any] = field(default_factory=dict)
    imprint: str = ""
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    limit_set: LimitSet | None = None

    @property
    def outcome(self) -> str:
        """green, amber or red."""
        return vision.Verdict(self.findings).outcome

    @property
    def status(self) -> Photo.Status:
        """READY too for a red photo that the season lets a person decide about."""
        return Photo.Status.REJECTED if limits.refuses(self.limit_set, self.findings) else Photo.Status.READY


def judge(*, photo_id: int) -> Photo | None:
    """Judge one waiting photo inside its school's scope; None when another worker has it or it is over."""
    photo = claim(photo_id)
    if photo is None:
        return None
    with queue.released_on_stop(photo):
        return settle(photo, examine(photo))


def claim(photo_id: int) -> Photo | None:
    """Take a photo for this worker; one whose last attempt was the last allowed stays for the sweep to give up."""
    return Photo.objects.select_related("season", "student").claim(photo_id)


def examine(photo: Photo) -> Judgement:
    """Look at the stored original. A file that cannot be read is a rejection, not an error."""
    with photo.original.open("rb") as file:
        data = file.read()
    try:
        return look(data, photo.season)
    except vision.Unreadable:
        return Judgement((vision.Finding("unreadable", "reject"),), limit_set=limits.in_force(photo.season))


def look(data: bytes, season: Season) -> Judgement:
    """Measure and judge; make the portrait unless the photo is rejected before. Raises Unreadable."""
    limit_set = limits.in_force(season)
    bounds = limits.bounds(limit_set, background=season.background)
    source = vision.open_photo(data, max_bytes=max(len(data), 1))
    measures = vision.measure(source)
    verdict = vision.judge(measures, bounds)
    pictures, geometry, found = {"preview": preview(source)}, {}, verdict.findings
    if not limits.refuses(limit_set, found):
        portrait = vision.make_portrait(source, measures, background=season.background, limits=bounds)
        known = {finding.rule for finding in found}  # such as too_close, which the measures foretell
        found = (*found, *(finding for finding in portrait.findings if finding.rule not in known))
        geometry = portrait.geometry
        pictures |= {"portrait": portrait.jpeg, "thumbnail": portrait.thumbnail}
    return Judgement(found, measures, geometry, measures.pop("imprint", ""), pictures, limit_set)


def settle(photo: Photo, judgement: Judgement) -> Photo | None:
    """Write the judgement down and move photo and student; None when another worker has done so before."""
    replaced = [old.name for name in judgement.files if (old := getattr(photo, name))]
    try:
        with files.writing() as write:
            _write(photo, judgement, write.store(photo, judgement.files), replaced)
    except Conflict:
        return None
    if photo.compared_at is None:
        # After the commit, so that of two at once one sees the other; the sweep makes up for it.
        likeness.compare(photo)
    return photo


@retried
def _write(photo: Photo, judgement: Judgement, written: dict[str, Any], replaced: list[str]) -> None:
    files.delete_after_commit(replaced)
    student = Student.objects.select_for_update(no_key=True).get(pk=photo.student_id)
    photo.is_current = Photo.objects.values_list("is_current", flat=True).get(pk=photo.pk)
    now = timezone.now()
    is_compared = bool(judgement.imprint) and judgement.status == Photo.Status.READY
    states.change(
        photo,
        judgement.status,
        by=history.SYSTEM,
        facts={"outcome": judgement.outcome, "rules": [finding.rule for finding in judgement.findings]},
        checked_at=now,
        compared_at=None if is_compared else now,
        engine=vision.ENGINE_VERSION,
        limit_set=limits.stored(judgement.limit_set),
        outcome=judgement.outcome,
        measures=judgement.measures,
        geometry=judgement.geometry,
        background=judgement.geometry.get("background", ""),
        **written,
    )
    photo.findings.all().delete()  # of the verdict before, where a rejected photo was released
    Finding.objects.bulk_create([as_row(photo, finding) for finding in judgement.findings])
    if is_compared:
        likeness.keep(photo, judgement.imprint)
    if photo.is_current:
        is_ready = judgement.status == Photo.Status.READY
        stage = Student.Stage.READY if is_ready else Student.Stage.RETAKE
        states.change(student, stage, by=history.SYSTEM, facts={"photo": photo.pk})


def as_row(photo: Photo, finding: vision.Finding) -> Finding:
    return Finding(
        school_id=photo.school_id,
        photo=photo,
        rule=finding.rule,
        outcome=finding.outcome,
        value=finding.value,
        limit=finding.limit,
        marks=[list(mark) for mark in finding.marks],
    )


def sweep() -> int:
    """Queue photos again that wait too long or were lost; give up those lost twice. How many were queued."""
    with system_scope():
        photos = Photo.objects.select_related("school")
        return queue.sweep(
            photos, enqueue=intake.enqueue, give_up=give_up, scope=lambda photo: school_scope(photo.school)
        )


def give_up(photo: Photo) -> None:
    """The judge was lost with this photo twice: a person has to look, and the student may take another."""
    log.error("Photo %s could not be judged in %s attempts", photo.pk, photo.attempts)
    with transaction.atomic():
        student = Student.objects.select_for_update(no_key=True).get(pk=photo.student_id)
        states.change(photo, Photo.Status.FAILED, by=history.SYSTEM, facts={"attempts": photo.attempts})
        if photo.is_current:
            states.change(student, Student.Stage.RETAKE, by=history.SYSTEM, facts={"photo": photo.pk})
            notifications.notify(student, school=photo.school, kind="photo_failed")


@retried
def judge_again(*, photo: Photo, by: history.Actor) -> Photo:
    """A person has a given-up photo judged once more."""
    student = Student.objects.select_for_update(no_key=True).get(pk=photo.student_id)
    send_back(photo, by=by, only_from=Photo.Status.FAILED)
    if photo.is_current:
        states.change(student, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    return photo


def send_back(photo: Photo, *, by: history.Actor, only_from: Photo.Status, **how: Any) -> None:
    """To the judge once more, as if it had just come in. The student's stage is the caller's."""
    states.change(photo, Photo.Status.CHECKING, by=by, only_from=[only_from], **Photo.anew(), **how)
    transaction.on_commit(lambda: intake.enqueue(photo))

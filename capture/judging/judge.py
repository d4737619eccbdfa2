"""Judging a photo: claim it, examine it, record what was found, and change the states of photo and
student.

Safe to run twice: a claim is a conditional UPDATE, and the state gate accepts only one judgement.
Safe to lose: a message to the queue names no photo, it only says that some wait; workers take them from the rows, and the
sweep sends what messages are missing ([decision 82](docs/decisions/082-photos-wait-in-their-rows.md)).
"""

import datetime as dt
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

import vision
from capture.judging import excuses, likeness, limits
from capture.live import watching
from capture.models import Finding, LimitSet, Photo
from capture.same_person import comparison
from capture.sign_in import consent
from capture.upload import intake, waiting
from capture.upload.encoding import Normalised, encode_upright, make_preview
from portal import files, history, notifications
from portal.background import health, queue
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict
from portal.outages import FilesAway
from portal.tenancy import school_scope, system_scope
from schools.models import Season
from students.models import Student

log = logging.getLogger(__name__)
TURN_SECONDS = 5  # then other work of the worker's queues has its turn
TOLD_WITHIN = dt.timedelta(seconds=5)  # after which a photo's message is in the queue, or lost
SLOW_SECONDS = 10
PROCESSES_AT_WORK = 64  # as many messages are enough
REJUDGED_AFTER = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Judgement:
    """The result of the engine for one photo under a set of limits.

    A rejected photo has no portrait in `files`. `is_appealed`: a person decides it, whatever the
    findings are. `upright`: the original as it was turned, because it lay. `excused`: the student's
    excuses, applied to the findings already.
    """

    findings: tuple[vision.Finding, ...]
    measures: dict[str, Any] = field(default_factory=dict)
    geometry: dict[str, Any] = field(default_factory=dict)
    imprint: str = ""
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    limit_set: LimitSet | None = None
    is_appealed: bool = False
    upright: Normalised | None = field(default=None, repr=False)
    excused: excuses.Excuses = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """green, amber or red."""
        return vision.Verdict(self.findings).outcome

    @property
    def status(self) -> Photo.Status:
        """READY also for a red photo, if the season leaves red photos to a reviewer; SUBMITTED after
        an appeal."""
        if self.is_appealed:
            return Photo.Status.SUBMITTED
        return (
            Photo.Status.REJECTED if limits.rejects_automatically(self.limit_set, self.findings) else Photo.Status.READY
        )


def judge_photos() -> int:
    """Judge waiting photos one after the other for TURN_SECONDS, then leave the rest to the next message; return how many."""
    end, number = time.monotonic() + TURN_SECONDS, 0
    while judge_next():
        number += 1
        if time.monotonic() > end:
            _tell_missing(1)
            break
    return number


def judge_next() -> Photo | None:
    """Judge the photo whose turn it is, in its school's scope; None when none waits.

    Only the newest photo of a student waits (`intake.retire_current_photo`), so the turn is that of whoever has waited
    longest. A photo that was judged before lets those be first whose students stand before the camera, for a while.
    """
    judged_before = Case(When(checked_at=None, then=dt.timedelta()), default=REJUDGED_AFTER)
    with system_scope():
        photo = Photo.objects.select_related("school").claim_next(F("queued_at") + judged_before, "pk")
    if photo is None:
        return None
    with school_scope(photo.school):
        _judge_claimed(_with_relations().get(pk=photo.pk))
    return photo


def judge_photo(*, photo_id: int) -> Photo | None:
    """Judge one waiting photo inside its school's scope; None when another worker has claimed or
    judged it."""
    photo = claim(photo_id)
    return photo and _judge_claimed(photo)


def _judge_claimed(photo: Photo) -> Photo | None:
    with queue.released_on_stop(photo), queue.released_on_outage(photo):
        if photo.attempts > 1:
            log.warning("Photo %s is judged once more: its worker was lost, or killed because the check hung", photo.pk)
            if files.storage().problem():  # a shared folder whose server is away holds whoever reads
                raise FilesAway
        while True:
            try:
                recorded = record_judgement(photo, examine_photo(photo))
                _note_seconds(photo)
                return recorded
            except ExemptionChanged:
                log.info("The exemption of photo %s has changed while it was examined", photo.pk)


def _note_seconds(photo: Any) -> None:
    seconds = (timezone.now() - photo.claimed_at).total_seconds()
    waiting.note(seconds)
    if seconds > SLOW_SECONDS:
        log.warning("Photo %s took %.0f s to be judged", photo.pk, seconds)


class ExemptionChanged(Exception):
    """The student's exemption is not the one that the photo was examined with."""


def claim(photo_id: int) -> Photo | None:
    """Claim a photo for this worker.

    None when it is claimed, judged, or has no attempt left (`sweep` gives it up).
    """
    return _with_relations().claim(photo_id)


def _with_relations() -> Any:
    return Photo.objects.select_related("season", "student")


def examine_photo(photo: Photo) -> Judgement:
    """Examine the stored original. A file that cannot be read is a rejection, not an error."""
    data = files.read(str(photo.original.name))
    try:
        return examine_bytes(
            data,
            photo.season,
            is_appealed=photo.appealed_at is not None,
            excused=excuses.of_student(photo.student),
        )
    except vision.Unreadable:
        return Judgement((vision.Finding("unreadable", "reject"),), limit_set=limits.in_force(photo.season))


def examine_bytes(
    data: bytes, season: Season, *, is_appealed: bool = False, excused: excuses.Excuses | None = None
) -> Judgement:
    """Measure and judge a photo; make the portrait unless the measures reject it. After an appeal
    make it if it can be made at all.

    Raises Unreadable.
    """
    limit_set = limits.in_force(season)
    bounds = limits.bounds(limit_set, background=season.background)
    source, measures = vision.open_and_measure(data, max_bytes=max(len(data), 1))
    pictures: dict[str, bytes] = {}
    upright = None
    if source.header.orientation != 1:  # it lay, and was turned: from here on everybody sees it upright
        upright = encode_upright(source)
        pictures["original"] = upright.jpeg
        source = vision.open_photo(upright.jpeg, max_bytes=len(upright.jpeg))
        measures = vision.measure(source)
    pictures["preview"] = make_preview(source)
    geometry: dict[str, Any] = {}
    excused = excused or {}
    found = excuses.excuse(vision.judge(measures, bounds).findings, excused)
    if not (limits.prevent_portrait(found) if is_appealed else limits.rejects_automatically(limit_set, found)):
        portrait = vision.make_portrait(source, measures, background=season.background, limits=bounds)
        known = {finding.rule for finding in found}  # too_close, for example, may follow from the measures already
        found = (*found, *(finding for finding in portrait.findings if finding.rule not in known))
        geometry = portrait.geometry
        pictures |= {"portrait": portrait.jpeg, "thumbnail": portrait.thumbnail}
    imprint = measures.pop("imprint", "")
    return Judgement(found, measures, geometry, imprint, pictures, limit_set, is_appealed, upright, excused)


def record_judgement(photo: Photo, judgement: Judgement) -> Photo | None:
    """Store the judgement and change the states of photo and student; None when another worker was
    faster.

    Raises ExemptionChanged.
    """
    replaced = [old.name for name in judgement.files if (old := getattr(photo, name))]
    try:
        with files.writing() as write:
            _record(photo, judgement, write.store(photo, judgement.files), replaced)
    except Conflict:
        return None
    if photo.compared_at is None:
        # After the commit: of two photos judged at once, the later comparison sees both.
        # `likeness.sweep` repeats it if this worker stops here.
        likeness.compare_photo(photo)
    if photo.face_compared_at is None:
        comparison.enqueue(photo)
    if judgement.status != Photo.Status.REJECTED:
        watching.enqueue(photo)
    return photo


@retried
def _record(photo: Photo, judgement: Judgement, written: dict[str, Any], replaced: list[str]) -> None:
    files.delete_after_commit(replaced)
    student = Student.objects.select_for_update(no_key=True).get(pk=photo.student_id)
    if judgement.measures and excuses.of_student(student) != judgement.excused:
        raise ExemptionChanged
    now = timezone.now()
    is_accepted = judgement.status != Photo.Status.REJECTED
    is_compared = bool(judgement.imprint) and is_accepted
    states.change(
        photo,
        judgement.status,
        by=history.SYSTEM,
        kind="photo.appeal_prepared" if judgement.is_appealed else "",
        facts={"outcome": judgement.outcome, "rules": [finding.rule for finding in judgement.findings]},
        checked_at=now,
        compared_at=None if is_compared else now,
        face_compared_at=None if is_accepted else now,
        engine=vision.ENGINE_VERSION,
        limit_set=limits.row_of(judgement.limit_set),
        outcome=judgement.outcome,
        measures=judgement.measures,
        excuses=dict(judgement.excused),
        geometry=judgement.geometry,
        background=judgement.geometry.get("background", ""),
        submitted_at=now if judgement.is_appealed else None,
        **written,
        **_size_of(judgement.upright),
    )
    photo.findings.all().delete()  # a released photo still has the findings of its first verdict
    Finding.objects.bulk_create([finding_row(photo, finding) for finding in judgement.findings])
    if is_compared and consent.allows_comparison(student):
        likeness.store_imprint(photo, judgement.imprint)
    if photo.is_current:
        states.change(student, STAGE_AFTER[judgement.status], by=history.SYSTEM, facts={"photo": photo.pk})


def _size_of(original: Normalised | None) -> dict[str, Any]:
    """What a photo's row says of an upright original that takes the place of one that lay."""
    if original is None:
        return {}
    return {"width": original.width, "height": original.height, "sha256": original.sha256, "is_turned": True}


STAGE_AFTER = {
    Photo.Status.READY: Student.Stage.READY,
    Photo.Status.SUBMITTED: Student.Stage.REVIEW,
    Photo.Status.REJECTED: Student.Stage.RETAKE,
}


def finding_row(photo: Photo, finding: vision.Finding) -> Finding:
    return Finding(
        school_id=photo.school_id,
        photo=photo,
        season_id=photo.season_id,
        rule=finding.rule,
        outcome=finding.outcome,
        value=finding.value,
        limit=finding.limit,
        marks=[list(mark) for mark in finding.marks],
    )


@health.queue("photos", label=gettext_lazy("Photos to be judged"), since="taken_at")
def _unjudged() -> QuerySet[Photo]:
    return Photo.objects.filter(status=Photo.Status.CHECKING)


def sweep() -> int:
    """Give up photos that were lost twice, and send what messages are missing for those that wait.

    Returns how many were sent. A photo whose message still waits behind others is not told again.
    """
    with system_scope():
        lost = Photo.objects.stale().filter(attempts__gte=Photo.MAX_ATTEMPTS)
        given_up = lost.select_related("school").defer("measures", "geometry")
        queue.give_up_lost(given_up[: queue.MAX_SWEPT], give_up=give_up, scope=lambda photo: school_scope(photo.school))
        unclaimed, now = Photo.objects.unclaimed(), timezone.now()
        if not unclaimed.exclude(queued_at__range=(now - TOLD_WITHIN, now + TOLD_WITHIN)).exists():
            return 0
        return _tell_missing(unclaimed.count())


def _tell_missing(photos: int) -> int:
    """Fill the queue up to one message for each of the photos that wait, but to no more than keep many processes at work:
    each takes one photo after the other. Returns how many were sent.
    """
    try:
        missing = min(photos, PROCESSES_AT_WORK) - queue.length(intake.QUEUE)
    except (OperationalError, RedisError) as error:
        log.warning("Queue unreachable; photos wait for the next sweep: %s", error)
        return 0
    for _ in range(missing):
        intake.tell_workers()
    return max(0, missing)


def give_up(photo: Photo) -> None:
    """Mark a photo as failed whose worker stopped twice: staff have to look at it, the student may
    take another."""
    log.error("Photo %s could not be judged in %s attempts", photo.pk, photo.attempts)
    with transaction.atomic():
        student = Student.objects.select_for_update(no_key=True).get(pk=photo.student_id)
        states.change(photo, Photo.Status.FAILED, by=history.SYSTEM, facts={"attempts": photo.attempts})
        if photo.is_current:
            states.change(student, Student.Stage.RETAKE, by=history.SYSTEM, facts={"photo": photo.pk})
            notifications.notify(student, school=photo.school, kind="photo_failed")


@retried
def judge_again(*, photo: Photo, by: history.Actor) -> Photo:
    """Have a failed photo judged once more, at the request of a person."""
    student = Student.objects.select_for_update(no_key=True).get(pk=photo.student_id)
    requeue(photo, by=by, only_from=Photo.Status.FAILED)
    if photo.is_current:
        states.change(student, Student.Stage.CHECKING, by=by, facts={"photo": photo.pk})
    return photo


def requeue(photo: Photo, *, by: history.Actor, only_from: Photo.Status, **fields: Any) -> None:
    """Put a photo back into the queue as if it were new. The caller changes the student's stage."""
    states.change(photo, Photo.Status.CHECKING, by=by, only_from=[only_from], **Photo.anew(), **fields)
    transaction.on_commit(intake.tell_workers)

"""Portraits made again from their originals: in another frame (`framing`) or on another background
(`recolouring`).

The old portrait is deleted only after the new one is stored. The original is never changed.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
from django.db.models import Max

import vision
from capture.judging import limits
from capture.judging.judge import finding_row
from capture.models import Finding, Photo
from portal import files, history
from portal.changes.transactions import retried
from portal.errors import Conflict
from portal.models import Event
from schools.models import Action, Enrolment, Season
from students.models import Student
from vision.portrait import head_position
from vision.portrait.automatic_crop import choose_crop
from vision.portrait.crop import Crop

ADJUSTABLE = (Photo.Status.SUBMITTED, Photo.Status.APPROVED)
# Not yet confirmed by the student, not yet printed.
UNCONFIRMED = (Student.Stage.READY, Student.Stage.REVIEW, Student.Stage.APPROVED)
# The rules that are checked on the portrait, and the rules that depend on its background.
OF_PORTRAIT = {rule.name for rule in vision.RULES if rule.needs_portrait}
OF_BACKGROUND = {rule.name for rule in vision.RULES if rule.reads_background}


def size_of(photo: Photo) -> np.ndarray:
    return np.array([photo.width, photo.height])


def crop_of(photo: Photo) -> Crop:
    """The present frame of the portrait."""
    return Crop(**photo.geometry["crop"]) if "crop" in photo.geometry else automatic_crop(photo)


def automatic_crop(photo: Photo) -> Crop:
    """The frame that the engine chose; it stays stored when a reviewer sets another frame."""
    kept = photo.geometry.get("automatic") or photo.geometry.get("crop")
    return Crop(**kept) if kept else choose_crop(photo.measures, size_of(photo))[0]


def is_by_hand(photo: Photo) -> bool:
    return "automatic" in photo.geometry


def framed_at(photo_ids: Iterable[int]) -> dict[int, dt.datetime]:
    """{photo id: when its frame was last set by a person}, also when it was put back to the
    automatic frame."""
    events = Event.objects.filter(object_type=Photo._meta.label_lower, object_id__in=list(photo_ids))
    framed = events.filter(kind__startswith="photo.framed").order_by()
    return dict(framed.values_list("object_id").annotate(Max("at")))


def numbers_of(photo: Photo, crop: Crop) -> dict[str, float]:
    """face_width, eye_line, hair_top, sideways (px), tilt (degrees) and outside (0 to 1) of the
    portrait in a frame."""
    return head_position.frame_numbers(crop, photo.measures, size_of(photo))


def most_outside(season: Season) -> float | None:
    """Which part of a portrait (0 to 1) may lie outside of the photo; None: any."""
    return _bounds(season).get("too_close", "reject")


def _bounds(season: Season) -> vision.Limits:
    return limits.bounds(limits.in_force(season), background=season.background)


def lock_photo(photo: Photo) -> Photo:
    """Read the photo again; lock the rows of enrolment, student and photo until the transaction
    ends.

    A likeness that is found meanwhile (`capture.judging.likeness`) waits for the lock until the new
    findings are stored. Raises a PortalError when the school's phase does not allow making
    portraits again.
    """
    mine = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    mine.get(season_id=photo.season_id, school_id=photo.school_id).require(Action.REMAKE)
    Student.objects.select_for_update(of=("self",), no_key=True).get(pk=photo.student_id)
    own = Photo.objects.select_for_update(of=("self",), no_key=True)
    return own.select_related("student", "school", "season").get(pk=photo.pk)


def make_portrait(photo: Photo, crop: Crop) -> vision.Portrait:
    """The portrait in this frame on the season's background. Only for workers: it loads the engine.

    Raises Unreadable.
    """
    data = files.read(str(photo.original.name))
    source = vision.open_photo(data, max_bytes=max(len(data), 1))
    return vision.make_portrait(
        source, photo.measures, background=photo.season.background, crop=crop.as_dict(), limits=_bounds(photo.season)
    )


def replace_portrait(
    photo: Photo,
    portrait: vision.Portrait,
    *,
    kind: str,
    facts: dict[str, Any],
    by: history.Actor,
    statuses: tuple[Photo.Status, ...],
) -> Photo:
    """Replace the photo's portrait, update the findings and record it.

    Raises Conflict when the photo has changed.

    `statuses`: the photo has to be in one of them.
    """
    old = [photo.portrait.name or "", photo.thumbnail.name or ""]
    with files.writing() as write:
        written = write.store(photo, {"portrait": portrait.jpeg, "thumbnail": portrait.thumbnail})
        return _exchange(photo, portrait, written, old, kind=kind, facts=facts, by=by, statuses=statuses)


@retried
def _exchange(
    photo: Photo,
    portrait: vision.Portrait,
    written: dict[str, Any],
    old: list[str],
    *,
    kind: str,
    facts: dict[str, Any],
    by: history.Actor,
    statuses: tuple[Photo.Status, ...],
) -> Photo:
    row = lock_photo(photo)
    if row.student.stage not in UNCONFIRMED or row.portrait.name != old[0]:
        raise Conflict
    _write(row, portrait, written, statuses)
    history.record(kind, row, by=by, facts=facts)
    files.delete_after_commit(old)
    return row


def _write(
    photo: Photo, portrait: vision.Portrait, written: dict[str, Any], statuses: tuple[Photo.Status, ...]
) -> None:
    geometry, automatic = dict(portrait.geometry), automatic_crop(photo).as_dict()
    if geometry["crop"] != automatic:
        geometry["automatic"] = automatic
    fields = {
        **written,
        "geometry": geometry,
        "background": geometry["background"],
        "outcome": _update_findings(photo, portrait),
    }
    if not Photo.objects.filter(pk=photo.pk, is_current=True, status__in=statuses).update(**fields):
        raise Conflict
    for name, value in fields.items():
        setattr(photo, name, value)


def _update_findings(photo: Photo, portrait: vision.Portrait) -> str:
    """Replace the findings of the portrait, and those of the background if it changed.

    Returns the new outcome.

    Every new finding is a warning: the state of the photo does not change, a reviewer decides.
    """
    rules, found = OF_PORTRAIT, list(portrait.findings)
    if portrait.geometry["background"] != photo.background:
        rules = rules | OF_BACKGROUND
        verdict = vision.judge(photo.measures, _bounds(photo.season))
        found += [finding for finding in verdict.findings if finding.rule in OF_BACKGROUND]
    Finding.objects.filter(photo=photo, rule__in=rules).delete()
    Finding.objects.bulk_create([finding_row(photo, dataclasses.replace(finding, outcome="warn")) for finding in found])
    return photo.outcome_found()

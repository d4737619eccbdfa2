"""Portraits made again from their originals: in a frame that a reviewer set, or on another background.

The engine is too large for a web process, so the numbers of a frame are checked here, from the stored measures, and a
job makes the portrait. It takes the old one's place only once it is there; the original is never touched.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture import limits, vision
from capture.judging import as_row
from capture.models import Finding, Photo
from capture.review import RESETTABLE
from capture.vision.portrait import placing as places
from capture.vision.portrait.crop import Crop
from capture.vision.portrait.framing import frame
from capture.vision.portrait.placing import Placing
from schools import files, history, jobs
from schools.errors import Conflict, PortalError
from schools.models import Enrolment, Job, Season, User
from students.models import Student

KIND = "portrait"
ADJUSTABLE = (Photo.Status.SUBMITTED, Photo.Status.APPROVED)
# Not yet confirmed by the student, not yet printed.
UNREAD = (Student.Stage.READY, Student.Stage.REVIEW, Student.Stage.APPROVED)
# What the portrait itself shows to be wrong, and the one rule that asks for its background.
OF_PORTRAIT = ("framing", "edge", "too_close")
OF_BACKGROUND = "clothes_background"

FIXED = gettext_lazy("The feedback form has been accepted: portraits stay as they are. Ask the center.")
REFUSED: dict[str, Any] = {
    "face_width": gettext_lazy("The face would be %(now)s px wide; the standard asks for %(low)s to %(high)s."),
    "eye_line": gettext_lazy(
        "The eyes would lie %(now)s px below the edge; the standard asks for %(low)s to %(high)s."
    ),
    "hair_top": gettext_lazy(
        "The hair would begin %(now)s px below the edge; the standard asks for %(low)s to %(high)s."
    ),
    "sideways": gettext_lazy("The face would stand %(now)s px beside the middle; at most %(high)s are allowed."),
    "tilt": gettext_lazy("The eyes would be tilted by %(now)s degrees; at most %(high)s are allowed."),
    "outside": gettext_lazy(
        "%(now)s%% of the portrait would lie outside of the photo; at most %(high)s%% are allowed."
    ),
}


# --- what is known of a frame without opening a picture ----------------------------------------------------------------------


def size_of(photo: Photo) -> np.ndarray:
    return np.array([photo.width, photo.height])


def crop_of(photo: Photo) -> Crop:
    """The frame of the portrait as it is."""
    return Crop(**photo.geometry["crop"]) if "crop" in photo.geometry else automatic_crop(photo)


def automatic_crop(photo: Photo) -> Crop:
    """The frame that the engine chose; kept beside one set by hand."""
    kept = photo.geometry.get("automatic") or photo.geometry.get("crop")
    return Crop(**kept) if kept else frame(photo.measures, size_of(photo))[0]


def is_by_hand(photo: Photo) -> bool:
    return "automatic" in photo.geometry


def is_framed_since(photo: Photo, moment: dt.datetime) -> bool:
    return history.of(photo).filter(kind__startswith="photo.framed", at__gt=moment).exists()


def numbers_of(photo: Photo, crop: Crop) -> dict[str, float]:
    """face_width, eye_line, hair_top, sideways (px), tilt (degrees), outside (share)."""
    return places.numbers(crop, photo.measures, size_of(photo))


def most_outside(season: Season) -> float | None:
    """The share of a portrait that may lie outside of the photo."""
    return _bounds(season).get("too_close", "reject")


def _bounds(season: Season) -> vision.Limits:
    return limits.bounds(limits.in_force(season), background=season.background)


# --- a frame by hand ---------------------------------------------------------------------------------------------------------


def why_fixed(photo: Photo) -> str:
    """Why the frame of this portrait cannot be changed (any more), as a sentence; empty when it can."""
    enrolment = Enrolment.objects.get(school=photo.school_id, season=photo.season_id)
    if not photo.is_current:
        return _("The student has taken another photo in the meantime.")
    if enrolment.status not in RESETTABLE:
        return str(FIXED)
    if photo.status not in ADJUSTABLE:
        return _("Only the portrait of a photo in review or approved can be framed by hand.")
    if photo.student.stage not in UNREAD:
        return _("The student has confirmed this portrait. If it has to change, reset the photo and say why.")
    if not photo.original:
        return _("The original has been deleted after the retention time: the portrait stays as it is.")
    if not photo.measures.get("faces"):
        return _("The check has not measured the face in this photo: there is nothing to frame it by.")
    return ""


def order(*, photo: Photo, placing: Placing | None, seen: str, by: User) -> Job:
    """Have the portrait made in another frame, None being the automatic one. `seen`: the `portrait_version` looked at.

    Raises Conflict when somebody else was faster, PortalError with what the standard does not allow.
    """
    with transaction.atomic():
        photo = _held(photo)
        _require_unchanged(photo, seen)
        crop = _crop_for(photo, placing)
        if crop == crop_of(photo):
            raise PortalError(_("This is the frame that the portrait has already."))
        require_standard(photo, crop)
        params = {"photo": photo.pk, "crop": crop.as_dict(), "seen": seen}
        return jobs.create(KIND, by=by, school=photo.school, season=photo.season, total=1, params=params)


def _held(photo: Photo) -> Photo:
    """The photo as it is now, its school's and its student's row held until the transaction ends."""
    mine = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    if mine.get(season_id=photo.season_id, school_id=photo.school_id).status not in RESETTABLE:
        raise Conflict(FIXED)
    Student.objects.select_for_update(of=("self",)).get(pk=photo.student_id)
    return Photo.objects.select_related("student", "school", "season").get(pk=photo.pk)


def _require_unchanged(photo: Photo, seen: str) -> None:
    fixed = why_fixed(photo)
    if fixed:
        raise Conflict(fixed)
    waiting = last_order(photo)
    if waiting and waiting.is_open:
        name = waiting.created_by.actor_name if waiting.created_by else ""
        raise Conflict(_("%(name)s is having this portrait made anew right now. Wait and look at it.") % {"name": name})
    if photo.portrait_version != seen:
        raise _overtaken(photo)


def _overtaken(photo: Photo) -> Conflict:
    made = history.of(photo).filter(kind__startswith="photo.framed").first()
    if made is None:
        return Conflict(_("The portrait has been made anew in the meantime. Look at it first."))
    name = {"name": made.actor_name}
    return Conflict(_("%(name)s has framed this portrait anew in the meantime. Look at it first.") % name)


def last_order(photo: Photo) -> Job | None:
    orders = Job.objects.filter(kind=KIND, school=photo.school_id, params__photo=photo.pk)
    return orders.select_related("created_by").first()


def _crop_for(photo: Photo, placing: Placing | None) -> Crop:
    """Exactly the crop that has these numbers already, if there is one: they are only typed to a tenth."""
    automatic = automatic_crop(photo)
    if placing is None:
        return automatic
    for crop in (automatic, crop_of(photo)):
        if places.placing_of(crop, photo.measures, size_of(photo)).as_dict() == placing.as_dict():
            return crop
    return places.crop_of(placing, photo.measures, size_of(photo))


def require_standard(photo: Photo, crop: Crop) -> None:
    """Raise PortalError with every number that leaves the standard, but for what the automatic frame could not hold either."""
    most = most_outside(photo.season)
    found, automatic = numbers_of(photo, crop), numbers_of(photo, automatic_crop(photo))
    excused = places.broken(automatic, outside=most)
    wrong = [
        name for name in places.broken(found, outside=most) if name not in excused or _is_worse(found, automatic, name)
    ]
    if wrong and crop != automatic_crop(photo):
        raise PortalError(" ".join(_refusal(name, found[name], most) for name in wrong))


def _is_worse(found: Mapping[str, float], automatic: Mapping[str, float], name: str) -> bool:
    low, high = places.RANGES.get(name, (0.0, 0.0))
    away = [max(low - numbers[name], numbers[name] - high) for numbers in (found, automatic)]
    return away[0] > away[1]


def _refusal(name: str, now: float, most_outside: float | None) -> str:
    if name == "outside":
        return REFUSED[name] % {"now": f"{now:.1%}"[:-1], "high": f"{most_outside or 0:.1%}"[:-1]}
    low, high = places.RANGES[name]
    return REFUSED[name] % {"now": f"{now:g}", "low": f"{low:g}", "high": f"{high:g}"}


@jobs.handler(KIND, queue="produce")
def run_order(job: Job) -> None:
    photo = Photo.objects.select_related("student", "school", "season").get(pk=job.params["photo"])
    adjust(photo=photo, crop=Crop(**job.params["crop"]), seen=job.params["seen"], by=job.created_by or history.SYSTEM)


def adjust(*, photo: Photo, crop: Crop, seen: str, by: history.Actor) -> Photo:
    """Make the portrait in this frame and put it in the place of the one that was `seen`. Twice does no harm."""
    if photo.portrait_version != seen:
        if crop == crop_of(photo):  # made by a worker that was lost before it could say so
            return photo
        raise _overtaken(photo)
    fixed = why_fixed(photo)
    if fixed:
        raise Conflict(fixed)
    require_standard(photo, crop)
    is_automatic = crop == automatic_crop(photo)
    facts = _moved(numbers_of(photo, crop_of(photo)), numbers_of(photo, crop))
    facts["crop"] = {"before": crop_of(photo).as_dict(), "after": crop.as_dict()}
    kind = "photo.framed_automatically" if is_automatic else "photo.framed"
    return replace(photo, make(photo, crop), kind=kind, facts=facts, by=by, statuses=ADJUSTABLE)


def _moved(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, Any]:
    """What the history says: the numbers that have changed, but for the small change of what nobody cares for."""
    names = ("face_width", "eye_line", "hair_top", "sideways", "tilt")
    return {name: [before[name], after[name]] for name in names if before[name] != after[name]}


# --- making and replacing ----------------------------------------------------------------------------------------------------


def make(photo: Photo, crop: Crop) -> vision.Portrait:
    """The portrait in this frame on the season's background. Needs the engine: only in a worker. Raises Unreadable."""
    with photo.original.open("rb") as file:
        data = file.read()
    source = vision.open_photo(data, max_bytes=max(len(data), 1))
    return vision.make_portrait(
        source, photo.measures, background=photo.season.background, crop=crop.as_dict(), limits=_bounds(photo.season)
    )


def replace(
    photo: Photo,
    portrait: vision.Portrait,
    *,
    kind: str,
    facts: dict[str, Any],
    by: history.Actor,
    statuses: tuple[Photo.Status, ...],
) -> Photo:
    """Put a portrait in the place of the photo's own, grade it, record it. Raises Conflict when the photo has moved on."""
    old = [photo.portrait.name, photo.thumbnail.name]
    with files.kept_or_deleted() as saved:
        fresh = Photo(school_id=photo.school_id)
        for name, content in (("portrait", portrait.jpeg), ("thumbnail", portrait.thumbnail)):
            getattr(fresh, name).save("picture.jpg", ContentFile(content), save=False)
            saved.append(getattr(fresh, name))
        with transaction.atomic():
            held = _held(photo)
            if held.student.stage not in UNREAD or held.portrait.name != old[0]:
                raise Conflict
            _write(held, portrait, fresh, statuses)
            history.record(kind, held, by=by, facts=facts)
            transaction.on_commit(lambda: _delete(old))
    return held


def _write(photo: Photo, portrait: vision.Portrait, fresh: Photo, statuses: tuple[Photo.Status, ...]) -> None:
    geometry, automatic = dict(portrait.geometry), automatic_crop(photo).as_dict()
    if geometry["crop"] != automatic:
        geometry["automatic"] = automatic
    fields = {
        "portrait": fresh.portrait.name,
        "thumbnail": fresh.thumbnail.name,
        "geometry": geometry,
        "background": geometry["background"],
        "outcome": _grade(photo, portrait),
    }
    if not Photo.objects.filter(pk=photo.pk, is_current=True, status__in=statuses).update(**fields):
        raise Conflict
    for name, value in fields.items():
        setattr(photo, name, value)


def _grade(photo: Photo, portrait: vision.Portrait) -> str:
    """Findings of the portrait anew, and of the background if it is another; a person looks, no state changes. The outcome."""
    rules, found = OF_PORTRAIT, list(portrait.findings)
    if portrait.geometry["background"] != photo.background:
        rules = (*rules, OF_BACKGROUND)
        verdict = vision.judge(photo.measures, _bounds(photo.season))
        found += [finding for finding in verdict.findings if finding.rule == OF_BACKGROUND]
    Finding.objects.filter(photo=photo, rule__in=rules).delete()
    Finding.objects.bulk_create([as_row(photo, dataclasses.replace(finding, outcome="warn")) for finding in found])
    outcomes = set(Finding.objects.filter(photo=photo).values_list("outcome", flat=True))
    return "red" if Finding.Outcome.REJECT in outcomes else "amber" if outcomes else "green"


def _delete(names: list[str]) -> None:
    for name in names:
        if name:
            default_storage.delete(name)

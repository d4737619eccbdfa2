"""The frame of a portrait, set by a reviewer: what is allowed, the job, and the making of the
portrait.

The numbers of a frame are computed from the stored measures, without opening a picture. A job makes
the portrait, because the engine is too large for a web process.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture.models import Photo
from capture.portraits import remake
from portal import history
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Job, User
from schools.models import Action, Enrolment
from vision.portrait import head_position
from vision.portrait.crop import Crop

KIND = "portrait"

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


def why_not_adjustable(photo: Photo) -> str:
    """A sentence that says why the frame of this portrait cannot be changed; empty when it can."""
    enrolment = Enrolment.objects.get(school=photo.school_id, season=photo.season_id)
    if not photo.is_current:
        return _("The student has taken another photo in the meantime.")
    if not enrolment.allows(Action.REMAKE):
        return str(enrolment.refusal(Action.REMAKE))
    if photo.status not in remake.ADJUSTABLE:
        return _("Only the portrait of a photo in review or approved can be framed by hand.")
    if photo.student.stage not in remake.UNCONFIRMED:
        return _("The student has confirmed this portrait. If it has to change, reset the photo and say why.")
    if not photo.original:
        return _("The original has been deleted after the retention time: the portrait stays as it is.")
    if not photo.measures.get("faces"):
        return _("The check has not measured the face in this photo: there is nothing to frame it by.")
    return ""


def start(*, photo: Photo, position: head_position.HeadPosition | None, version: str, by: User) -> Job:
    """Start a job that makes the portrait in another frame; `position` None: in the automatic frame.

    `version`: the `portrait_version` on the reviewer's page. Raises Conflict when somebody else was
    faster, and PortalError when the standard does not allow the frame.
    """
    with transaction.atomic():
        photo = remake.lock_photo(photo)
        _require_unchanged(photo, version)
        crop = _crop_for(photo, position)
        if photo.portrait and crop == remake.crop_of(photo):
            raise PortalError(_("This is the frame that the portrait has already."))
        require_standard(photo, crop)
        params = {"photo": photo.pk, "crop": crop.as_dict(), "version": version}
        return jobs.create(KIND, by=by, school=photo.school, season=photo.season, total=1, params=params)


def _require_unchanged(photo: Photo, version: str) -> None:
    _require_adjustable(photo)
    waiting = last_job(photo)
    if waiting and waiting.is_open:
        name = waiting.created_by.actor_name if waiting.created_by else ""
        raise Conflict(_("%(name)s is having this portrait remade right now. Wait, then look at it.") % {"name": name})
    if photo.portrait_version != version:
        raise _changed_meanwhile(photo)


def _require_adjustable(photo: Photo) -> None:
    sentence = why_not_adjustable(photo)
    if sentence:
        raise Conflict(sentence)


def _changed_meanwhile(photo: Photo) -> Conflict:
    made = history.of(photo).filter(kind__startswith="photo.framed").first()
    if made is None:
        return Conflict(_("The portrait has been remade in the meantime. Look at it first."))
    name = {"name": made.actor_name}
    return Conflict(_("%(name)s has reframed this portrait in the meantime. Look at it first.") % name)


def last_job(photo: Photo) -> Job | None:
    jobs_of_photo = Job.objects.filter(kind=KIND, school=photo.school_id, params__photo=photo.pk)
    return jobs_of_photo.select_related("created_by").first()


def _crop_for(photo: Photo, position: head_position.HeadPosition | None) -> Crop:
    """The crop with these numbers.

    The form rounds numbers to a tenth, so the automatic crop and the present crop are returned
    exactly if their numbers are the same.
    """
    automatic = remake.automatic_crop(photo)
    if position is None:
        return automatic
    for crop in (automatic, remake.crop_of(photo)):
        if head_position.position_of(crop, photo.measures, remake.size_of(photo)).as_dict() == position.as_dict():
            return crop
    return head_position.crop_for(position, photo.measures, remake.size_of(photo))


def require_standard(photo: Photo, crop: Crop) -> None:
    """Raise PortalError with every number outside the standard.

    A number that is outside in the automatic frame too is allowed, if this frame does not make it
    worse.
    """
    most = remake.most_outside(photo.season)
    found, automatic = remake.numbers_of(photo, crop), remake.numbers_of(photo, remake.automatic_crop(photo))
    excused = head_position.out_of_range(automatic, outside=most)
    wrong = [
        name
        for name in head_position.out_of_range(found, outside=most)
        if name not in excused or _is_worse(found, automatic, name)
    ]
    if wrong and crop != remake.automatic_crop(photo):
        raise PortalError(" ".join(_refusal(name, found[name], most) for name in wrong))


def _is_worse(found: Mapping[str, float], automatic: Mapping[str, float], name: str) -> bool:
    low, high = head_position.RANGES.get(name, (0.0, 0.0))
    away = [max(low - numbers[name], numbers[name] - high) for numbers in (found, automatic)]
    return away[0] > away[1]


def _refusal(name: str, now: float, most_outside: float | None) -> str:
    if name == "outside":
        return REFUSED[name] % {"now": f"{now:.1%}"[:-1], "high": f"{most_outside or 0:.1%}"[:-1]}
    low, high = head_position.RANGES[name]
    return REFUSED[name] % {"now": f"{now:g}", "low": f"{low:g}", "high": f"{high:g}"}


@jobs.handler(KIND, label=gettext_lazy("Making a portrait in another frame"), queue="produce")
def run(job: Job) -> None:
    photo = Photo.objects.select_related("student", "school", "season").get(pk=job.params["photo"])
    set_frame(
        photo=photo, crop=Crop(**job.params["crop"]), version=job.params["version"], by=job.created_by or history.SYSTEM
    )


def set_frame(*, photo: Photo, crop: Crop, version: str, by: history.Actor) -> Photo:
    """Make the portrait in this frame and let it replace the portrait with this `version`.

    Safe to run twice.
    """
    if photo.portrait_version != version:
        if crop == remake.crop_of(photo):  # made already by a worker that stopped before the job was marked as done
            return photo
        raise _changed_meanwhile(photo)
    _require_adjustable(photo)
    require_standard(photo, crop)
    is_automatic = crop == remake.automatic_crop(photo)
    facts = _changed_numbers(remake.numbers_of(photo, remake.crop_of(photo)), remake.numbers_of(photo, crop))
    facts["crop"] = {"before": remake.crop_of(photo).as_dict(), "after": crop.as_dict()}
    kind = "photo.framed_automatically" if is_automatic else "photo.framed"
    return remake.replace_portrait(
        photo, remake.make_portrait(photo, crop), kind=kind, facts=facts, by=by, statuses=remake.ADJUSTABLE
    )


def _changed_numbers(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, Any]:
    """{name: [before, after]} of the numbers that changed, for the history. `outside` is left out."""
    names = ("face_width", "eye_line", "hair_top", "sideways", "tilt")
    return {name: [before[name], after[name]] for name in names if before[name] != after[name]}

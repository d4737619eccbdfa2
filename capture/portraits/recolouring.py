"""Making portraits again after a change of the season's background.

A school starts the job. Frames (also those set by a reviewer) and states stay as they are.
Portraits that a student has confirmed or that are printed are not made again.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from capture.models import Photo
from capture.portraits import remake
from portal import history
from portal.background import jobs
from portal.errors import Conflict
from portal.models import Job, User
from schools.models import Action, Enrolment, School, Season
from vision import Unreadable

log = logging.getLogger(__name__)
KIND = "portraits_again"
REMADE = (Photo.Status.READY, *remake.ADJUSTABLE)
# Students wait for their verdicts in the same queue, so the job pauses after this time.
SHARE_SECONDS = 2.0
READ_AT_ONCE = 50
_UNCONFIRMED = Q(student__stage__in=remake.UNCONFIRMED)
_REMAKABLE = _UNCONFIRMED & ~Q(original="")


@dataclass(frozen=True)
class BackgroundCounts:
    """How many portraits of one school have another background than the season's.

    `again`: can be made again; `confirmed`: stay, because they are confirmed or the phase does not
    allow it;
    `without_original`: stay, because the original is deleted.
    """

    colours: tuple[str, ...]
    again: int
    confirmed: int
    without_original: int

    @property
    def total(self) -> int:
        return self.again + self.confirmed + self.without_original


def photos_on_other_background(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """Photos in use whose portrait has another background than the season's.

    Uses the index `photo_background`.
    """
    colours = [colour for colour in Season.Background.values if colour != season.background]
    photos = Photo.objects.filter(season=season, background__in=colours, is_current=True, status__in=REMADE)
    return photos.filter(school=school) if school else photos


def count_photos(enrolment: Enrolment) -> BackgroundCounts:
    rows = (
        photos_on_other_background(enrolment.season, enrolment.school)
        .order_by()
        .values_list("background")
        .annotate(
            again=Count("pk", _REMAKABLE),
            confirmed=Count("pk", ~_UNCONFIRMED),
            lost=Count("pk", _UNCONFIRMED & Q(original="")),
        )
    )
    found = sorted(rows)
    again, confirmed, lost = (sum(row[n] for row in found) for n in (1, 2, 3))
    colours = tuple(str(Season.Background(row[0]).label) for row in found)
    if not enrolment.allows(Action.REMAKE):
        again, confirmed, lost = 0, again + confirmed + lost, 0
    return BackgroundCounts(colours, again, confirmed, lost)


def counts_by_school(season: Season) -> list[Any]:
    """Rows of school__code, school__name, again, confirmed; the schools with most portraits to make
    first."""
    rows = photos_on_other_background(season).order_by().values("school__code", "school__name")
    return list(
        rows.annotate(again=Count("pk", _REMAKABLE), confirmed=Count("pk", ~_REMAKABLE)).order_by(
            "-again", "school__code"
        )
    )


def last_job(enrolment: Enrolment) -> Job | None:
    return Job.objects.filter(kind=KIND, school=enrolment.school_id, season=enrolment.season_id).first()


def start(*, enrolment: Enrolment, by: User) -> Job:
    """Start a job that makes the school's portraits again.

    Raises Conflict when one runs or none is to be made.
    """
    with transaction.atomic():
        held = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
        last = last_job(held)
        if last and last.is_open:
            raise Conflict(_("The portraits are being made again already."))
        found = count_photos(held)
        if not found.again:
            raise Conflict(_("No portrait of your school has to be made again."))
        return jobs.create(KIND, by=by, school=held.school, season=held.season, total=found.again)


@jobs.handler(KIND, label=gettext_lazy("Making portraits on another background"), queue="produce")
def run(job: Job) -> None:
    """Make portraits in the order of their photos for two seconds, then pause by raising
    `jobs.Unfinished`."""
    assert job.season is not None
    until = time.monotonic() + SHARE_SECONDS
    job.result = {"made": 0, "left": 0, "after": 0} | job.result
    while photos := _next_photos(job):
        for photo in photos:
            job.result["made" if _remake(photo, by=job.created_by or history.SYSTEM) else "left"] += 1
            job.result["after"] = photo.pk
            jobs.progress(job, job.result["made"] + job.result["left"])
            if time.monotonic() > until:
                raise jobs.Unfinished
    job.message = _message(job)


def _next_photos(job: Job) -> list[Photo]:
    assert job.season is not None
    photos = photos_on_other_background(job.season, job.school).filter(_REMAKABLE, pk__gt=job.result["after"])
    return list(photos.select_related("student", "school", "season").order_by("pk")[:READ_AT_ONCE])


def _remake(photo: Photo, *, by: history.Actor) -> bool:
    """Whether the portrait was made; if the photo changed meanwhile or its original is unreadable,
    it is left."""
    facts = {"background": [photo.background, photo.season.background]}
    try:
        portrait = remake.make_portrait(photo, remake.crop_of(photo))
        remake.replace_portrait(photo, portrait, kind="photo.recoloured", facts=facts, by=by, statuses=REMADE)
    except (Conflict, Unreadable, OSError) as error:
        log.warning("Portrait of photo %s stays as it is: %s", photo.pk, error)
        return False
    return True


def _message(job: Job) -> str:
    assert job.season is not None
    made, left = job.result["made"], job.result["left"]
    colour = job.season.get_background_display()
    sentence = ngettext(
        "%(n)d portrait now stands on %(colour)s.", "%(n)d portraits now stand on %(colour)s.", made
    ) % {"n": made, "colour": colour}
    if not left:
        return sentence
    rest = ngettext(
        "%(n)d could not be made and stays as it is.", "%(n)d could not be made and stay as they are.", left
    ) % {"n": left}
    return f"{sentence} {rest}"

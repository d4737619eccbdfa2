"""The season's background was changed after portraits had been made: which stand on another colour, and making them again.

A school starts it; the frames stay as they are, those set by hand too, and so does every state. What a student has
confirmed or the center has printed is left alone.
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
from portal import history, jobs
from portal.errors import Conflict
from portal.models import Job, User
from schools.models import Action, Enrolment, School, Season
from vision import Unreadable

log = logging.getLogger(__name__)
KIND = "portraits_again"
REMADE = (Photo.Status.READY, *remake.ADJUSTABLE)
# Students wait for their verdict in the same queue: after this long it is their turn.
SHARE_SECONDS = 2.0
READ_AT_ONCE = 50
_UNREAD = Q(student__stage__in=remake.UNREAD)
_AGAIN = _UNREAD & ~Q(original="")


@dataclass(frozen=True)
class Standing:
    """Portraits of one school on another background than the season's."""

    colours: tuple[str, ...]
    again: int
    confirmed: int
    without_original: int

    @property
    def total(self) -> int:
        return self.again + self.confirmed + self.without_original


def others(season: Season, school: School | None = None) -> QuerySet[Photo]:
    """The portraits in use on another background: found by their colour, so that none cost nothing."""
    colours = [colour for colour in Season.Background.values if colour != season.background]
    photos = Photo.objects.filter(season=season, background__in=colours, is_current=True, status__in=REMADE)
    return photos.filter(school=school) if school else photos


def standing(enrolment: Enrolment) -> Standing:
    rows = (
        others(enrolment.season, enrolment.school)
        .order_by()
        .values_list("background")
        .annotate(
            again=Count("pk", _AGAIN), confirmed=Count("pk", ~_UNREAD), lost=Count("pk", _UNREAD & Q(original=""))
        )
    )
    found = sorted(rows)
    again, confirmed, lost = (sum(row[n] for row in found) for n in (1, 2, 3))
    colours = tuple(str(Season.Background(row[0]).label) for row in found)
    if not enrolment.allows(Action.REMAKE):
        again, confirmed, lost = 0, again + confirmed + lost, 0
    return Standing(colours, again, confirmed, lost)


def by_school(season: Season) -> list[Any]:
    """For the center: school__code, school__name, again, confirmed; the schools with most to make first."""
    rows = others(season).order_by().values("school__code", "school__name")
    return list(
        rows.annotate(again=Count("pk", _AGAIN), confirmed=Count("pk", ~_AGAIN)).order_by("-again", "school__code")
    )


def last_job(enrolment: Enrolment) -> Job | None:
    return Job.objects.filter(kind=KIND, school=enrolment.school_id, season=enrolment.season_id).first()


def order(*, enrolment: Enrolment, by: User) -> Job:
    """Have the school's portraits made again on the season's background. Raises Conflict when that runs already."""
    with transaction.atomic():
        held = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
        last = last_job(held)
        if last and last.is_open:
            raise Conflict(_("The portraits are being made again already."))
        found = standing(held)
        if not found.again:
            raise Conflict(_("No portrait of your school has to be made again."))
        return jobs.create(KIND, by=by, school=held.school, season=held.season, total=found.again)


@jobs.handler(KIND, label=gettext_lazy("Making portraits on another background"), queue="produce")
def run_order(job: Job) -> None:
    """A share of the portraits, in the order of their photos; then whoever waits in the queue has a turn."""
    assert job.season is not None
    until = time.monotonic() + SHARE_SECONDS
    job.result = {"made": 0, "left": 0, "after": 0} | job.result
    while photos := _following(job):
        for photo in photos:
            job.result["made" if _make_again(photo, by=job.created_by or history.SYSTEM) else "left"] += 1
            job.result["after"] = photo.pk
            jobs.progress(job, job.result["made"] + job.result["left"])
            if time.monotonic() > until:
                raise jobs.Unfinished
    job.message = _message(job)


def _following(job: Job) -> list[Photo]:
    assert job.season is not None
    photos = others(job.season, job.school).filter(_AGAIN, pk__gt=job.result["after"])
    return list(photos.select_related("student", "school", "season").order_by("pk")[:READ_AT_ONCE])


def _make_again(photo: Photo, *, by: history.Actor) -> bool:
    """Whether it was made; one that moved on meanwhile or whose original cannot be read stays as it is."""
    facts = {"background": [photo.background, photo.season.background]}
    try:
        portrait = remake.make(photo, remake.crop_of(photo))
        remake.replace(photo, portrait, kind="photo.recoloured", facts=facts, by=by, statuses=REMADE)
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

"""How long pictures are kept: originals are deleted some days after the season's closing, approved
portraits as many days after it as the center says (KEEP_PORTRAITS_DAYS).

The imprint of an approved photo stays with the portrait, so that the same picture is found in a
later season. The imprint of any other photo is deleted with its pictures: there is no purpose for
keeping data of the person.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from capture.models import Consent, Exemption, Imprint, Likeness, Photo, RegistryCode, WeChatBinding
from capture.review import exemptions
from capture.upload import submission
from portal import files, history
from portal.background import jobs
from portal.models import Job
from schools.days import deadlines
from schools.models import Season
from students.models import Student
from students.privacy import erasure

KIND = "purge"
KEPT = (Photo.Status.APPROVED,)


def start_purges() -> int:
    """Make one job for each season with originals to delete. Returns how many."""
    closed = Season.objects.filter(status__in=Season.ENDED, closed_on__isnull=False)
    return sum(_start(season) for season in closed)


def _start(season: Season) -> bool:
    with transaction.atomic():
        Season.objects.select_for_update(no_key=True).get(pk=season.pk)  # two calls at the same time make no job twice
        waiting = Job.objects.filter(kind=KIND, season=season, status__in=(Job.Status.QUEUED, Job.Status.RUNNING))
        is_left = _due(season).exists() or Exemption.objects.filter(season=season).exists()
        if not is_due(season) or waiting.exists() or not is_left:
            return False
        jobs.create(KIND, by=history.SYSTEM, season=season)
    return True


def is_due(season: Season) -> bool:
    kept_until = deadlines.last_day_of_originals(season)
    return season.status in Season.ENDED and kept_until is not None and timezone.localdate() > kept_until


def _due(season: Season) -> QuerySet[Photo]:
    left = ~Q(original="") | ~Q(preview="") | (~Q(portrait="") & ~Q(status__in=KEPT))
    return Photo.objects.filter(left, season=season)


@jobs.handler(KIND, label=gettext_lazy("Deleting expired originals"))
def run_purge(job: Job) -> None:
    """Delete originals and previews of every photo, portraits of those that were never approved,
    and what students declared about themselves."""
    assert job.season is not None
    if not is_due(job.season):
        return
    ids = list(_due(job.season).order_by("pk").values_list("pk", flat=True))
    done = 0
    for photo in Photo.objects.filter(pk__in=ids).iterator(chunk_size=500):
        done += purge(photo)
        if done % 50 == 0:
            jobs.progress(job, done, len(ids))
    exemptions.erase(job.season)
    job.result = {"photos": len(ids), "season": job.season.year}
    history.record("season.purged", job.season, by=history.SYSTEM, facts=job.result)


def expired_portraits(before: dt.datetime) -> QuerySet[Photo]:
    """Portraits of seasons that were closed before this moment."""
    return Photo.objects.filter(season__in=Season.objects.closed_before(before)).exclude(portrait="", thumbnail="")


def delete_portraits(before: dt.datetime) -> int:
    """Delete portraits with what was made of them to find the same picture again; the row and its decision
    stay. Returns how many. Needs a scope of all schools."""
    done = 0
    for photo in expired_portraits(before).iterator(chunk_size=500):
        files.delete([photo.portrait.name, photo.thumbnail.name])
        Imprint.objects.filter(photo=photo).delete()
        Photo.objects.filter(pk=photo.pk).update(portrait="", portrait_size=0, thumbnail="", thumbnail_size=0)
        done += 1
    return done


@erasure.registers_eraser
def erase_photos(student: Student, whole: bool) -> None:
    """Delete the pictures of a student and what was made of them; of an approved portrait, only with `whole`."""
    Imprint.objects.filter(photo__student=student).delete()
    Likeness.objects.filter(photo__student=student).delete()
    Exemption.objects.filter(student=student).delete()
    RegistryCode.objects.filter(student=student).delete()
    WeChatBinding.objects.filter(student=student).delete()
    submission.end_unsubmitted(student, by=history.SYSTEM)
    for photo in Photo.objects.filter(student=student):
        is_kept = photo.status in KEPT and not whole
        names = ["original", "preview"] + ([] if is_kept else ["portrait", "thumbnail"])
        files.delete_after_commit([getattr(photo, name).name for name in names])
        gone: dict[str, Any] = dict.fromkeys([*names, "appeal", "appeal_words"], "") | {
            f"{name}_size": 0 for name in names
        }
        if not is_kept:
            gone |= {"measures": {}, "geometry": {}, "reason": ""}
        Photo.objects.filter(pk=photo.pk).update(excuses={}, **gone)


@erasure.registers_eraser
def erase_guardian(student: Student, whole: bool) -> None:
    """Delete the name of who agreed for the student; that there was a consent stays."""
    if whole:
        Consent.objects.filter(student=student).update(guardian_name="")


def purge(photo: Photo) -> int:
    """Delete the files of one photo that are due, the words of an appeal and what was excused; the
    row and its findings stay."""
    is_kept = photo.status in KEPT
    names = ["original", "preview"] + ([] if is_kept else ["portrait", "thumbnail"])
    # Files first: after a crash, the next run still finds them by the row.
    files.delete(getattr(photo, name).name for name in names)
    if not is_kept:
        Imprint.objects.filter(photo=photo).delete()
    gone: dict[str, Any] = dict.fromkeys([*names, "appeal", "appeal_words"], "") | {f"{name}_size": 0 for name in names}
    gone["excuses"] = {}
    Photo.objects.filter(pk=photo.pk).update(**gone)
    return 1

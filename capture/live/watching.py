"""Watching the film of a photo: whether what moved before the shutter was a flat picture.

It runs after the verdict, in the queue of the faces. What it finds is a warning that a person answers by looking, never a
rejection. Its numbers become measures of the photo, so that limits, preview and replay work as for every rule. Safe to run
twice; the sweep finds what was lost.
"""

import datetime as dt

from django.conf import settings
from django.utils import timezone

from capture.judging import later_findings
from capture.live import films
from capture.models import Film, Photo
from capture.review import automatic_approval
from portal.background import queue
from portal.changes.transactions import retried
from portal.tenancy import system_scope
from schools.models import Season
from vision import live

QUEUE = "faces"
SWEPT_AT_ONCE = 2000


def enqueue(photo: Photo) -> None:
    """After the verdict on a photo. One that was judged before is watched again."""
    if Film.objects.filter(photo=photo).update(watched_at=None):
        queue.send("capture.tasks.watch_film", photo.school_id, photo.pk, queue=QUEUE)


def watch(*, photo_id: int) -> bool:
    """Watch one film inside its school's scope; False when it is watched already or gone."""
    row = Film.objects.select_related("photo__student", "photo__season").filter(photo=photo_id, watched_at=None).first()
    if row is None:
        return False
    frames = films.frames_of(row)
    _record(row, live.measure(frames) if frames else {})
    automatic_approval.approve_waiting(photo_id)
    return True


@retried
def _record(row: Film, found: dict[str, float]) -> None:
    photo = Photo.objects.select_for_update(of=("self",), no_key=True).select_related("season").get(pk=row.photo_id)
    if not Film.objects.filter(pk=row.pk).update(watched_at=timezone.now()):
        return  # the consent was taken back meanwhile
    kept = {name: value for name, value in photo.measures.items() if not name.startswith("live_")}
    photo.measures = kept | found
    fields = {"measures": photo.measures}
    if photo.season.status != Season.Status.CLOSED:
        later_findings.update(photo, (films.RULE,), kind="photo.film_doubted")
        fields["outcome"] = photo.outcome_found()
    Photo.objects.filter(pk=photo.pk).update(**fields)


def sweep() -> int:
    """Queue films whose worker stopped, of photos that have a verdict."""
    before = timezone.now() - dt.timedelta(seconds=settings.CLAIM_SECONDS)
    with system_scope():
        left = Film.objects.filter(watched_at=None, photo__checked_at__lt=before).select_related("photo")
        photos = [row.photo for row in left.order_by("pk")[:SWEPT_AT_ONCE]]
    for photo in photos:
        queue.send("capture.tasks.watch_film", photo.school_id, photo.pk, queue=QUEUE)
    return len(photos)

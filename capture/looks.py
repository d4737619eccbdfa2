"""A look at one student's photo, for the history: once a person, photo and day."""

from django.utils import timezone

from capture.daily import start_of
from capture.models import Photo
from schools import history


def record(photo: Photo, *, by: history.Actor) -> None:
    seen = history.of(photo).filter(kind="photo.looked", actor_key=by.actor_key, at__gte=start_of(timezone.localdate()))
    if not seen.exists():
        history.record("photo.looked", photo, by=by, facts={"student": photo.student_id})

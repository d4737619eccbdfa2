"""A look at one student's photo, for the history: once a person, photo and day; and the history as those who look read it."""

from django.db.models import Q
from django.utils import timezone

from capture.daily_check import start_of
from capture.models import Photo
from portal import history
from portal.models import Event

LOOKS = ("photo.looked", "photo.compared")
LOCKS = ("student.locked", "student.unlocked")
MOST_READ = 200


def record(photo: Photo, *, by: history.Actor) -> None:
    seen = history.of(photo).filter(kind="photo.looked", actor_key=by.actor_key, at__gte=start_of(timezone.localdate()))
    if not seen.exists():
        history.record("photo.looked", photo, by=by, facts={"student": photo.student_id})


def story(photo: Photo, *, most: int) -> list[Event]:
    """What happened to the photo, and the locks of its student, newest first. Of a person's many looks only the last is told:
    they would push what matters off the page."""
    account = Q(object_type="students.student", object_id=photo.student_id, kind__in=LOCKS)
    events = Event.objects.filter(Q(object_type="capture.photo", object_id=photo.pk) | account)
    told: list[Event] = []
    seen: set[tuple[str, str]] = set()
    for event in events[:MOST_READ]:
        look = (event.kind, event.actor_key)
        if event.kind in LOOKS and look in seen:
            continue
        seen.add(look)
        told.append(event)
    return told[:most]

"""Views of a student's photo in the history, and the history of a photo as reviewers read it."""

from django.db.models import Q
from django.utils import timezone

from capture.daily_check import start_of
from capture.models import Photo
from portal import history
from portal.models import Event, Look, User
from portal.privacy import looks

VIEWS = ("photo.looked", "photo.compared")
LOCKS = ("student.locked", "student.unlocked")
MOST_READ = 200


def record_view(photo: Photo, *, by: User) -> None:
    """Record that a person has opened the photo: at most one event a person, photo and day."""
    today = start_of(timezone.localdate())
    if not history.of(photo).filter(kind="photo.looked", actor_key=by.actor_key, at__gte=today).exists():
        history.record("photo.looked", photo, by=by, facts={"student": photo.student_id})
    looks.remember(by, Look.Kind.PORTRAIT, [photo.student_id])


def list_events(photo: Photo, *, most: int) -> list[Event]:
    """At most `most` events of the photo and locks of its student, newest first, among the last 200
    events.

    Of all views by one person only the last is listed: the others would fill the page.
    """
    locks = Q(object_type="students.student", object_id=photo.student_id, kind__in=LOCKS)
    events = Event.objects.filter(Q(object_type="capture.photo", object_id=photo.pk) | locks)
    listed: list[Event] = []
    viewers: set[tuple[str, str]] = set()
    for event in events[:MOST_READ]:
        if event.kind in VIEWS:
            view = (event.kind, event.actor_key)
            if view in viewers:
                continue
            viewers.add(view)
        listed.append(event)
    return listed[:most]
